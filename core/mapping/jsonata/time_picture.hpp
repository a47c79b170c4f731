// Dates and times by a picture, as XPath's fn:format-dateTime
// (https://www.w3.org/TR/xpath-functions-31/#rules-for-datetime-formatting).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/jsonata/integer_picture.hpp"

namespace tenon::mapping::jsonata {

/// A piece of a picture: a text, or a marker like `[Y0001]`.
struct TimePart {
  std::string literal;
  char component = 0;  ///< 0: literal
  std::string presentation;
  char modifier = 0;  ///< `o`, `t`, ...
  std::optional<LetterCase> names;
  std::optional<IntegerPicture> integer;
  std::optional<std::size_t> least_width;
  std::optional<std::size_t> most_width;
  int year_digits = -1;
};

using TimePicture = std::vector<TimePart>;

TimePicture read_time_picture(const Evaluator& evaluator, std::string_view picture);

/// `offset` is the zone's, in minutes east of UTC.
std::string format_time(const Evaluator& evaluator, double millis, const TimePicture& picture, int offset);

/// Milliseconds since 1970; nothing if `text` is not as the picture says, NaN if it says a date that is none.
/// What the picture leaves out to the left is taken from `now`, to the right it is zero.
std::optional<double> parse_time(const Evaluator& evaluator, std::string_view text,
                                 const TimePicture& picture, double now);

}  // namespace tenon::mapping::jsonata
