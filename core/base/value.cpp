#include "base/value.hpp"

#include <charconv>
#include <cmath>
#include <limits>

namespace tenon {

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::missing:
      return "missing";
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "boolean";
    case Kind::number:
      return "number";
    case Kind::string:
      return "string";
    case Kind::array:
      return "array";
    case Kind::object:
      return "object";
    case Kind::function:
      return "function";
  }
  return "unknown";
}

namespace {

/// Exactly, for what has at most 15 digits and no exponent: both parts of the quotient are then doubles, and
/// a division rounds once (W. Clinger, "How to read floating point numbers accurately", 1990).
bool parse_short(const char* at, std::size_t size, double& out) {
  constexpr std::size_t kMost = 17;  // with sign and point
  constexpr int kMostDigits = 15;
  static constexpr double kPowers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                       1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  if (size > kMost) return false;
  const char* const end = at + size;
  const bool negative = *at == '-';
  if (negative) ++at;
  std::uint64_t digits = 0;
  const auto take_digits = [&] {
    const char* const from = at;
    for (; at != end; ++at) {
      const unsigned digit = static_cast<unsigned char>(*at) - unsigned{'0'};
      if (digit > 9) break;
      digits = digits * 10 + digit;
    }
    return static_cast<int>(at - from);
  };
  int count = take_digits();
  int fraction = 0;
  if (at != end) {
    if (*at != '.') return false;
    ++at;
    fraction = take_digits();
    if (at != end) return false;
    count += fraction;
  }
  if (count > kMostDigits) return false;
  out = static_cast<double>(digits) / kPowers[fraction];
  if (negative) out = -out;
  return true;
}

}  // namespace

double Value::parse_number() const {
  double result = 0;
  if (parse_short(text_, size(), result)) return result;
  const auto [end, code] = std::from_chars(text_, text_ + size(), result);
  if (code != std::errc::result_out_of_range) return result;
  // from_chars leaves the value untouched out of range: tell overflow from underflow by the exponent's sign.
  const std::string_view text{text_, size()};
  const auto exponent = text.find_first_of("eE");
  const bool tiny =
      exponent != std::string_view::npos && text.substr(exponent).find('-') != std::string_view::npos;
  const double sign = text.front() == '-' ? -1.0 : 1.0;
  return tiny ? std::copysign(0.0, sign) : sign * std::numeric_limits<double>::infinity();
}

bool equal(Value a, Value b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::missing:
    case Kind::null:
      return true;
    case Kind::boolean:
      return a.as_boolean() == b.as_boolean();
    case Kind::number:
      return a.as_double() == b.as_double();
    case Kind::string:
      return a.as_string() == b.as_string();
    case Kind::array: {
      if (a.size() != b.size()) return false;
      for (std::size_t i = 0; i < a.size(); ++i) {
        if (!equal(a.items()[i], b.items()[i])) return false;
      }
      return true;
    }
    case Kind::object: {
      if (a.size() != b.size()) return false;
      for (const Member& member : a.members()) {
        const Value other = b.get(member.name);
        if (other.is_missing() || !equal(member.value, other)) return false;
      }
      return true;
    }
    case Kind::function:
      return false;
  }
  return false;
}

Value copy(Value value, Arena& arena) {
  switch (value.kind()) {
    case Kind::string:
      return Value::string(arena.copy(value.as_string())).with_flags(value.flags());
    case Kind::number:
      return value.number_text().empty() ? value : Value::number_text(arena.copy(value.number_text()));
    case Kind::array: {
      Value* items = arena.array<Value>(value.size());
      for (std::size_t i = 0; i < value.size(); ++i) new (items + i) Value(copy(value.items()[i], arena));
      return Value::array({items, value.size()}).with_flags(value.flags());
    }
    case Kind::object: {
      Member* members = arena.array<Member>(value.size());
      for (std::size_t i = 0; i < value.size(); ++i) {
        const Member& from = value.members()[i];
        new (members + i) Member{arena.copy(from.name), copy(from.value, arena)};
      }
      return Value::object({members, value.size()}).with_flags(value.flags());
    }
    default:
      return value;
  }
}

}  // namespace tenon
