#include "delivery/retry.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "base/text.hpp"

namespace tenon::delivery {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// Reads the fields of a date from left to right; any misfit makes the whole reading fail.
class Fields {
 public:
  explicit Fields(std::string_view text) : rest_(text) {}
  bool failed() const { return failed_ || !rest_.empty(); }

  void literal(std::string_view wanted) {
    if (!rest_.starts_with(wanted)) failed_ = true;
    if (!failed_) rest_.remove_prefix(wanted.size());
  }
  int digits(std::size_t count) {
    int value = 0;
    if (rest_.size() < count) failed_ = true;
    for (std::size_t i = 0; i < count && !failed_; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') failed_ = true;
      value = value * 10 + (rest_[i] - '0');
    }
    if (!failed_) rest_.remove_prefix(count);
    return value;
  }
  unsigned month() {
    for (unsigned i = 0; i < kMonths.size(); ++i) {
      if (rest_.starts_with(kMonths[i])) {
        rest_.remove_prefix(3);
        return i + 1;
      }
    }
    failed_ = true;
    return 1;
  }
  /// A day of two characters, the first of which may be a space (asctime).
  int padded_day() {
    if (!rest_.starts_with(' ')) return digits(2);
    rest_.remove_prefix(1);
    return digits(1);
  }
  void skip_to(std::string_view mark) {
    const auto at = rest_.find(mark);
    if (at == std::string_view::npos) failed_ = true;
    if (!failed_) rest_.remove_prefix(at + mark.size());
  }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

struct Clock {
  int hour = 0, minute = 0, second = 0;
};

Clock time_of(Fields& fields) {
  Clock clock;
  clock.hour = fields.digits(2);
  fields.literal(":");
  clock.minute = fields.digits(2);
  fields.literal(":");
  clock.second = fields.digits(2);
  return clock;
}

std::optional<std::int64_t> to_ms(int year, unsigned month, int day, const Clock& clock) {
  using namespace std::chrono;
  const year_month_day date{std::chrono::year{year}, std::chrono::month{month},
                            std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok() || clock.hour > 23 || clock.minute > 59 || clock.second > 60) return std::nullopt;
  const auto at = sys_days{date} + hours{clock.hour} + minutes{clock.minute} + seconds{clock.second};
  return duration_cast<milliseconds>(at.time_since_epoch()).count();
}

}  // namespace

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  const auto comma = text.find(',');
  Fields fields(text);
  if (comma == 3) {  // IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT
    fields.skip_to(", ");
    const int day = fields.digits(2);
    fields.literal(" ");
    const unsigned month = fields.month();
    fields.literal(" ");
    const int year = fields.digits(4);
    fields.literal(" ");
    const Clock clock = time_of(fields);
    fields.literal(" GMT");
    return fields.failed() ? std::nullopt : to_ms(year, month, day, clock);
  }
  if (comma != std::string_view::npos) {  // rfc850: Sunday, 06-Nov-94 08:49:37 GMT
    fields.skip_to(", ");
    const int day = fields.digits(2);
    fields.literal("-");
    const unsigned month = fields.month();
    fields.literal("-");
    const int short_year = fields.digits(2);
    fields.literal(" ");
    const Clock clock = time_of(fields);
    fields.literal(" GMT");
    // RFC 9110: a year more than 50 years ahead means the past century; a fixed pivot serves the same here.
    return fields.failed() ? std::nullopt
                           : to_ms(short_year + (short_year < 77 ? 2000 : 1900), month, day, clock);
  }
  // asctime: Sun Nov  6 08:49:37 1994
  fields.skip_to(" ");
  const unsigned month = fields.month();
  fields.literal(" ");
  const int day = fields.padded_day();
  fields.literal(" ");
  const Clock clock = time_of(fields);
  fields.literal(" ");
  const int year = fields.digits(4);
  return fields.failed() ? std::nullopt : to_ms(year, month, day, clock);
}

std::optional<std::int64_t> parse_retry_after(std::string_view value, std::int64_t date_ms) {
  value = trim(value);
  if (value.empty()) return std::nullopt;
  if (value.find_first_not_of("0123456789") == std::string_view::npos) {
    if (value.size() > 9) return kRetryAfterCapMs;
    std::int64_t seconds = 0;
    std::from_chars(value.data(), value.data() + value.size(), seconds);
    return std::min(seconds * 1000, kRetryAfterCapMs);
  }
  const auto at = parse_http_date(value);
  if (!at) return std::nullopt;
  return std::clamp<std::int64_t>(*at - date_ms, 0, kRetryAfterCapMs);
}

std::optional<std::int64_t> retry_after_ms(const runtime::HttpResponse& response, std::int64_t wall_ms) {
  const std::string* value = runtime::find_header(response.headers, "Retry-After");
  if (value == nullptr) return std::nullopt;
  const std::string* date = runtime::find_header(response.headers, "Date");
  const auto date_ms = date == nullptr ? std::nullopt : parse_http_date(*date);
  return parse_retry_after(*value, date_ms.value_or(wall_ms));
}

std::int64_t backoff_ms(std::uint32_t attempts, std::optional<std::int64_t> retry_after, double chance,
                        double chance2) {
  const std::int64_t ceiling =
      attempts >= 11 ? kBackoffCapMs : std::min(kBackoffCapMs, std::int64_t{1000} << attempts);
  const auto backoff = static_cast<std::int64_t>(chance * static_cast<double>(ceiling));
  if (!retry_after) return backoff;
  return std::max(*retry_after, backoff) + spread_ms(*retry_after, chance2);
}

std::int64_t spread_ms(std::int64_t asked_ms, double chance) {
  const double most =
      std::min(0.1 * static_cast<double>(asked_ms) + 1000.0, static_cast<double>(kMostSpreadMs));
  return static_cast<std::int64_t>(chance * most);
}

bool counts_as_attempt(const Outcome& outcome) {
  // Waiting for an earlier create to show itself asks the remote for nothing.
  if (outcome.cause == Cause::ambiguous && outcome.sent == Sent::no) return false;
  return outcome.cause != Cause::not_sent && outcome.cause != Cause::throttled &&
         outcome.cause != Cause::auth;
}

}  // namespace tenon::delivery
