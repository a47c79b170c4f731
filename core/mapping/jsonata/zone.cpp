#include "mapping/jsonata/zone.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>

#include "mapping/jsonata/calendar.hpp"

namespace tenon::mapping::jsonata {
namespace {

constexpr std::int64_t kDay = 86'400;

/// Big-endian integers out of bytes; reading past the end gives zeros and is remembered.
class Bytes {
 public:
  explicit Bytes(std::string_view text) : text_(text) {}

  template <class T>
  T number() {
    std::uint64_t made = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) made = (made << 8) | byte();
    return static_cast<T>(made);
  }
  std::uint8_t byte() {
    if (at_ >= text_.size()) {
      good_ = false;
      return 0;
    }
    return static_cast<std::uint8_t>(text_[at_++]);
  }
  void skip(std::uint64_t count) {
    good_ = good_ && count <= text_.size() - at_;
    if (good_) at_ += count;
  }
  bool good() const { return good_; }
  std::size_t left() const { return text_.size() - at_; }
  std::string_view rest() const { return text_.substr(at_); }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  bool good_ = true;
};

struct Header {
  std::uint32_t ut, standard, leaps, times, types, letters;

  static std::optional<Header> read(Bytes& bytes) {
    if (!bytes.rest().starts_with("TZif")) return std::nullopt;
    bytes.skip(4);
    const std::uint8_t version = bytes.byte();
    bytes.skip(15);
    Header made{};
    for (std::uint32_t* count :
         {&made.ut, &made.standard, &made.leaps, &made.times, &made.types, &made.letters})
      *count = bytes.number<std::uint32_t>();
    if (!bytes.good() || version < '2') return std::nullopt;
    return made;
  }
  std::uint64_t size(std::uint64_t time_size) const {
    return times * (time_size + 1) + types * std::uint64_t{6} + letters + leaps * (time_size + 4) +
           std::uint64_t{standard} + ut;
  }
};

std::int64_t year_of(std::int64_t seconds) {
  const double most = kLastMillis / 1000;
  return moment_of(std::clamp(static_cast<double>(seconds), -most, most) * 1000).year;
}

}  // namespace

/// Reads the POSIX TZ string of the footer: `CET-1CEST,M3.5.0,M10.5.0/3`.
class Zone::RuleReader {
 public:
  explicit RuleReader(std::string_view text) : text_(text) {}

  std::optional<Rule> read() {
    Rule rule;
    std::int32_t west = 0;
    if (!name() || !time(west)) return std::nullopt;
    rule.standard = -west;
    if (text_.empty()) return rule;
    rule.has_daylight = true;
    if (!name()) return std::nullopt;
    rule.daylight = rule.standard + 3600;
    if (!text_.empty() && text_.front() != ',') {
      if (!time(west)) return std::nullopt;
      rule.daylight = -west;
    }
    if (!change(rule.begin) || !change(rule.end) || !text_.empty()) return std::nullopt;
    return rule;
  }

 private:
  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool name() {
    std::size_t size = 0;
    if (take('<')) {
      size = text_.find('>');
      if (size == std::string_view::npos) return false;
      text_.remove_prefix(size + 1);
      return true;
    }
    while (size < text_.size() && ((text_[size] | 0x20) >= 'a' && (text_[size] | 0x20) <= 'z')) ++size;
    text_.remove_prefix(size);
    return size >= 3;
  }
  bool number(std::int32_t& out) {
    std::size_t size = 0;
    out = 0;
    for (; size < text_.size() && size < 4 && text_[size] >= '0' && text_[size] <= '9'; ++size) {
      out = out * 10 + (text_[size] - '0');
    }
    text_.remove_prefix(size);
    return size > 0;
  }
  bool time(std::int32_t& seconds) {
    const bool negative = take('-');
    if (!negative) take('+');
    std::int32_t hours = 0;
    std::int32_t minutes = 0;
    std::int32_t rest = 0;
    if (!number(hours) || (take(':') && (!number(minutes) || (take(':') && !number(rest))))) return false;
    seconds = (hours * 60 + minutes) * 60 + rest;
    if (negative) seconds = -seconds;
    constexpr std::int32_t kMost = 168 * 3600;
    return std::abs(seconds) < kMost && minutes < 60 && rest < 60;
  }
  bool change(Change& out) {
    if (!take(',')) return false;
    bool good = false;
    if (take('M')) {
      out.kind = Change::Kind::weekday;
      good = number(out.month) && take('.') && number(out.week) && take('.') && number(out.day) &&
             out.month >= 1 && out.month <= 12 && out.week >= 1 && out.week <= 5 && out.day <= 6;
    } else {
      out.kind = take('J') ? Change::Kind::julian : Change::Kind::day_of_year;
      good = number(out.day) && out.day <= 365 && (out.day > 0 || out.kind == Change::Kind::day_of_year);
    }
    return good && (!take('/') || time(out.seconds));
  }

  std::string_view text_;
};

std::int64_t Zone::moment_of(const Change& change, std::int64_t year, std::int32_t offset_before) {
  const auto days = [](double y, double m, double d) {
    return static_cast<std::int64_t>(millis_of(y, m, d) / kMillisInDay);
  };
  const auto y = static_cast<double>(year);
  std::int64_t day = days(y, 1, 1);
  if (change.kind == Change::Kind::day_of_year) {
    day += change.day;
  } else if (change.kind == Change::Kind::julian) {
    // February 29 is never counted.
    const bool leap = days(y, 3, 1) - days(y, 2, 1) == 29;
    day += change.day - 1 + (leap && change.day >= 60 ? 1 : 0);
  } else {
    const std::int64_t first = days(y, change.month, 1);
    const std::int64_t weekday = ((first + 4) % 7 + 7) % 7;  // Sunday is 0
    day = first + (change.day - weekday + 7) % 7 + (change.week - 1) * 7;
    if (day >= days(y, change.month + 1, 1)) day -= 7;
  }
  return day * kDay + change.seconds - offset_before;
}

std::int32_t Zone::offset_by(const Rule& rule, std::int64_t seconds) {
  if (!rule.has_daylight) return rule.standard;
  // The latest change at or before the moment; changes may fall just outside their year.
  const std::int64_t year = year_of(seconds);
  std::int64_t latest = INT64_MIN;
  bool daylight = false;
  for (std::int64_t y = year - 1; y <= year + 1; ++y) {
    const std::int64_t begin = moment_of(rule.begin, y, rule.standard);
    const std::int64_t end = moment_of(rule.end, y, rule.daylight);
    // Where both fall together (daylight saving all year), the beginning is the later.
    if (end <= seconds && end >= latest) latest = end, daylight = false;
    if (begin <= seconds && begin >= latest) latest = begin, daylight = true;
  }
  return daylight ? rule.daylight : rule.standard;
}

std::optional<Zone> Zone::read(std::string_view text) {
  Bytes bytes(text);
  const auto old = Header::read(bytes);
  if (!old) return std::nullopt;
  bytes.skip(old->size(4));
  const auto header = bytes.good() ? Header::read(bytes) : std::nullopt;
  if (!header || header->types == 0 || header->size(8) > bytes.left()) return std::nullopt;
  Zone zone;
  // Each transition's offset is first the index of its type.
  zone.transitions_.resize(header->times);
  for (Transition& transition : zone.transitions_) transition.at = bytes.number<std::int64_t>();
  for (Transition& transition : zone.transitions_) transition.offset = bytes.byte();
  std::vector<std::int32_t> offsets(header->types);
  for (std::int32_t& offset : offsets) {
    offset = bytes.number<std::int32_t>();
    bytes.skip(2);
    constexpr std::int32_t kMost = 26 * 3600;
    if (offset < -kMost || offset > kMost) return std::nullopt;
  }
  bytes.skip(header->letters + header->leaps * std::uint64_t{12} + header->standard +
             std::uint64_t{header->ut});
  zone.first_ = offsets.front();
  std::int64_t before = INT64_MIN;
  for (Transition& transition : zone.transitions_) {
    const auto type = static_cast<std::size_t>(transition.offset);
    if (type >= offsets.size() || transition.at < before) return std::nullopt;
    before = transition.at;
    transition.offset = offsets[type];
  }
  const std::string_view footer = bytes.rest();
  if (!bytes.good() || footer.size() < 2 || footer.front() != '\n' || footer.back() != '\n')
    return std::nullopt;
  const std::string_view rule = footer.substr(1, footer.size() - 2);
  if (rule.empty()) return zone;
  zone.rule_ = RuleReader(rule).read();
  if (!zone.rule_) return std::nullopt;
  return zone;
}

std::int32_t Zone::offset_at(std::int64_t seconds) const {
  const auto next = std::upper_bound(transitions_.begin(), transitions_.end(), seconds,
                                     [](std::int64_t at, const Transition& t) { return at < t.at; });
  if (next == transitions_.end() && rule_) return offset_by(*rule_, seconds);
  return next == transitions_.begin() ? first_ : std::prev(next)->offset;
}

const Zone* find_zone(std::string_view name) {
  // A name, not a path that leads elsewhere.
  constexpr std::size_t kMost = 64;
  const bool plain =
      !name.empty() && name.size() <= kMost && name.front() != '/' &&
      name.find("..") == std::string_view::npos &&
      name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") ==
          std::string_view::npos;
  if (!plain) return nullptr;
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<const Zone>, std::less<>> known;
  const std::lock_guard lock(mutex);
  if (const auto found = known.find(name); found != known.end()) return found->second.get();
  constexpr std::size_t kMostKnown = 2'000;  // there are 600; names of no zone must not fill the memory
  if (known.size() >= kMostKnown) return nullptr;
  std::ifstream file("/usr/share/zoneinfo/" + std::string(name), std::ios::binary);
  constexpr std::size_t kMostBytes = 1 << 16;
  std::string bytes(kMostBytes, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount())));
  auto zone = Zone::read(bytes);
  auto& slot = known[std::string(name)];
  if (zone) slot = std::make_unique<const Zone>(std::move(*zone));
  return slot.get();
}

}  // namespace tenon::mapping::jsonata
