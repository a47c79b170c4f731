// $time: a moment as systems write it, as one ISO 8601 text.
#include <cmath>
#include <optional>

#include "base/text.hpp"
#include "mapping/jsonata/calendar.hpp"
#include "mapping/jsonata/numbers.hpp"
#include "mapping/jsonata/time_names.hpp"
#include "mapping/jsonata/time_picture.hpp"
#include "mapping/jsonata/zone.hpp"

namespace tenon::mapping::jsonata {
namespace {

constexpr std::string_view kIso = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A moment's parts as they were read.
struct Parts {
  int year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, millisecond = 0;
  int zone = 0;  ///< minutes east of UTC

  /// Nothing for a day or an hour that is none.
  std::optional<double> millis() const {
    if (month < 1 || month > 12 || day < 1 || hour > 24 || minute > 59 || second > 59) return std::nullopt;
    if (hour == 24 && (minute > 0 || second > 0 || millisecond > 0)) return std::nullopt;
    const double start = millis_of(year, month, 1);
    if (day > (millis_of(year, month + 1, 1) - start) / kMillisInDay) return std::nullopt;
    return start + (day - 1) * kMillisInDay + ((hour * 60.0 + minute - zone) * 60 + second) * 1000 +
           millisecond;
  }
};

/// Reads a text from left to right.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  char peek() const { return text_.empty() ? '\0' : text_.front(); }
  bool take(char c) {
    if (peek() != c || text_.empty()) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool number(std::size_t least, std::size_t most, int& out) {
    std::size_t size = 0;
    out = 0;
    for (; size < most && size < text_.size() && is_digit(text_[size]); ++size)
      out = out * 10 + (text_[size] - '0');
    if (size < least) return false;
    text_.remove_prefix(size);
    return true;
  }
  std::string_view word() {
    std::size_t size = 0;
    while (size < text_.size() && (text_[size] | 0x20) >= 'a' && (text_[size] | 0x20) <= 'z') ++size;
    const std::string_view made = text_.substr(0, size);
    text_.remove_prefix(size);
    return made;
  }
  bool blank() {
    bool any = false;
    while (peek() == ' ' || peek() == '\t') any = take(peek());
    return any;
  }
  /// Decimals of a second, cut to milliseconds.
  bool fraction(int& milliseconds) {
    if (!is_digit(peek())) return false;
    int weight = 100;
    for (milliseconds = 0; is_digit(peek()); text_.remove_prefix(1), weight /= 10) {
      milliseconds += (text_.front() - '0') * weight;
    }
    return true;
  }
  /// `+01:00`, `+0100`, `+01`.
  bool offset(int& minutes) {
    const bool negative = peek() == '-';
    if (!take('-') && !take('+')) return false;
    int hours = 0;
    minutes = 0;
    if (!number(2, 2, hours)) return false;
    if ((take(':') || is_digit(peek())) && !number(2, 2, minutes)) return false;
    if (hours > 23 || minutes > 59) return false;
    minutes += hours * 60;
    if (negative) minutes = -minutes;
    return true;
  }

 private:
  std::string_view text_;
};

/// `2021-01-07`, `2021-01-07T13:00:00.123456+00:00`, a blank for the `T`, seconds, fraction and zone or not.
bool read_iso(Scanner scan, Parts& parts) {
  if (!scan.number(4, 4, parts.year) || !scan.take('-') || !scan.number(2, 2, parts.month) ||
      !scan.take('-') || !scan.number(2, 2, parts.day)) {
    return false;
  }
  if (scan.at_end()) return true;
  if (!scan.take('T') && !scan.take('t') && !scan.take(' ')) return false;
  if (!scan.number(2, 2, parts.hour) || !scan.take(':') || !scan.number(2, 2, parts.minute)) return false;
  if (scan.take(':')) {
    if (!scan.number(2, 2, parts.second)) return false;
    if ((scan.take('.') || scan.take(',')) && !scan.fraction(parts.millisecond)) return false;
  }
  scan.take(' ');
  if (scan.take('Z') || scan.take('z') || scan.at_end()) return scan.at_end();
  return scan.offset(parts.zone) && scan.at_end();
}

template <std::size_t N>
int place_of(const char* const (&names)[N], std::string_view word) {
  for (std::size_t i = 0; i < N; ++i) {
    const std::string_view name = names[i];
    if (word.size() >= 3 && word.size() <= name.size() &&
        to_lower(name.substr(0, word.size())) == to_lower(word))
      return static_cast<int>(i) + 1;
  }
  return 0;
}

/// Zones that RFC 2822 (4.3) knows by name; any other name is of no known meaning.
bool zone_by_name(std::string_view name, int& minutes) {
  constexpr std::pair<std::string_view, int> kNames[] = {
      {"gmt", 0},    {"ut", 0},     {"utc", 0},    {"z", 0},      {"est", -300}, {"edt", -240},
      {"cst", -360}, {"cdt", -300}, {"mst", -420}, {"mdt", -360}, {"pst", -480}, {"pdt", -420}};
  for (const auto& [known, offset] : kNames) {
    if (to_lower(name) == known) {
      minutes = offset;
      return true;
    }
  }
  return false;
}

/// `Thu, 07 Jan 2021 13:00:00 +0000`; the day's name, seconds and zone or not (RFC 2822 3.3 and 4.3).
bool read_mail(Scanner scan, Parts& parts) {
  if (!is_digit(scan.peek())) {
    if (place_of(kDays, scan.word()) == 0) return false;
    scan.take(',');
    scan.blank();
  }
  if (!scan.number(1, 2, parts.day) || !(scan.blank() || scan.take('-'))) return false;
  parts.month = place_of(kMonths, scan.word());
  if (parts.month == 0 || !(scan.blank() || scan.take('-'))) return false;
  if (!scan.number(2, 4, parts.year)) return false;
  if (parts.year < 50) {
    parts.year += 2000;
  } else if (parts.year < 1000) {
    parts.year += 1900;
  }
  if (!scan.blank() || !scan.number(1, 2, parts.hour) || !scan.take(':') || !scan.number(2, 2, parts.minute))
    return false;
  if (scan.take(':') && !scan.number(2, 2, parts.second)) return false;
  scan.blank();
  if (scan.at_end()) return true;
  const bool by_offset = scan.peek() == '+' || scan.peek() == '-';
  if (!(by_offset ? scan.offset(parts.zone) : zone_by_name(scan.word(), parts.zone))) return false;
  scan.blank();
  // A comment may repeat the zone.
  if (scan.take('(')) {
    scan.word();
    if (!scan.take(')')) return false;
  }
  return scan.at_end();
}

/// Seconds or milliseconds since 1970: seconds reach 100 thousand millions in the year 5138.
double of_epoch(double number) {
  constexpr double kMostSeconds = 1e11;
  return std::abs(number) < kMostSeconds ? std::round(number * 1000) : std::trunc(number);
}

std::optional<double> millis_of_text(std::string_view text) {
  constexpr std::size_t kMost = 64;
  if (text.size() > kMost) return std::nullopt;
  const bool digits = text.find_first_not_of("0123456789") == std::string_view::npos;
  // Of fewer digits a number could be a day, like 20240229.
  if (digits && text.size() >= 9 && text.size() <= 15) return of_epoch(parse_double(text));
  Parts parts;
  if (read_iso(Scanner(text), parts)) return parts.millis();
  parts = {};
  if (read_mail(Scanner(text), parts)) return parts.millis();
  return std::nullopt;
}

/// The moment that is meant, in milliseconds since 1970; nothing for missing, null and blank.
std::optional<double> moment(const Call& call) {
  const Value value = call[0];
  if (value.is_missing() || value.is_null()) return std::nullopt;
  std::optional<double> millis;
  if (value.is_number()) millis = of_epoch(value.as_double());
  if (value.is_string()) {
    const std::string_view text = trim(value.as_string());
    if (text.empty()) return std::nullopt;
    millis = millis_of_text(text);
  }
  if (!millis || !(std::abs(*millis) <= kLastMillis)) {
    call.evaluator.fail("time", "argument 1 of $time is no date or time that it knows, found " +
                                    std::string(name_of(value.kind())));
  }
  return millis;
}

/// Shows the moment in a zone (UTC if none is given) by a picture (ISO 8601 with milliseconds if none is).
Value time(const Call& call) {
  call.evaluator.charge(50);
  const auto millis = moment(call);
  if (!millis) return {};
  double shown = *millis;
  int offset = 0;
  if (!call[1].is_missing()) {
    const Zone* zone = call[1].is_string() ? find_zone(call[1].as_string()) : nullptr;
    if (zone == nullptr) {
      call.evaluator.fail("time_zone",
                          "argument 2 of $time must be the name of a time zone like Europe/Berlin");
    }
    const std::int32_t seconds = zone->offset_at(static_cast<std::int64_t>(std::floor(shown / 1000)));
    offset = seconds / 60;
    shown += (seconds % 60) * 1000.0;  // pictures know minutes only
  }
  const std::string_view text = call[2].is_string() ? call[2].as_string() : kIso;
  const TimePicture picture = read_time_picture(call.evaluator, text);
  return call.evaluator.string(format_time(call.evaluator, shown, picture, offset));
}

constexpr Builtin kFunctions[] = {{"time", "<xs?s?:s>", time, 1}};

}  // namespace

std::span<const Builtin> moment_functions() { return kFunctions; }

}  // namespace tenon::mapping::jsonata
