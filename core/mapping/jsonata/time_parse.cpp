// Reading dates and times by a picture.
#include <array>
#include <cmath>

#include "mapping/jsonata/calendar.hpp"
#include "mapping/jsonata/numbers.hpp"
#include "mapping/jsonata/time_names.hpp"
#include "mapping/jsonata/time_picture.hpp"
#include "mapping/jsonata/unicode.hpp"

namespace tenon::mapping::jsonata {
namespace {

/// The values read, by component.
using Components = std::array<std::optional<double>, 128>;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view(".*+?^${}()|[]\\/").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

bool has_separator(const TimePart& part) { return part.integer->regular; }

std::string pattern_of(const Evaluator& evaluator, const TimePart& part) {
  if (part.component == 0) return escaped(part.literal);
  if (part.component == 'Z' || part.component == 'z') {
    if (!part.integer) evaluator.fail("D3133", "the name modifier cannot be applied to a timezone");
    std::string pattern = part.component == 'z' ? "GMT[-+][0-9]+" : "[-+][0-9]+";
    if (has_separator(part)) {
      const std::u32string separator(1, part.integer->separators.front().character);
      pattern += escaped(to_utf8(separator)) + "[0-9]+";
    }
    return pattern;
  }
  if (part.component == 'f') return "[0-9]+";
  if (part.integer) return integer_pattern(evaluator, *part.integer);
  if (std::string_view("MxFP").find(part.component) == std::string_view::npos) {
    evaluator.fail("D3133",
                   "the name modifier can only be applied to months and days in a date/time picture");
  }
  return "[a-zA-Z]+";
}

double parse_zone(const TimePart& part, std::string_view text) {
  if (part.component == 'z') text.remove_prefix(3);
  const double sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  std::string_view hours = text;
  std::string_view minutes = "0";
  if (has_separator(part)) {
    const auto digits = text.find_first_not_of("0123456789");
    hours = text.substr(0, digits);
    minutes = text.substr(text.find_first_of("0123456789", digits));
  } else if (text.size() > 2) {
    hours = text.substr(0, 2);
    minutes = text.substr(2);
  }
  return sign * (parse_double(hours) * 60 + parse_double(minutes));
}

/// The place of a name among others, from 1; nothing if it is none of them.
template <std::size_t N>
std::optional<double> find_name(const char* const (&names)[N], std::string_view text, const TimePart& part) {
  for (std::size_t i = 0; i < N; ++i) {
    const std::string_view name = names[i];
    if (text == (part.most_width ? name.substr(0, *part.most_width) : name))
      return static_cast<double>(i + 1);
  }
  return std::nullopt;
}

std::optional<double> parse_part(const Evaluator& evaluator, const TimePart& part, std::string_view text) {
  if (part.component == 'Z' || part.component == 'z') return parse_zone(part, text);
  if (part.component == 'f') return parse_double("0." + std::string(text.substr(0, 3))) * 1000;
  if (part.integer) {
    const double value = parse_integer(evaluator, text, *part.integer);
    return std::isfinite(value) ? std::optional<double>(value) : std::nullopt;
  }
  if (part.component == 'P') {
    if (text == "am" || text == "AM") return 0;
    return text == "pm" || text == "PM" ? std::optional<double>(1) : std::nullopt;
  }
  return part.component == 'F' ? find_name(kDays, text, part) : find_name(kMonths, text, part);
}

/// True if what was read is of this kind of date or time, and nothing else; zeros do not count, as in the
/// reference.
bool is_of(const Components& read, std::string_view all, std::string_view kind) {
  bool any = false;
  for (const char component : all) {
    const auto& value = read[static_cast<std::size_t>(component)];
    if (!value || *value == 0) continue;
    if (kind.find(component) == std::string_view::npos) return false;
    any = true;
  }
  return any;
}

double assemble(const Evaluator& evaluator, Components& read, double now) {
  constexpr std::string_view kDates = "YXMxWwdD";
  constexpr std::string_view kTimes = "PHhmsf";
  const auto at = [&read](char component) -> std::optional<double>& {
    return read[static_cast<std::size_t>(component)];
  };
  const bool by_day = !is_of(read, kDates, "YMD") && is_of(read, kDates, "Yd");
  const bool by_month_week = is_of(read, kDates, "Xxw");
  const bool by_week = !by_month_week && is_of(read, kDates, "XW");
  const bool halves = !is_of(read, kTimes, "Hmsf") && is_of(read, kTimes, "Phmsf");
  const std::string wanted = std::string(by_day          ? "YD"
                                         : by_month_week ? "XxwF"
                                         : by_week       ? "XWF"
                                                         : "YMD") +
                             (halves ? "Phmsf" : "Hmsf");
  bool started = false;
  bool ended = false;
  for (const char component : wanted) {
    if (at(component)) {
      started = true;
      if (ended)
        evaluator.fail("D3136", "the date/time picture is missing specifiers to parse the timestamp");
    } else if (started) {
      at(component) = std::string_view("MDd").find(component) != std::string_view::npos ? 1 : 0;
      ended = true;
    } else {
      at(component) = time_component(now, component);
    }
  }
  if (by_month_week || by_week) {
    evaluator.fail("D3136", "timestamps by ISO week cannot be parsed");
  }
  double year = at('Y').value_or(1970);
  if (year >= 0 && year <= 99) year += 1900;  // ECMA-262, MakeFullYear
  double millis = by_day ? millis_of(year, 1, at('d').value_or(1))
                         : millis_of(year, std::max(1.0, at('M').value_or(1)), at('D').value_or(1));
  double hour = at('H').value_or(0);
  if (halves) {
    hour = at('h').value_or(0) == 12 ? 0 : at('h').value_or(0);
    if (at('P').value_or(0) == 1) hour += 12;
  }
  millis +=
      ((hour * 60 + at('m').value_or(0)) * 60 + at('s').value_or(0)) * 1000 + std::trunc(at('f').value_or(0));
  const double zone = at('Z').value_or(0) != 0 ? *at('Z') : at('z').value_or(0);
  return millis - zone * 60'000;
}

}  // namespace

std::optional<double> parse_time(const Evaluator& evaluator, std::string_view text,
                                 const TimePicture& picture, double now) {
  std::string pattern = "^";
  for (const TimePart& part : picture) pattern += "(" + pattern_of(evaluator, part) + ")";
  Regex regex;
  if (const std::string why = regex.compile(pattern + "$", true, false); !why.empty()) {
    evaluator.fail("D3135", "a date/time picture that cannot be used to parse");
  }
  Match match;
  if (!regex.search(text, 0, match)) return std::nullopt;
  Components read;
  bool any = false;
  for (std::size_t i = 0; i < picture.size(); ++i) {
    if (picture[i].component == 0) continue;
    any = true;
    read[static_cast<std::size_t>(picture[i].component)] = parse_part(evaluator, picture[i], match.groups[i]);
  }
  if (!any) return std::nullopt;
  const double millis = assemble(evaluator, read, now);
  return std::abs(millis) <= kLastMillis ? millis : NAN;
}

}  // namespace tenon::mapping::jsonata
