// Numbers in English words.
#pragma once

#include <string>
#include <string_view>

namespace tenon::mapping::jsonata {

/// 12 as "Twelve", or "Twelfth". `number` is an integer, not negative.
std::string number_in_words(double number, bool ordinal);
/// The number that lower-case words mean; NaN if they are others.
double number_from_words(std::string_view words);
/// A regular expression for lower-case words that mean a number.
std::string words_pattern();

}  // namespace tenon::mapping::jsonata
