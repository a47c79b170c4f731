// $formatNumber: XPath's fn:format-number (https://www.w3.org/TR/xpath-functions-31/#func-format-number), and
// the functions of integer pictures.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "mapping/jsonata/integer_picture.hpp"
#include "mapping/jsonata/numbers.hpp"

namespace tenon::mapping::jsonata {
namespace {

constexpr auto kNone = std::u32string_view::npos;

/// The characters a picture is made of.
struct Symbols {
  char32_t decimal = U'.';
  char32_t grouping = U',';
  char32_t exponent = U'e';
  char32_t minus = U'-';
  std::u32string percent = U"%";
  std::u32string per_mille = U"\u2030";
  char32_t zero = U'0';
  char32_t digit = U'#';
  char32_t separator = U';';

  bool is_family(char32_t c) const { return c >= zero && c <= zero + 9; }
  bool is_digit(char32_t c) const { return is_family(c) || c == digit; }
  bool is_active(char32_t c) const {
    return is_digit(c) || c == decimal || c == exponent || c == grouping || c == separator;
  }
};

Symbols read_symbols(const Evaluator& evaluator, Value options) {
  Symbols symbols;
  const std::map<std::string_view, char32_t*> names = {{"decimal-separator", &symbols.decimal},
                                                       {"grouping-separator", &symbols.grouping},
                                                       {"exponent-separator", &symbols.exponent},
                                                       {"minus-sign", &symbols.minus},
                                                       {"zero-digit", &symbols.zero},
                                                       {"digit", &symbols.digit},
                                                       {"pattern-separator", &symbols.separator}};
  if (!options.is_object()) return symbols;
  for (const Member& member : options.members()) {
    const std::u32string text = to_utf32(member.value.is_string() ? member.value.as_string() : "");
    if (!text.empty() && member.name == "percent") symbols.percent = text;
    if (!text.empty() && member.name == "per-mille") symbols.per_mille = text;
    const auto found = names.find(member.name);
    if (found == names.end()) continue;
    if (text.size() != 1) {
      evaluator.fail("D3080",
                     "option " + std::string(found->first) + " of $formatNumber must be one character");
    }
    *found->second = text[0];
  }
  return symbols;
}

/// One of a picture's two halves, taken apart.
struct Parts {
  std::u32string_view whole, prefix, suffix, active, mantissa, integer, fraction, exponent;
  bool has_exponent = false;
};

Parts split(std::u32string_view whole, const Symbols& symbols) {
  Parts parts;
  parts.whole = whole;
  const auto starts = [&](char32_t c) { return symbols.is_active(c) && c != symbols.exponent; };
  const auto first = std::find_if(whole.begin(), whole.end(), starts);
  const auto last = std::find_if(whole.rbegin(), whole.rend(), starts);
  if (first != whole.end()) {
    parts.prefix = whole.substr(0, static_cast<std::size_t>(first - whole.begin()));
    parts.suffix = whole.substr(static_cast<std::size_t>(whole.rend() - last));
  }
  parts.active = whole.substr(parts.prefix.size(), whole.size() - parts.prefix.size() - parts.suffix.size());
  parts.mantissa = parts.active;
  const auto at = parts.active.find(symbols.exponent);
  if (at != kNone) {
    parts.has_exponent = true;
    parts.mantissa = parts.active.substr(0, at);
    parts.exponent = parts.active.substr(at + 1);
  } else if (!parts.suffix.empty() && parts.suffix.front() == symbols.exponent) {
    parts.has_exponent = true;  // an exponent of no digits
  }
  const auto point = parts.mantissa.find(symbols.decimal);
  parts.integer = parts.mantissa.substr(0, point);
  parts.fraction = point == kNone ? parts.suffix : parts.mantissa.substr(point + 1);
  return parts;
}

template <class Is>
std::size_t count(std::u32string_view text, Is&& is) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is));
}

/// The code of what is wrong with a picture (F&O 4.7.3); the last rule broken wins, as in the reference.
std::string_view problem(const Parts& parts, const Symbols& symbols) {
  const auto family = [&](char32_t c) { return symbols.is_family(c); };
  const auto twice = [&](const auto& c) { return parts.whole.find(c) != parts.whole.rfind(c); };
  const auto holds = [&](const auto& c) { return parts.whole.find(c) != kNone; };
  std::string_view code;
  const auto point = parts.whole.find(symbols.decimal);
  if (twice(symbols.decimal)) code = "D3081";
  if (twice(symbols.percent)) code = "D3082";
  if (twice(symbols.per_mille)) code = "D3083";
  if (holds(symbols.percent) && holds(symbols.per_mille)) code = "D3084";
  if (count(parts.mantissa, [&](char32_t c) { return symbols.is_digit(c); }) == 0) code = "D3085";
  if (count(parts.active, [&](char32_t c) { return !symbols.is_active(c); }) > 0) code = "D3086";
  if (point != kNone) {
    const bool before = point > 0 && parts.whole[point - 1] == symbols.grouping;
    const bool behind = point + 1 < parts.whole.size() && parts.whole[point + 1] == symbols.grouping;
    if (before || behind) code = "D3087";
  } else if (!parts.integer.empty() && parts.integer.back() == symbols.grouping) {
    code = "D3088";
  }
  if (parts.whole.find(std::u32string(2, symbols.grouping)) != kNone) code = "D3089";
  const auto optional = parts.integer.find(symbols.digit);
  if (optional != kNone && count(parts.integer.substr(0, optional), family) > 0) code = "D3090";
  const auto last = parts.fraction.rfind(symbols.digit);
  if (last != kNone && count(parts.fraction.substr(last), family) > 0) code = "D3091";
  if (parts.has_exponent) {
    const bool scaled = holds(symbols.percent) || holds(symbols.per_mille);
    if (!parts.exponent.empty() && scaled) code = "D3092";
    if (parts.exponent.empty() || count(parts.exponent, family) != parts.exponent.size()) code = "D3093";
  }
  return code;
}

/// What a half says about numbers (F&O 4.7.4).
struct Layout {
  std::vector<std::size_t> integer_groups, fraction_groups;
  std::size_t regular = 0, least_integer = 0, scaling = 0, least_fraction = 0, most_fraction = 0,
              least_exponent = 0;
  std::u32string prefix, suffix, picture;
};

Layout analyse(const Parts& parts, const Symbols& symbols) {
  const auto digit = [&](char32_t c) { return symbols.is_digit(c); };
  const auto family = [&](char32_t c) { return symbols.is_family(c); };
  Layout layout;
  for (std::size_t i = 0; i < parts.integer.size(); ++i) {
    if (parts.integer[i] == symbols.grouping)
      layout.integer_groups.push_back(count(parts.integer.substr(i), digit));
  }
  for (std::size_t i = 0; i < parts.fraction.size(); ++i) {
    if (parts.fraction[i] == symbols.grouping) {
      layout.fraction_groups.push_back(count(parts.fraction.substr(0, i), digit));
    }
  }
  layout.regular = regular_spacing(layout.integer_groups);
  layout.least_integer = layout.scaling = count(parts.integer, family);
  layout.least_fraction = count(parts.fraction, family);
  layout.most_fraction = count(parts.fraction, digit);
  if (layout.least_integer == 0 && layout.most_fraction == 0) {
    if (parts.has_exponent) {
      layout.least_fraction = layout.most_fraction = 1;
    } else {
      layout.least_integer = 1;
    }
  }
  if (parts.has_exponent && layout.least_integer == 0 && parts.integer.find(symbols.digit) != kNone) {
    layout.least_integer = 1;
  }
  if (layout.least_integer == 0 && layout.least_fraction == 0) layout.least_fraction = 1;
  layout.least_exponent = parts.has_exponent ? count(parts.exponent, family) : 0;
  layout.prefix = parts.prefix;
  layout.suffix = parts.suffix;
  layout.picture = parts.whole;
  return layout;
}

/// The number with so many decimals, in the picture's digits and with its decimal separator.
std::u32string digits_of(double number, std::size_t places, const Symbols& symbols) {
  std::string text(places + 400, '\0');
  const auto end = std::to_chars(text.data(), text.data() + text.size(), std::abs(number),
                                 std::chars_format::fixed, static_cast<int>(places));
  text.resize(static_cast<std::size_t>(end.ptr - text.data()));
  std::u32string out;
  for (const char c : text) {
    out += c == '.' ? symbols.decimal : symbols.zero + static_cast<char32_t>(c - '0');
  }
  return out;
}

void insert_groups(std::u32string& text, const Layout& layout, const Symbols& symbols) {
  std::size_t point = text.find(symbols.decimal);
  if (layout.regular > 0) {
    const std::size_t groups = point == 0 ? 0 : (point - 1) / layout.regular;
    for (std::size_t group = 1; group <= groups; ++group) {
      text.insert(point - group * layout.regular, 1, symbols.grouping);
    }
  } else {
    for (const std::size_t position : layout.integer_groups) {
      if (position >= point) continue;
      text.insert(point - position, 1, symbols.grouping);
      ++point;
    }
  }
  point = text.find(symbols.decimal);
  for (const std::size_t position : layout.fraction_groups) {
    if (position + point + 1 < text.size()) text.insert(position + point + 1, 1, symbols.grouping);
  }
}

std::string format(const Evaluator& evaluator, double number, const Layout& layout, const Symbols& symbols) {
  if (layout.picture.find(symbols.percent) != kNone) {
    number *= 100;
  } else if (layout.picture.find(symbols.per_mille) != kNone) {
    number *= 1000;
  }
  if (!std::isfinite(number)) evaluator.fail("D1001", "a number is out of range");
  double exponent = 0;
  if (layout.least_exponent > 0 && number != 0) {
    const double most = std::pow(10, static_cast<double>(layout.scaling));
    const double least = std::pow(10, static_cast<double>(layout.scaling) - 1);
    for (; std::abs(number) < least; --exponent) number *= 10;
    for (; std::abs(number) > most; ++exponent) number /= 10;
  }
  const double rounded = round_half_even(number, static_cast<double>(layout.most_fraction));
  std::u32string text = digits_of(rounded, layout.most_fraction, symbols);
  if (text.find(symbols.decimal) == kNone) text += symbols.decimal;
  text.erase(0, std::min(text.find_first_not_of(symbols.zero), text.size()));
  text.resize(text.find_last_not_of(symbols.zero) + 1);
  const std::size_t point = text.find(symbols.decimal);
  const std::size_t decimals = text.size() - point - 1;
  if (layout.least_integer > point) text.insert(0, layout.least_integer - point, symbols.zero);
  if (layout.least_fraction > decimals) text.append(layout.least_fraction - decimals, symbols.zero);
  insert_groups(text, layout, symbols);
  const bool whole =
      layout.picture.find(symbols.decimal) == kNone || text.find(symbols.decimal) == text.size() - 1;
  if (whole) text.pop_back();
  if (layout.least_exponent > 0) {
    std::u32string shown = digits_of(exponent, 0, symbols);
    if (shown.size() < layout.least_exponent)
      shown.insert(0, layout.least_exponent - shown.size(), symbols.zero);
    text += symbols.exponent;
    if (exponent < 0) text += symbols.minus;
    text += shown;
  }
  return to_utf8(layout.prefix + text + layout.suffix);
}

Value format_number(const Call& call) {
  if (call[0].is_missing()) return {};
  Evaluator& evaluator = call.evaluator;
  if (!call[1].is_string()) evaluator.fail("T0410", "argument 2 of $formatNumber must be a picture");
  constexpr std::size_t kMost = 256;
  if (call[1].size() > kMost) evaluator.fail("memory_limit", "a picture is too long");
  const double number = call[0].as_double();
  if (!std::isfinite(number)) evaluator.fail("D1001", "a number is out of range");
  evaluator.charge(20);
  const Symbols symbols = read_symbols(evaluator, call[2]);
  const std::u32string picture = to_utf32(call[1].as_string());
  const auto at = picture.find(symbols.separator);
  if (at != kNone && picture.find(symbols.separator, at + 1) != kNone) {
    evaluator.fail("D3080", "a picture must not contain more than two sub-pictures");
  }
  std::vector<std::u32string> halves = {picture.substr(0, at)};
  if (at != kNone) halves.push_back(picture.substr(at + 1));
  std::vector<Layout> layouts;
  for (const std::u32string& half : halves) {
    const Parts parts = split(half, symbols);
    if (const auto code = problem(parts, symbols); !code.empty()) {
      evaluator.fail(std::string(code), "a malformed picture (XPath F&O 4.7.3)");
    }
    layouts.push_back(analyse(parts, symbols));
  }
  if (layouts.size() == 1) {
    layouts.push_back(layouts[0]);
    layouts[1].prefix.insert(0, 1, symbols.minus);
  }
  return evaluator.string(format(evaluator, number, layouts[number >= 0 ? 0 : 1], symbols));
}

Value format_integer_call(const Call& call) {
  if (call[0].is_missing()) return {};
  if (!call[1].is_string()) call.evaluator.fail("T0410", "argument 2 of $formatInteger must be a picture");
  const double number = std::floor(call[0].as_double());
  if (!std::isfinite(number)) call.evaluator.fail("D1001", "a number is out of range");
  call.evaluator.charge(10);
  const IntegerPicture picture = read_integer_picture(call.evaluator, call[1].as_string());
  return call.evaluator.string(format_integer(call.evaluator, number, picture));
}

Value parse_integer_call(const Call& call) {
  if (call[0].is_missing()) return {};
  if (!call[1].is_string()) call.evaluator.fail("T0410", "argument 2 of $parseInteger must be a picture");
  call.evaluator.charge(10 + call[0].size() / 16);
  const IntegerPicture picture = read_integer_picture(call.evaluator, call[1].as_string());
  return Value::number(parse_integer(call.evaluator, call[0].as_string(), picture));
}

constexpr Builtin kFunctions[] = {
    {"formatNumber", "<n-so?:s>", format_number, 3},
    {"formatInteger", "<n-s:s>", format_integer_call, 2},
    {"parseInteger", "<s-s:n>", parse_integer_call, 2},
};

}  // namespace

std::span<const Builtin> picture_functions() { return kFunctions; }

}  // namespace tenon::mapping::jsonata
