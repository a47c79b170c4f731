// Zone: the offset from UTC of an IANA time zone at any moment, from the system's tzdata (RFC 8536).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::mapping::jsonata {

/// Immutable once read; any thread may ask.
class Zone {
 public:
  /// The bytes of a TZif file of version 2 or later; nothing if they are none. Safe on any bytes.
  static std::optional<Zone> read(std::string_view bytes);

  /// Seconds east of UTC at `seconds` since 1970.
  std::int32_t offset_at(std::int64_t seconds) const;

 private:
  /// When daylight saving begins or ends in a year, in a POSIX TZ string.
  struct Change {
    enum class Kind : std::uint8_t { julian, day_of_year, weekday };
    Kind kind = Kind::weekday;
    int month = 1;
    int week = 1;
    int day = 0;
    std::int32_t seconds = 7200;  ///< local time of the change, from midnight
  };
  /// What holds behind the last transition.
  struct Rule {
    std::int32_t standard = 0;
    bool has_daylight = false;
    std::int32_t daylight = 0;
    Change begin, end;
  };
  struct Transition {
    std::int64_t at = 0;
    std::int32_t offset = 0;
  };
  class RuleReader;

  static std::int64_t moment_of(const Change& change, std::int64_t year, std::int32_t offset_before);
  static std::int32_t offset_by(const Rule& rule, std::int64_t seconds);

  std::int32_t first_ = 0;  ///< before the first transition
  std::vector<Transition> transitions_;
  std::optional<Rule> rule_;
};

/// The zone of that name (`Europe/Berlin`), nullptr if there is none. A file is read once a process, when its
/// name is first met: for a name that stands in an expression that is when the expression is parsed.
const Zone* find_zone(std::string_view name);

}  // namespace tenon::mapping::jsonata
