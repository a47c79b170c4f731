// Dates in the proleptic Gregorian calendar and UTC, as JavaScript's Date reckons them.
#pragma once

#include <cstdint>

namespace tenon::mapping::jsonata {

inline constexpr double kMillisInDay = 86'400'000;
/// Time values beyond this are no dates (ECMA-262, TimeClip).
inline constexpr double kLastMillis = 8.64e15;

/// One moment's parts. `month` counts from 1, `weekday` from 1 (Monday) to 7.
struct Moment {
  double millis = 0;
  std::int64_t year = 1970;
  int month = 1;
  int day = 1;
  int weekday = 4;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int millisecond = 0;
};

/// `millis` is within kLastMillis.
Moment moment_of(double millis);

/// Midnight of a day; month and day may overflow. NaN if that is no date.
double millis_of(double year, double month, double day);

// ISO 8601 week numbering, for years and (XPath's extension) for months.
int week_of_year(const Moment& moment);
int week_of_month(const Moment& moment);
std::int64_t week_year(const Moment& moment);
int week_month(const Moment& moment);

}  // namespace tenon::mapping::jsonata
