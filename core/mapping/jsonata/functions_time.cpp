#include "mapping/jsonata/evaluator.hpp"
namespace tenon::mapping::jsonata {
std::span<const Builtin> time_functions() { return {}; }
std::span<const Builtin> picture_functions() { return {}; }
}  // namespace tenon::mapping::jsonata
