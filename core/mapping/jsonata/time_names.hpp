// Names of months and days, and one moment's components.
#pragma once

namespace tenon::mapping::jsonata {

inline constexpr const char* kMonths[] = {"January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December"};
inline constexpr const char* kDays[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                        "Friday", "Saturday", "Sunday"};

/// A component of a picture (`Y`, `M`, ...) at `now`, milliseconds since 1970.
double time_component(double now, char component);

}  // namespace tenon::mapping::jsonata
