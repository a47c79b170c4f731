// What expressions cost: parse a document, evaluate, serialise. The pairs are mappings.json and order.json,
// which mapping_ratio.mjs runs on npm `jsonata` too.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "base/json.hpp"
#include "mapping/jsonata/expression.hpp"
#include "mapping/template.hpp"

namespace {

using namespace tenon;

std::string read(const std::string& name) {
  std::ifstream file(std::string(TENON_SOURCE_DIR) + "/tests/bench/" + name);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

[[noreturn]] void stop(const std::string& why) {
  std::cerr << "mapping_bench: " << why << '\n';
  std::exit(1);
}

mapping::Expression parsed(std::string_view text) {
  auto expression = mapping::Expression::parse(text);
  if (!expression) stop(expression.error().message);
  return std::move(*expression);
}

void evaluate_whole(benchmark::State& state, const mapping::Expression& expression,
                    const std::string& document) {
  Arena arena;
  std::string out;
  for (auto _ : state) {
    arena.reset();
    const auto root = parse_json(document, arena);
    mapping::Evaluation evaluation{arena};
    const auto result = expression.evaluate(*root, {}, evaluation);
    if (!result) stop(result.error().message);
    out.clear();
    append_json(out, *result);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations());
}

/// As a pipeline runs it: a template of five fields over a named root.
void render_whole(benchmark::State& state, const std::string& document) {
  mapping::ParseOptions options;
  options.variables = {"order"};
  const auto field = [&](const char* name, const char* text) {
    auto made = mapping::Template::scalar(text, {}, options);
    if (!made) stop(made.error().message);
    return std::pair<std::string, mapping::Template>(name, std::move(*made));
  };
  const auto tree = mapping::Template::object(
      {field("external_id", "bigcommerce_${{ order.id }}"),
       field("email", "${{ $lowercase(order.billing_address.email) }}"),
       field("name",
             "${{ $trim(order.billing_address.first_name & ' ' & order.billing_address.last_name) }}"),
       field("total", "${{ order.total_inc_tax }}"), field("status", "${{ order.status }}")});
  Arena arena;
  std::string out;
  for (auto _ : state) {
    arena.reset();
    mapping::Roots roots;
    roots.add("order", *parse_json(document, arena));
    mapping::Evaluation evaluation{arena};
    const auto record = tree.render(roots, {}, evaluation);
    if (!record) stop(record.error().text());
    out.clear();
    append_json(out, *record);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations());
}

void parse_only(benchmark::State& state, const std::string& document) {
  Arena arena;
  for (auto _ : state) {
    arena.reset();
    benchmark::DoNotOptimize(parse_json(document, arena)->members().data());
  }
}

void evaluate_only(benchmark::State& state, const mapping::Expression& expression,
                   const std::string& document) {
  const auto root = parse_json(document);
  Arena arena;
  for (auto _ : state) {
    arena.reset();
    mapping::Evaluation evaluation{arena};
    benchmark::DoNotOptimize(expression.evaluate(root->root, {}, evaluation).has_value());
  }
}

}  // namespace

int main(int count, char** arguments) {
  const std::string order = read("order.json");
  const auto cases = parse_json(read("mappings.json"));
  if (!cases) stop(cases.error().text());
  for (const Value pair : cases->root.items()) {
    const std::string name(pair.get("name").as_string());
    const auto expression = parsed(pair.get("expr").as_string());
    benchmark::RegisterBenchmark(("whole/" + name).c_str(), [expression, &order](benchmark::State& state) {
      evaluate_whole(state, expression, order);
    });
    benchmark::RegisterBenchmark(("evaluate/" + name).c_str(), [expression, &order](benchmark::State& state) {
      evaluate_only(state, expression, order);
    });
  }
  benchmark::RegisterBenchmark("template/five fields",
                               [&order](benchmark::State& state) { render_whole(state, order); });
  benchmark::RegisterBenchmark("parse/order",
                               [&order](benchmark::State& state) { parse_only(state, order); });
  benchmark::Initialize(&count, arguments);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
