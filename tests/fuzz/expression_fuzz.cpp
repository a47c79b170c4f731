// No expression crashes the parser or the evaluator, or runs past its limits.
#include <cstdint>

#include "base/json.hpp"
#include "mapping/jsonata/expression.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenon;
  static const auto input =
      parse_json(R"({"a":1,"b":[1,2,{"c":"x"}],"customer":{"id":32,"email":"Ann@Example.com"}})");
  mapping::ParseOptions options;
  options.any_variable = true;
  options.allow_eval = true;
  const auto expression = mapping::Expression::parse({reinterpret_cast<const char*>(data), size}, options);
  if (!expression) return 0;
  Arena arena;
  mapping::Evaluation evaluation{arena};
  evaluation.limits.steps = 10'000;
  evaluation.limits.memory = std::size_t{8} << 20;
  (void)expression->evaluate(input->root, {}, evaluation);
  return 0;
}
