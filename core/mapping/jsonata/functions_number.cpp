// Functions over numbers.
#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

#include "base/json.hpp"
#include "mapping/jsonata/evaluator.hpp"
#include "mapping/jsonata/numbers.hpp"

namespace tenon::mapping::jsonata {

double parse_double(std::string_view text) {
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code == std::errc::result_out_of_range) return Value::number_text(text).as_double();
  return number;
}

namespace {

/// `number` times 10^places, through its decimal text so that no rounding error comes in.
double shifted(double number, double places) {
  std::string text;
  append_number(text, number);
  const auto e = text.find('e');
  double exponent = places;
  if (e != std::string::npos) {
    exponent += parse_double(text.substr(text[e + 1] == '+' ? e + 2 : e + 1));
    text.resize(e);
  }
  constexpr double kMost = 9999;
  return parse_double(text + "e" + std::to_string(static_cast<int>(std::clamp(exponent, -kMost, kMost))));
}

}  // namespace

double round_half_even(double number, double places) {
  if (!std::isfinite(number)) return number;
  places = std::trunc(places);
  if (places != 0) number = shifted(number, places);
  const double below = std::floor(number);
  double result = number - below >= 0.5 ? below + 1 : below;
  if (std::abs(result - number) == 0.5 && std::abs(std::fmod(result, 2)) == 1) result -= 1;
  if (places != 0) result = shifted(result, -places);
  return result == 0 ? 0 : result;
}

namespace {

/// For functions of one number.
template <class F>
Value of_number(const Call& call, F&& function) {
  if (call[0].is_missing()) return {};
  return Value::number(function(call[0].as_double()));
}

/// Digits in `text` of the given base; nullopt-like -1 if there is another character.
double parse_base(std::string_view text, int base) {
  double number = 0;
  for (const char c : text) {
    int digit = 99;
    if (c >= '0' && c <= '9') digit = c - '0';
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
    if (digit >= base) return -1;
    number = number * base + digit;
  }
  return text.empty() ? -1 : number;
}

bool is_decimal(std::string_view text) {
  std::size_t i = text.starts_with('-') ? 1 : 0;
  const auto digits = [&] {
    const std::size_t from = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    return i > from;
  };
  if (!digits()) return false;
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (!digits()) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (!digits()) return false;
  }
  return i == text.size();
}

Value number(const Call& call) {
  const Value value = call[0];
  if (value.is_missing() || value.is_number()) return value;
  if (value.is_boolean()) return Value::number(value.as_boolean() ? 1 : 0);
  if (value.is_string()) {
    const std::string_view text = value.as_string();
    call.evaluator.charge(text.size() / 64);
    if (is_decimal(text)) {
      const double made = parse_double(text);
      if (std::isfinite(made)) return Value::number(made);
    } else if (text.size() > 2 && text[0] == '0') {
      const char base = static_cast<char>(text[1] | 0x20);
      const int radix = base == 'x' ? 16 : (base == 'o' ? 8 : (base == 'b' ? 2 : 0));
      const double made = radix == 0 ? -1 : parse_base(text.substr(2), radix);
      if (made >= 0 && std::isfinite(made)) return Value::number(made);
    }
  }
  call.evaluator.fail("D3030", "unable to cast a " + std::string(name_of(value.kind())) + " to a number");
}

Value floor(const Call& call) {
  return of_number(call, [](double n) { return std::floor(n); });
}
Value ceil(const Call& call) {
  return of_number(call, [](double n) { return std::ceil(n); });
}
Value abs(const Call& call) {
  return of_number(call, [](double n) { return std::abs(n); });
}
Value round(const Call& call) {
  const double places = call[1].is_number() ? call[1].as_double() : 0;
  return of_number(call, [places](double n) { return round_half_even(n, places); });
}

Value sqrt(const Call& call) {
  return of_number(call, [&](double n) {
    if (n < 0) call.evaluator.fail("D3060", "$sqrt cannot be applied to a negative number");
    return std::sqrt(n);
  });
}

Value power(const Call& call) {
  if (call[0].is_missing()) return {};
  const double result = call[1].is_missing() ? NAN : std::pow(call[0].as_double(), call[1].as_double());
  if (!std::isfinite(result)) {
    call.evaluator.fail("D3061", "$power gave a value that cannot be represented as a JSON number");
  }
  return Value::number(result);
}

Value random(const Call& call) {
  constexpr double kUnit = 1.0 / 9007199254740992.0;  // 2^-53
  return Value::number(static_cast<double>(call.evaluator.next_random() >> 11) * kUnit);
}

template <class F>
Value fold(const Call& call, double first, F&& function) {
  if (call[0].is_missing()) return {};
  call.evaluator.charge(call[0].size() / 16);
  double total = first;
  for (const Value item : call[0].items()) total = function(total, item.as_double());
  return Value::number(total);
}

Value sum(const Call& call) {
  return fold(call, 0, [](double a, double b) { return a + b; });
}
Value max(const Call& call) {
  if (call[0].size() == 0) return {};
  return fold(call, -INFINITY, [](double a, double b) { return std::max(a, b); });
}
Value min(const Call& call) {
  if (call[0].size() == 0) return {};
  return fold(call, INFINITY, [](double a, double b) { return std::min(a, b); });
}
Value average(const Call& call) {
  if (call[0].size() == 0) return {};
  return Value::number(sum(call).as_double() / static_cast<double>(call[0].size()));
}

Value format_base(const Call& call) {
  if (call[0].is_missing()) return {};
  const double radix = call[1].is_number() ? round_half_even(call[1].as_double(), 0) : 10;
  if (!(radix >= 2 && radix <= 36)) {
    call.evaluator.fail("D3100", "the radix of $formatBase must be between 2 and 36");
  }
  double number = round_half_even(call[0].as_double(), 0);
  if (!std::isfinite(number)) call.evaluator.fail("D1001", "a number is out of range");
  std::string out;
  if (radix == 10) {
    append_number(out, number);
    return call.evaluator.string(out);
  }
  const bool negative = number < 0;
  number = std::abs(number);
  // As V8's toString(radix): of a number above 2^53 the digits that a double does not determine are zeros; in
  // a radix that is a power of two it determines all.
  constexpr double kExact = 9007199254740992.0;
  const bool power_of_two = std::has_single_bit(static_cast<unsigned>(radix));
  do {
    if (number > kExact && !power_of_two) {
      out += '0';
    } else {
      out += "0123456789abcdefghijklmnopqrstuvwxyz"[static_cast<int>(std::fmod(number, radix))];
    }
    number = std::floor(number / radix);
  } while (number > 0);
  if (negative) out += '-';
  std::reverse(out.begin(), out.end());
  return call.evaluator.string(out);
}

constexpr Builtin kFunctions[] = {
    {"number", "<(nsb)-:n>", number, 1},
    {"floor", "<n-:n>", floor, 1},
    {"ceil", "<n-:n>", ceil, 1},
    {"round", "<n-n?:n>", round, 2},
    {"abs", "<n-:n>", abs, 1},
    {"sqrt", "<n-:n>", sqrt, 1},
    {"power", "<n-n:n>", power, 2},
    {"random", "<:n>", random, 0},
    {"sum", "<a<n>:n>", sum, 1},
    {"max", "<a<n>:n>", max, 1},
    {"min", "<a<n>:n>", min, 1},
    {"average", "<a<n>:n>", average, 1},
    {"formatBase", "<n-n?:s>", format_base, 2},
};

}  // namespace

std::span<const Builtin> number_functions() { return kFunctions; }

}  // namespace tenon::mapping::jsonata
