#include "mapping/jsonata/calendar.hpp"

#include <cmath>

namespace tenon::mapping::jsonata {
namespace {

/// Days since 1970-01-01 (http://howardhinnant.github.io/date_algorithms.html).
std::int64_t days_from_civil(std::int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t in_era = year - era * 400;
  const std::int64_t in_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

/// The Monday of the first week, the one that holds the first Thursday, of the year or month that begins
/// there.
double first_week(double start) {
  const int weekday = moment_of(start).weekday;
  return start + kMillisInDay * (weekday > 4 ? 8 - weekday : 1 - weekday);
}

double weeks_between(double start, double end) { return (end - start) / (kMillisInDay * 7) + 1; }

double year_start(std::int64_t year) { return millis_of(static_cast<double>(year), 1, 1); }
double month_start(std::int64_t year, int month) { return millis_of(static_cast<double>(year), month, 1); }
double midnight(const Moment& m) { return millis_of(static_cast<double>(m.year), m.month, m.day); }

}  // namespace

Moment moment_of(double millis) {
  Moment made;
  made.millis = millis;
  const double days = std::floor(millis / kMillisInDay);
  auto left = static_cast<std::int64_t>(millis - days * kMillisInDay);
  made.millisecond = static_cast<int>(left % 1000);
  made.second = static_cast<int>(left / 1000 % 60);
  made.minute = static_cast<int>(left / 60'000 % 60);
  made.hour = static_cast<int>(left / 3'600'000);
  const auto day_number = static_cast<std::int64_t>(days);
  made.weekday = static_cast<int>(((day_number + 3) % 7 + 7) % 7) + 1;
  const std::int64_t shifted = day_number + 719468;
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  const std::int64_t in_era = shifted - era * 146097;
  const std::int64_t year_of_era = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
  const std::int64_t day_of_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month = (5 * day_of_year + 2) / 153;
  made.day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  made.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  made.year = year_of_era + era * 400 + (made.month <= 2 ? 1 : 0);
  return made;
}

double millis_of(double year, double month, double day) {
  constexpr double kMost = 1e6;
  if (!(std::abs(year) < kMost && std::abs(month) < kMost && std::abs(day) < kMost * 400)) return NAN;
  const double years = std::floor((month - 1) / 12);
  const int in_year = static_cast<int>(month - 1 - years * 12) + 1;
  const auto days = days_from_civil(static_cast<std::int64_t>(year + years), in_year, 1);
  return (static_cast<double>(days) + std::trunc(day) - 1) * kMillisInDay;
}

int week_of_year(const Moment& moment) {
  const double today = midnight(moment);
  double week = weeks_between(first_week(year_start(moment.year)), today);
  if (week > 52) {
    if (today >= first_week(year_start(moment.year + 1))) week = 1;
  } else if (week < 1) {
    week = weeks_between(first_week(year_start(moment.year - 1)), today);
  }
  return static_cast<int>(std::floor(week));
}

int week_of_month(const Moment& moment) {
  const double today = midnight(moment);
  double week = weeks_between(first_week(month_start(moment.year, moment.month)), today);
  if (week > 4) {
    if (today >= first_week(month_start(moment.year, moment.month + 1))) week = 1;
  } else if (week < 1) {
    week = weeks_between(first_week(month_start(moment.year, moment.month - 1)), today);
  }
  return static_cast<int>(std::floor(week));
}

std::int64_t week_year(const Moment& moment) {
  if (moment.millis < first_week(year_start(moment.year))) return moment.year - 1;
  return moment.millis >= first_week(year_start(moment.year + 1)) ? moment.year + 1 : moment.year;
}

int week_month(const Moment& moment) {
  if (moment.millis < first_week(month_start(moment.year, moment.month))) {
    return moment.month == 1 ? 12 : moment.month - 1;
  }
  if (moment.millis >= first_week(month_start(moment.year, moment.month + 1))) {
    return moment.month == 12 ? 1 : moment.month + 1;
  }
  return moment.month;
}

}  // namespace tenon::mapping::jsonata
