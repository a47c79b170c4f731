// Exact decimals: $decAdd, $decSub, $decMul, $decDiv, $decSum, $decRound, $decCompare.
#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <optional>

#include "base/json.hpp"
#include "mapping/jsonata/evaluator.hpp"

namespace tenon::mapping::jsonata {
namespace {

using Integer = boost::multiprecision::cpp_int;

/// Digits of one number and of its places: more than any money needs, little enough to be quick.
constexpr int kMost = 1'000;

/// coefficient * 10^exponent.
struct Decimal {
  Integer coefficient;
  int exponent = 0;
};

enum class Rounding : std::uint8_t { half_up, half_down, half_even, up, down, ceiling, floor };

constexpr std::pair<std::string_view, Rounding> kModes[] = {
    {"half-up", Rounding::half_up}, {"half-down", Rounding::half_down}, {"half-even", Rounding::half_even},
    {"up", Rounding::up},           {"down", Rounding::down},           {"ceiling", Rounding::ceiling},
    {"floor", Rounding::floor}};

Integer power_of_ten(int exponent) {
  return boost::multiprecision::pow(Integer(10), static_cast<unsigned>(exponent));
}

/// A JSON number, but leading zeros and a plus are fine too.
std::optional<Decimal> parse(std::string_view text) {
  std::size_t at = 0;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) ++at;
  std::string digits;
  const auto take = [&] {
    const std::size_t from = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') digits += text[at++];
    return at - from;
  };
  if (take() == 0) return std::nullopt;
  int exponent = 0;
  if (at < text.size() && text[at] == '.') {
    ++at;
    const std::size_t places = take();
    if (places == 0 || places > kMost) return std::nullopt;
    exponent = -static_cast<int>(places);
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    const bool below = at < text.size() && text[at] == '-';
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    const std::string_view shown = text.substr(at);
    if (shown.empty() || shown.size() > 4 || shown.find_first_not_of("0123456789") != std::string_view::npos)
      return std::nullopt;
    exponent += (below ? -1 : 1) * std::stoi(std::string(shown));
    at = text.size();
  }
  if (at != text.size() || digits.size() > kMost || std::abs(exponent) > kMost) return std::nullopt;
  // A leading zero would read as octal.
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  Decimal made{Integer(digits), exponent};
  if (negative) made.coefficient = -made.coefficient;
  return made;
}

/// The quotient of the two, rounded to a whole number; `below` is positive.
Integer divided(const Integer& above, const Integer& below, Rounding mode) {
  const bool negative = above < 0;
  Integer quotient;
  Integer rest;
  boost::multiprecision::divide_qr(Integer(abs(above)), below, quotient, rest);
  const int half = Integer(rest * 2).compare(below);
  bool away = false;
  switch (mode) {
    case Rounding::half_up:
      away = half >= 0;
      break;
    case Rounding::half_down:
      away = half > 0;
      break;
    case Rounding::half_even:
      away = half > 0 || (half == 0 && quotient % 2 != 0);
      break;
    case Rounding::up:
      away = rest != 0;
      break;
    case Rounding::down:
      break;
    case Rounding::ceiling:
      away = rest != 0 && !negative;
      break;
    case Rounding::floor:
      away = rest != 0 && negative;
      break;
  }
  if (away) ++quotient;
  return negative ? Integer(-quotient) : quotient;
}

Decimal rounded(const Decimal& number, int places, Rounding mode) {
  const int shift = -places - number.exponent;  // digits to drop
  if (shift <= 0) return {number.coefficient * power_of_ten(-shift), -places};
  return {divided(number.coefficient, power_of_ten(shift), mode), -places};
}

/// Both with the exponent of the finer one.
void align(Decimal& a, Decimal& b) {
  const int exponent = std::min(a.exponent, b.exponent);
  for (Decimal* number : {&a, &b}) {
    number->coefficient *= power_of_ten(number->exponent - exponent);
    number->exponent = exponent;
  }
}

/// In plain notation with all its places; a zero has no sign.
std::string text_of(const Decimal& number) {
  std::string digits = Integer(abs(number.coefficient)).str();
  if (number.exponent > 0 && number.coefficient != 0)
    digits.append(static_cast<std::size_t>(number.exponent), '0');
  if (number.exponent < 0) {
    const auto places = static_cast<std::size_t>(-number.exponent);
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    digits.insert(digits.size() - places, 1, '.');
  }
  return number.coefficient < 0 ? "-" + digits : digits;
}

/// The arguments of one call.
class Arguments {
 public:
  explicit Arguments(const Call& call) : call_(call) {}

  bool any_missing(std::size_t count) const {
    for (std::size_t i = 0; i < count; ++i) {
      if (call_[i].is_missing()) return true;
    }
    return false;
  }

  Decimal number(Value value, std::size_t index) const {
    std::string computed;
    std::string_view text = value.as_string();
    if (value.is_number()) {
      text = value.number_text();
      if (text.empty()) {
        if (!std::isfinite(value.as_double())) call_.evaluator.fail("D1001", "a number is out of range");
        append_number(computed, value.as_double());
        text = computed;
      }
    }
    call_.evaluator.charge(1 + text.size() / 16);
    auto made = parse(text);
    if (!made) {
      call_.evaluator.fail("decimal",
                           "argument " + std::to_string(index) +
                               " of a decimal function is no decimal number of at most 1000 digits, found " +
                               std::string(name_of(value.kind())));
    }
    return std::move(*made);
  }
  Decimal number(std::size_t index) const { return number(call_[index], index + 1); }

  int places(std::size_t index) const {
    const double places = call_[index].as_double();
    if (!(std::abs(places) <= kMost) || places != std::trunc(places)) {
      call_.evaluator.fail("decimal", "places must be a whole number, at most 1000");
    }
    return static_cast<int>(places);
  }

  Rounding mode(std::size_t index) const {
    if (call_[index].is_missing()) return Rounding::half_up;
    for (const auto& [name, mode] : kModes) {
      if (name == call_[index].as_string()) return mode;
    }
    call_.evaluator.fail("decimal",
                         "there is no such rounding mode; there are half-up, half-down, half-even, up, down, "
                         "ceiling and floor");
  }

  /// The result, rounded if the call says so: places at `index`, the mode behind them.
  Value result(Decimal number, std::size_t index) const {
    if (!call_[index].is_missing()) number = rounded(number, places(index), mode(index + 1));
    const std::string text = text_of(number);
    if (text.size() > 2 * kMost) call_.evaluator.fail("decimal", "a decimal of too many digits");
    call_.evaluator.charge(1 + text.size() / 16);
    call_.evaluator.count_memory(text.size());
    return Value::number_text(call_.evaluator.arena().copy(text)).with_flags(kExact);
  }

 private:
  const Call& call_;
};

Value add(const Call& call) {
  const Arguments arguments(call);
  if (arguments.any_missing(2)) return {};
  Decimal a = arguments.number(0);
  Decimal b = arguments.number(1);
  align(a, b);
  return arguments.result({a.coefficient + b.coefficient, a.exponent}, 2);
}

Value subtract(const Call& call) {
  const Arguments arguments(call);
  if (arguments.any_missing(2)) return {};
  Decimal a = arguments.number(0);
  Decimal b = arguments.number(1);
  align(a, b);
  return arguments.result({a.coefficient - b.coefficient, a.exponent}, 2);
}

Value multiply(const Call& call) {
  const Arguments arguments(call);
  if (arguments.any_missing(2)) return {};
  const Decimal a = arguments.number(0);
  const Decimal b = arguments.number(1);
  return arguments.result({a.coefficient * b.coefficient, a.exponent + b.exponent}, 2);
}

/// Rounded once, from the exact quotient.
Value divide(const Call& call) {
  const Arguments arguments(call);
  if (arguments.any_missing(2)) return {};
  const Decimal a = arguments.number(0);
  const Decimal b = arguments.number(1);
  if (call[2].is_missing()) call.evaluator.fail("decimal", "$decDiv needs the places of its result");
  if (b.coefficient == 0) call.evaluator.fail("decimal", "division by zero");
  const int places = arguments.places(2);
  Integer above = a.coefficient;
  Integer below = b.coefficient;
  if (below < 0) {
    above = -above;
    below = -below;
  }
  const int shift = a.exponent - b.exponent + places;
  (shift >= 0 ? above : below) *= power_of_ten(std::abs(shift));
  return arguments.result({divided(above, below, arguments.mode(3)), -places}, 4);
}

Value sum(const Call& call) {
  if (call[0].is_missing()) return {};
  const Arguments arguments(call);
  Decimal total;
  for (const Value item : call[0].items()) {
    if (!item.is_number() && !item.is_string()) {
      call.evaluator.fail("T0412", "argument 1 of $decSum must be an array of numbers or strings, found " +
                                       std::string(name_of(item.kind())));
    }
    Decimal more = arguments.number(item, 1);
    align(total, more);
    total.coefficient += more.coefficient;
  }
  return arguments.result(std::move(total), 1);
}

Value round(const Call& call) {
  const Arguments arguments(call);
  if (arguments.any_missing(1)) return {};
  if (call[1].is_missing()) call.evaluator.fail("decimal", "$decRound needs the places of its result");
  return arguments.result(arguments.number(0), 1);
}

/// -1, 0 or 1.
Value compare(const Call& call) {
  const Arguments arguments(call);
  if (arguments.any_missing(2)) return {};
  Decimal a = arguments.number(0);
  Decimal b = arguments.number(1);
  align(a, b);
  const int order = a.coefficient.compare(b.coefficient);
  return Value::number(order < 0 ? -1 : (order > 0 ? 1 : 0));
}

constexpr Builtin kFunctions[] = {
    {"decAdd", "<(ns)(ns)n?s?:n>", add, 2},
    {"decSub", "<(ns)(ns)n?s?:n>", subtract, 2},
    {"decMul", "<(ns)(ns)n?s?:n>", multiply, 2},
    {"decDiv", "<(ns)(ns)n?s?:n>", divide, 3},
    {"decSum", "<an?s?:n>", sum, 1},
    {"decRound", "<(ns)n?s?:n>", round, 2},
    {"decCompare", "<(ns)(ns):n>", compare, 2},
};

}  // namespace

std::span<const Builtin> decimal_functions() { return kFunctions; }

}  // namespace tenon::mapping::jsonata
