#include "delivery/version.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/text.hpp"
#include "delivery/retry.hpp"

namespace tenon::delivery {
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  const std::string_view part = text.substr(at, count);
  if (!all_digits(part)) return std::nullopt;
  int value = 0;
  std::from_chars(part.data(), part.data() + part.size(), value);
  return value;
}

/// Offset of "Z", "+hh:mm" or "+hhmm" in minutes; none means UTC.
std::optional<int> zone_minutes(std::string_view zone) {
  if (zone.empty() || zone == "Z" || zone == "z" || zone == " GMT" || zone == " UTC") return 0;
  if (zone.front() == ' ') zone.remove_prefix(1);
  const bool colon = zone.size() == 6 && zone[3] == ':';
  if ((zone.size() != 5 && !colon) || (zone.front() != '+' && zone.front() != '-')) return std::nullopt;
  const auto hours = digits(zone, 1, 2);
  const auto minutes = digits(zone, colon ? 4 : 3, 2);
  if (!hours || !minutes) return std::nullopt;
  return (zone.front() == '-' ? -1 : 1) * (*hours * 60 + *minutes);
}

/// ISO 8601 in microseconds since the epoch.
std::optional<std::int64_t> iso_us(std::string_view text) {
  using namespace std::chrono;
  if (text.size() < 19 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != ' ') ||
      text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const auto y = digits(text, 0, 4), mo = digits(text, 5, 2), d = digits(text, 8, 2);
  const auto h = digits(text, 11, 2), mi = digits(text, 14, 2), s = digits(text, 17, 2);
  if (!y || !mo || !d || !h || !mi || !s) return std::nullopt;
  std::size_t at = 19;
  std::int64_t fraction = 0;
  if (at < text.size() && text[at] == '.') {
    std::int64_t scale = 100'000;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10)
      fraction += (text[at] - '0') * scale;
  }
  const auto zone = zone_minutes(text.substr(at));
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*mo)}, day{static_cast<unsigned>(*d)}};
  if (!zone || !date.ok()) return std::nullopt;
  const auto seconds_at = sys_days{date} + hours{*h} + minutes{*mi - *zone} + seconds{*s};
  return duration_cast<microseconds>(seconds_at.time_since_epoch()).count() + fraction;
}

std::optional<std::int64_t> time_us(std::string_view text) {
  if (const auto iso = iso_us(text)) return iso;
  // RFC 2822 with +0000 is an IMF-fixdate but for its zone.
  if (text.ends_with(" +0000")) {
    const auto ms = parse_http_date(std::string(text.substr(0, text.size() - 5)) + "GMT");
    if (ms) return *ms * 1000;
  }
  const auto ms = parse_http_date(text);
  return ms ? std::optional(*ms * 1000) : std::nullopt;
}

}  // namespace

bool strictly_older(std::string_view a, std::string_view b) {
  a = trim(a);
  b = trim(b);
  if (all_digits(a) && all_digits(b)) {
    while (a.size() > 1 && a.front() == '0') a.remove_prefix(1);
    while (b.size() > 1 && b.front() == '0') b.remove_prefix(1);
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  }
  const auto at_a = time_us(a);
  const auto at_b = time_us(b);
  return at_a && at_b && *at_a < *at_b;
}

}  // namespace tenon::delivery
