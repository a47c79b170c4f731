// HTTP dates in the three forms of RFC 9110 section 5.6.7, and Retry-After (section 10.2.3).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tenon::sdk {

/// Days since 1970-01-01 of a proleptic Gregorian date.
constexpr std::int64_t days_from_civil(std::int64_t y, unsigned m, unsigned d) noexcept {
  y -= m <= 2;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const auto yoe = static_cast<unsigned>(y - era * 400);
  const unsigned doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
  const unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + static_cast<std::int64_t>(doe) - 719468;
}

/// Reads a date from the front to the back; every step fails for good once one has failed.
class date_reader {
 public:
  explicit date_reader(std::string_view text) : rest_(text) {}
  bool ok() const noexcept { return ok_; }
  bool at_end() const noexcept { return ok_ && rest_.empty(); }

  date_reader& expect(std::string_view literal) {
    ok_ = ok_ && rest_.substr(0, literal.size()) == literal;
    if (ok_) rest_.remove_prefix(literal.size());
    return *this;
  }
  /// `padded` also takes a blank for the first digit (asctime's day).
  date_reader& digits(std::size_t count, int& out, bool padded = false) {
    ok_ = ok_ && rest_.size() >= count;
    out = 0;
    for (std::size_t i = 0; ok_ && i < count; ++i) {
      const char c = padded && i == 0 && rest_[i] == ' ' ? '0' : rest_[i];
      ok_ = c >= '0' && c <= '9';
      out = out * 10 + (c - '0');
    }
    if (ok_) rest_.remove_prefix(count);
    return *this;
  }
  date_reader& month(int& out) {
    constexpr std::string_view kNames = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const auto at = rest_.size() < 3 ? std::string_view::npos : kNames.find(rest_.substr(0, 3));
    ok_ = ok_ && at != std::string_view::npos && at % 3 == 0;
    if (ok_) {
      out = static_cast<int>(at / 3) + 1;
      rest_.remove_prefix(3);
    }
    return *this;
  }
  date_reader& clock(int& h, int& m, int& s) {
    return digits(2, h).expect(":").digits(2, m).expect(":").digits(2, s);
  }
  /// Letters of a weekday; which one is not checked.
  date_reader& weekday() {
    std::size_t n = 0;
    while (n < rest_.size() && ((rest_[n] >= 'a' && rest_[n] <= 'z') || (rest_[n] >= 'A' && rest_[n] <= 'Z')))
      ++n;
    ok_ = ok_ && n >= 3;
    if (ok_) rest_.remove_prefix(n);
    return *this;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

/// Unix seconds of an HTTP date; `now` (Unix seconds) decides the century of the two-digit form.
inline std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now) {
  int day = 0, month = 0, year = 0, h = 0, m = 0, s = 0;
  date_reader fix(text);
  fix.weekday().expect(", ").digits(2, day).expect(" ").month(month).expect(" ").digits(4, year).expect(" ");
  bool ok = fix.clock(h, m, s).expect(" GMT").at_end();
  if (!ok) {
    date_reader rfc850(text);
    rfc850.weekday().expect(", ").digits(2, day).expect("-").month(month).expect("-").digits(2, year).expect(
        " ");
    ok = rfc850.clock(h, m, s).expect(" GMT").at_end();
    // A year that would be more than 50 years ahead means the last one with these digits.
    const auto this_year = static_cast<int>(1970 + now / 31556952);
    year += this_year - this_year % 100;
    if (year > this_year + 50) year -= 100;
  }
  if (!ok) {
    date_reader asctime(text);
    asctime.weekday().expect(" ").month(month).expect(" ").digits(2, day, true).expect(" ");
    ok = asctime.clock(h, m, s).expect(" ").digits(4, year).at_end();
  }
  if (!ok || day < 1 || day > 31 || h > 23 || m > 59 || s > 60) return std::nullopt;
  const auto days = days_from_civil(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
  return ((days * 24 + h) * 60 + m) * 60 + s;
}

/// Milliseconds to wait, at most an hour; a date counts from the answer's own Date (`date`, may be empty),
/// else from `now_ms`. Garbage is nullopt, a date in the past 0.
inline std::optional<std::int64_t> parse_retry_after(std::string_view text, std::string_view date,
                                                     std::int64_t now_ms) {
  constexpr std::int64_t kMostSeconds = 3600;
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  if (text.empty()) return std::nullopt;
  if (std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    std::int64_t seconds = 0;
    for (const char c : text) seconds = std::min(seconds * 10 + (c - '0'), kMostSeconds);
    return seconds * 1000;
  }
  const auto sent = parse_http_date(date, now_ms / 1000).value_or(now_ms / 1000);
  const auto until = parse_http_date(text, sent);
  if (!until) return std::nullopt;
  return std::clamp<std::int64_t>(*until - sent, 0, kMostSeconds) * 1000;
}

}  // namespace tenon::sdk
