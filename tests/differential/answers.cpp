// Answers expressions for the differential run: a JSON object a line on stdin, {"expr", "doc"}, an answer a
// line on stdout: {"value"}, {"missing"}, {"function"} or {"error", "from", "to"} (bytes of the expression).
#include <iostream>
#include <string>

#include "base/json.hpp"
#include "mapping/jsonata/expression.hpp"

namespace {

using namespace tenon;

std::string answered(const mapping::ParseError& e) {
  return "{\"parse\":true,\"error\":" + json_string(e.code) + ",\"from\":" + std::to_string(e.offset) +
         ",\"to\":" + std::to_string(e.offset + e.length) + "}";
}

std::string answered(const mapping::EvaluationError& e) {
  return "{\"error\":" + json_string(e.code) + ",\"from\":" + std::to_string(e.offset) +
         ",\"to\":" + std::to_string(e.offset + e.length) + ",\"text\":" + json_string(e.message) + "}";
}

std::string answer(std::string_view line, std::int64_t now_ms) {
  JsonLimits json;
  json.depth = 200;
  json.members = 1'000'000;
  const auto pair = parse_json(line, json);
  if (!pair) return "{\"error\":\"line\"}";
  mapping::ParseOptions options;
  options.any_variable = true;
  options.allow_eval = true;
  const auto expression = mapping::Expression::parse(pair->root.get("expr").as_string(), options);
  if (!expression) return answered(expression.error());
  Arena arena;
  mapping::Evaluation evaluation{arena};
  evaluation.now_ms = now_ms;
  evaluation.limits.steps = 1'000'000;
  evaluation.limits.nesting = 190;
  const auto result = expression->evaluate(pair->root.get("doc"), {}, evaluation);
  if (!result) return answered(result.error());
  if (result->is_missing()) return "{\"missing\":true}";
  if (result->is_function()) return "{\"function\":true}";
  std::string out = "{\"value\":";
  append_json(out, *result);
  return out + "}";
}

}  // namespace

int main(int count, char** arguments) {
  std::ios::sync_with_stdio(false);
  const std::int64_t now_ms = count > 1 ? std::stoll(arguments[1]) : 0;
  for (std::string line; std::getline(std::cin, line);) std::cout << answer(line, now_ms) << '\n';
  return 0;
}
