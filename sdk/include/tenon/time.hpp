// Times as ISO 8601 writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tenon/http_date.hpp"

namespace tenon {

/// Unix milliseconds of `2026-11-24T02:20:57[.123][Z|+01:00]`; no zone means UTC.
inline std::optional<std::int64_t> parse_iso_time(std::string_view text) {
  int year = 0, month = 0, day = 0, h = 0, m = 0, s = 0;
  if (text.size() < 19 || (text[10] != 'T' && text[10] != ' ')) return std::nullopt;
  sdk::date_reader reader(text.substr(0, 19));
  reader.digits(4, year).expect("-").digits(2, month).expect("-").digits(2, day).expect(text.substr(10, 1));
  if (!reader.clock(h, m, s).at_end()) return std::nullopt;
  if (month < 1 || month > 12 || day < 1 || day > 31 || h > 23 || m > 59 || s > 60) return std::nullopt;
  text.remove_prefix(19);

  std::int64_t milliseconds = 0;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    int places = 0;
    for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), ++places)
      if (places < 3) milliseconds = milliseconds * 10 + (text.front() - '0');
    if (places == 0) return std::nullopt;
    for (; places < 3; ++places) milliseconds *= 10;
  }
  std::int64_t offset = 0;
  if (!text.empty() && text != "Z") {
    int zone_h = 0, zone_m = 0;
    sdk::date_reader zone(text.substr(1));
    if (text.front() != '+' && text.front() != '-') return std::nullopt;
    if (!zone.digits(2, zone_h).expect(":").digits(2, zone_m).at_end()) return std::nullopt;
    offset = (zone_h * 60 + zone_m) * (text.front() == '-' ? -60 : 60);
  }
  const auto days = sdk::days_from_civil(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
  return (((days * 24 + h) * 60 + m) * 60 + s - offset) * 1000 + milliseconds;
}

}  // namespace tenon
