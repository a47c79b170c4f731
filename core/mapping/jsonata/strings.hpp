// The text of values, as $string gives it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/value.hpp"

namespace tenon::mapping::jsonata {

/// Flag of a number whose text is the exact result of a decimal function: it keeps its digits in texts too.
inline constexpr std::uint8_t kExact = 32;

/// True for a number's text that $string gives as it is.
inline bool is_plain_integer(std::string_view text) {
  for (const char c : text) {
    if (c == '.' || c == 'e' || c == 'E') return false;
  }
  return !text.empty();
}

/// Asked before each element and member; throws to stop.
class WriteBounds {
 public:
  virtual ~WriteBounds() = default;
  virtual void item(std::size_t size_so_far, std::size_t depth) = 0;
};

/// Appends strings as they are, functions as nothing, the rest as JSON with numbers of 15 digits (an
/// untouched integer keeps all of its own). Without bounds, `value` must be of bounded depth and size. False
/// for a number that is infinite or none.
bool append_text(std::string& out, Value value, bool pretty = false, WriteBounds* bounds = nullptr);

}  // namespace tenon::mapping::jsonata
