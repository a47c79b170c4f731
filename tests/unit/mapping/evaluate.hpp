// Expressions in one line, for the tests of this folder.
#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "mapping/jsonata/expression.hpp"

namespace tenon::mapping {

struct Given {
  std::string_view input = "{}";
  Limits limits;
  ParseOptions options{.variables = {}, .any_variable = false, .allow_eval = true};
  std::uint64_t seed = 1;
};

/// The result as JSON, `missing`, or `!CODE` of the error.
inline std::string evaluated(std::string_view text, const Given& setup = {}) {
  const auto expression = Expression::parse(text, setup.options);
  if (!expression) return "!" + expression.error().code;
  Arena input_arena;
  const auto input = parse_json(setup.input, input_arena);
  if (!input) return "bad input: " + input.error().text();
  Arena arena;
  Evaluation evaluation{arena};
  evaluation.now_ms = 1'700'000'000'123;
  evaluation.seed = setup.seed;
  evaluation.limits = setup.limits;
  const auto result = expression->evaluate(*input, Scope(), evaluation);
  if (!result) return "!" + result.error().code;
  if (result->is_missing()) return "missing";
  return result->is_function() ? "function" : to_json(*result);
}

inline std::string evaluated(std::string_view text, std::string_view input) {
  Given setup;
  setup.input = input;
  return evaluated(text, setup);
}

}  // namespace tenon::mapping
