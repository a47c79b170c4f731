// Numbers as JavaScript treats them.
#pragma once

#include <string_view>

namespace tenon::mapping::jsonata {

/// A valid decimal number's text; infinity beyond the range.
double parse_double(std::string_view text);

/// Rounded to `places` decimals, halves to the even digit; never -0. As the reference's $round.
double round_half_even(double number, double places);

}  // namespace tenon::mapping::jsonata
