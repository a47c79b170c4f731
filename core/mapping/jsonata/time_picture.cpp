#include "mapping/jsonata/time_picture.hpp"

#include <algorithm>
#include <cmath>

#include "mapping/jsonata/calendar.hpp"
#include "mapping/jsonata/numbers.hpp"
#include "mapping/jsonata/time_names.hpp"
#include "mapping/jsonata/unicode.hpp"

namespace tenon::mapping::jsonata {
namespace {

constexpr std::string_view kIntegers = "YMDdFWwXxHhmsf";

/// What a component without modifiers means; nullptr if there is no such component.
const char* default_presentation(char component) {
  switch (component) {
    case 'Y':
    case 'M':
    case 'D':
    case 'd':
    case 'W':
    case 'w':
    case 'X':
    case 'x':
    case 'H':
    case 'h':
    case 'f':
      return "1";
    case 'F':
    case 'P':
    case 'C':
    case 'E':
      return "n";
    case 'm':
    case 's':
      return "01";
    case 'Z':
    case 'z':
      return "01:01";
    default:
      return nullptr;
  }
}

std::optional<std::size_t> width_of(std::string_view text) {
  constexpr double kMost = 100;
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  return static_cast<std::size_t>(std::min(parse_double(text), kMost));
}

void set_year_width(TimePart& part) {
  if (part.most_width) {
    part.year_digits = static_cast<int>(*part.most_width);
    part.integer->mandatory = *part.most_width;
    return;
  }
  const std::size_t width = part.integer->mandatory + part.integer->optional;
  if (width >= 2) part.year_digits = static_cast<int>(width);
}

TimePart read_marker(const Evaluator& evaluator, std::string marker, TimePicture& before) {
  std::erase_if(marker, [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); });
  TimePart part;
  part.component = marker.empty() ? '?' : marker[0];
  const char* usual = default_presentation(part.component);
  if (usual == nullptr) {
    evaluator.fail("D3132", "unknown component in a date/time picture: [" + marker + "]");
  }
  std::string presentation = marker.substr(1);
  if (const auto comma = presentation.rfind(','); comma != std::string::npos) {
    const std::string width = presentation.substr(comma + 1);
    const auto dash = width.find('-');
    part.least_width = width_of(std::string_view(width).substr(0, dash));
    if (dash != std::string::npos) part.most_width = width_of(std::string_view(width).substr(dash + 1));
    presentation.resize(comma);
  }
  if (presentation.size() > 1 &&
      std::string_view("atco").find(presentation.back()) != std::string_view::npos) {
    part.modifier = presentation.back();
    presentation.pop_back();
  }
  part.presentation = presentation.empty() ? usual : presentation;
  if (part.presentation[0] == 'n') {
    part.names = LetterCase::lower;
  } else if (part.presentation[0] == 'N') {
    part.names =
        part.presentation.size() > 1 && part.presentation[1] == 'n' ? LetterCase::title : LetterCase::upper;
  } else if (kIntegers.find(part.component) != std::string_view::npos) {
    std::string pattern = part.presentation;
    if (part.modifier != 0) pattern += std::string(";") + part.modifier;
    part.integer = read_integer_picture(evaluator, pattern);
    if (part.least_width) part.integer->mandatory = std::max(part.integer->mandatory, *part.least_width);
    if (part.component == 'Y') set_year_width(part);
    // Of two neighbouring numbers the first must have a fixed width to be read.
    if (!before.empty() && before.back().integer)
      before.back().integer->parse_width = before.back().integer->mandatory;
  }
  if (part.component == 'Z' || part.component == 'z') {
    part.integer = read_integer_picture(evaluator, part.presentation);
  }
  return part;
}

double component_of(const Moment& moment, char component) {
  switch (component) {
    case 'Y':
      return static_cast<double>(moment.year);
    case 'M':
      return moment.month;
    case 'D':
      return moment.day;
    case 'd':
      return (millis_of(static_cast<double>(moment.year), moment.month, moment.day) -
              millis_of(static_cast<double>(moment.year), 1, 1)) /
                 kMillisInDay +
             1;
    case 'F':
      return moment.weekday;
    case 'W':
      return week_of_year(moment);
    case 'w':
      return week_of_month(moment);
    case 'X':
      return static_cast<double>(week_year(moment));
    case 'x':
      return week_month(moment);
    case 'H':
      return moment.hour;
    case 'h':
      return moment.hour % 12 == 0 ? 12 : moment.hour % 12;
    case 'm':
      return moment.minute;
    case 's':
      return moment.second;
    case 'f':
      return moment.millisecond;
    default:
      return 0;
  }
}

std::string name_in_case(std::string name, LetterCase letters) {
  if (letters == LetterCase::upper) return to_upper_case(name);
  return letters == LetterCase::lower ? to_lower_case(name) : name;
}

std::string format_zone(const Evaluator& evaluator, const TimePart& part, int offset) {
  const int hours = offset / 60;
  const int minutes = offset % 60;
  const IntegerPicture& integer = *part.integer;
  std::string out;
  if (offset == 0 && part.modifier == 't') return "Z";
  if (!integer.regular && integer.mandatory <= 2) {
    // Hours, and minutes only where there are some.
    out = format_integer(evaluator, std::abs(hours), integer);
    if (minutes != 0)
      out += ':' + std::string(std::abs(minutes) < 10 ? "0" : "") + std::to_string(std::abs(minutes));
  } else if (integer.regular || integer.mandatory <= 4) {
    out = format_integer(evaluator, std::abs(hours * 100 + minutes), integer);
  } else {
    evaluator.fail("D3134", "the timezone integer format specifier cannot have more than four digits");
  }
  out.insert(0, 1, offset < 0 ? '-' : '+');
  return part.component == 'z' ? "GMT" + out : out;
}

std::string format_part(const Evaluator& evaluator, const TimePart& part, const Moment& moment, int offset) {
  if (part.component == 'C' || part.component == 'E') return "ISO";
  if (part.component == 'P') {
    const std::string half = moment.hour >= 12 ? "pm" : "am";
    return part.names == LetterCase::upper ? to_upper_case(half) : half;
  }
  if (part.component == 'Z' || part.component == 'z') {
    if (!part.integer) evaluator.fail("D3133", "the name modifier cannot be applied to a timezone");
    return format_zone(evaluator, part, offset);
  }
  double value = component_of(moment, part.component);
  if (part.names) {
    const auto index = static_cast<std::size_t>(value);
    std::string name;
    if (part.component == 'M' || part.component == 'x') {
      name = kMonths[index - 1];
    } else if (part.component == 'F') {
      name = kDays[index - 1];
    } else {
      evaluator.fail("D3133",
                     "the name modifier can only be applied to months and days in a date/time picture");
    }
    name = name_in_case(std::move(name), *part.names);
    return part.most_width ? name.substr(0, *part.most_width) : name;
  }
  if (part.component == 'Y' && part.year_digits >= 0)
    value = std::fmod(value, std::pow(10, part.year_digits));
  return format_integer(evaluator, value, *part.integer);
}

}  // namespace

TimePicture read_time_picture(const Evaluator& evaluator, std::string_view picture) {
  constexpr std::size_t kMost = 512;
  if (picture.size() > kMost) evaluator.fail("memory_limit", "a picture is too long");
  TimePicture parts;
  std::string literal;
  const auto flush = [&] {
    if (literal.empty()) return;
    parts.emplace_back().literal = std::exchange(literal, {});
  };
  for (std::size_t at = 0; at < picture.size();) {
    const std::string_view two = picture.substr(at, 2);
    if (two == "[[" || two == "]]") {
      literal += two[0];
      at += 2;
    } else if (picture[at] != '[') {
      literal += picture[at++];
    } else {
      flush();
      const auto close = picture.find(']', at);
      if (close == std::string_view::npos) {
        evaluator.fail("D3135", "no matching closing bracket ']' in a date/time picture");
      }
      TimePart part = read_marker(evaluator, std::string(picture.substr(at + 1, close - at - 1)), parts);
      parts.push_back(std::move(part));
      at = close + 1;
    }
  }
  flush();
  return parts;
}

std::string format_time(const Evaluator& evaluator, double millis, const TimePicture& picture, int offset) {
  const double local = millis + offset * 60'000.0;
  if (!(std::abs(local) <= kLastMillis)) evaluator.fail("D1001", "a time is out of range");
  const Moment moment = moment_of(std::trunc(local));
  std::string out;
  for (const TimePart& part : picture) {
    out += part.component == 0 ? part.literal : format_part(evaluator, part, moment, offset);
  }
  return out;
}

double time_component(double now, char component) { return component_of(moment_of(now), component); }

}  // namespace tenon::mapping::jsonata
