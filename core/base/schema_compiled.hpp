// What a Schema keeps ready for use; shared by the files of Schema only.
#pragma once

#include <cmath>
#include <optional>
#include <vector>

#include "base/pattern.hpp"
#include "base/schema.hpp"

namespace tenon {

struct Schema::Compiled {
  std::optional<Pattern> pattern;
  Arena arena;  ///< of the values below
  std::vector<Value> enumeration;
  Value default_value;
};

/// As JSON Schema has it: 1 and 1.0 are integers.
inline bool is_integer(Value number) {
  const auto text = number.number_text();
  if (!text.empty() && text.find_first_of(".eE") == std::string_view::npos) return true;
  const double d = number.as_double();
  return std::isfinite(d) && std::floor(d) == d;
}

}  // namespace tenon
