// $now, $millis, $fromMillis, $toMillis. The clock is the evaluation's: when the event was received.
#include <cmath>
#include <string>
#include <unordered_map>

#include "mapping/jsonata/calendar.hpp"
#include "mapping/jsonata/numbers.hpp"
#include "mapping/jsonata/time_picture.hpp"

namespace tenon::mapping::jsonata {
namespace {

constexpr std::string_view kIso = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]";

/// Minutes east of UTC of `+0530`; anything else is refused, since it would be read as nonsense.
int offset_of(const Call& call, Value zone) {
  if (zone.is_missing()) return 0;
  const std::string_view text = zone.is_string() ? zone.as_string() : "";
  const std::string_view digits = text.starts_with('+') || text.starts_with('-') ? text.substr(1) : text;
  const bool plain = !digits.empty() && digits.size() <= 4 &&
                     digits.find_first_not_of("0123456789") == std::string_view::npos;
  if (!plain) call.evaluator.fail("D3134", "a timezone must be an offset like +0100");
  const int number = static_cast<int>(parse_double(digits));
  const int minutes = number / 100 * 60 + number % 100;
  return text.starts_with('-') ? -minutes : minutes;
}

/// Read once a thread: an event formats its times by the same few pictures as the one before.
const TimePicture& picture_of(const Evaluator& evaluator, std::string_view text) {
  constexpr std::size_t kMost = 64;
  constexpr std::size_t kLongest = 256;
  thread_local std::unordered_map<std::string, TimePicture> known;
  if (const auto found = known.find(std::string(text)); found != known.end()) return found->second;
  TimePicture made = read_time_picture(evaluator, text);
  if (known.size() >= kMost || text.size() > kLongest) known.clear();
  return known.emplace(text, std::move(made)).first->second;
}

Value format(const Call& call, double millis, Value picture, Value zone) {
  call.evaluator.charge(50);
  const std::string_view text = picture.is_string() ? picture.as_string() : kIso;
  const TimePicture& parts = picture_of(call.evaluator, text);
  return call.evaluator.string(format_time(call.evaluator, millis, parts, offset_of(call, zone)));
}

double now_of(const Call& call) { return static_cast<double>(call.evaluator.evaluation().now_ms); }

Value now(const Call& call) { return format(call, now_of(call), call[0], call[1]); }

Value millis(const Call& call) { return Value::number(now_of(call)); }

Value from_millis(const Call& call) {
  if (call[0].is_missing()) return {};
  return format(call, call[0].as_double(), call[1], call[2]);
}

/// Reads `count` digits at `at`; false if they are not there.
bool digits(std::string_view text, std::size_t& at, std::size_t count, double& out) {
  const std::string_view part = text.substr(std::min(at, text.size()), count);
  if (part.size() != count) return false;
  int number = 0;
  for (const char c : part) {
    if (c < '0' || c > '9') return false;
    number = number * 10 + (c - '0');
  }
  out = number;
  at += count;
  return true;
}

/// ISO 8601 as the reference takes it. No zone means UTC.
bool parse_iso(std::string_view text, double& millis) {
  std::size_t at = 0;
  const auto next = [&](char c) { return at < text.size() && text[at] == c; };
  double year = 0;
  double month = 1;
  double day = 1;
  if (!digits(text, at, 4, year)) return false;
  if (next('-') && (++at, !digits(text, at, 2, month))) return false;
  if (next('-') && (++at, !digits(text, at, 2, day))) return false;
  double hour = 0;
  double minute = 0;
  double second = 0;
  double fraction = 0;
  if (next('T')) {
    ++at;
    if (!digits(text, at, 2, hour) || !next(':') || (++at, !digits(text, at, 2, minute)) || !next(':') ||
        (++at, !digits(text, at, 2, second))) {
      return false;
    }
    if (next('.')) {
      const auto end = std::min(text.find_first_not_of("0123456789", at + 1), text.size());
      if (end == at + 1) return false;
      double whole = 0;
      double scale = 1000;
      for (std::size_t i = at + 1; i < std::min(end, at + 4); ++i, scale /= 10)
        whole = whole * 10 + (text[i] - '0');
      fraction = whole * scale;
      at = end;
    }
  }
  double zone = 0;
  if (next('Z')) {
    ++at;
  } else if (next('+') || next('-')) {
    const double sign = text[at++] == '-' ? -1 : 1;
    double hours = 0;
    double minutes = 0;
    if (!digits(text, at, 2, hours)) return false;
    if (next(':')) ++at;
    if (!digits(text, at, 2, minutes)) return false;
    zone = sign * (hours * 60 + minutes);
  }
  const bool valid = at == text.size() && month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour <= 24 &&
                     minute <= 59 && second <= 59;
  if (!valid) return false;
  millis = millis_of(year, month, day) + ((hour * 60 + minute - zone) * 60 + second) * 1000 + fraction;
  return true;
}

Value to_millis(const Call& call) {
  if (call[0].is_missing()) return {};
  const std::string_view text = call[0].as_string();
  if (!call[1].is_string()) {
    double millis = 0;
    if (!parse_iso(text, millis)) {
      call.evaluator.fail("D3110", "the argument of $toMillis must be an ISO 8601 timestamp");
    }
    return Value::number(millis);
  }
  call.evaluator.charge(500 + text.size() / 16);  // it compiles a regular expression
  const TimePicture picture = read_time_picture(call.evaluator, call[1].as_string());
  const auto millis = parse_time(call.evaluator, text, picture, now_of(call));
  return millis ? Value::number(*millis) : Value();
}

constexpr Builtin kFunctions[] = {
    {"now", "<s?s?:s>", now, 2},
    {"millis", "<:n>", millis, 0},
    {"fromMillis", "<n-s?s?:s>", from_millis, 3},
    {"toMillis", "<s-s?:n>", to_millis, 2},
};

}  // namespace

std::span<const Builtin> time_functions() { return kFunctions; }

}  // namespace tenon::mapping::jsonata
