// Integers by a picture, as XPath's fn:format-integer
// (https://www.w3.org/TR/xpath-functions-31/#func-format-integer).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/jsonata/evaluator.hpp"

namespace tenon::mapping::jsonata {

enum class LetterCase : std::uint8_t { lower, upper, title };

struct IntegerPicture {
  enum class Primary : std::uint8_t { decimal, letters, roman, words, sequence };
  struct Separator {
    std::size_t position;  ///< digits to its right
    char32_t character;
  };

  Primary primary = Primary::decimal;
  LetterCase letters = LetterCase::lower;
  bool ordinal = false;
  char32_t zero = U'0';
  std::size_t mandatory = 0;  ///< digits
  std::size_t optional = 0;
  bool regular = false;  ///< every `group` digits the first separator
  std::size_t group = 0;
  std::vector<Separator> separators;
  std::size_t parse_width = 0;  ///< digits to read; 0: all there are
};

/// Fails (D3131) for digits of several families.
IntegerPicture read_integer_picture(const Evaluator& evaluator, std::string_view picture);
/// Fails (D3130) for a numbering sequence.
std::string format_integer(const Evaluator& evaluator, double number, const IntegerPicture& picture);
/// A regular expression for what parse_integer() reads.
std::string integer_pattern(const Evaluator& evaluator, const IntegerPicture& picture);
/// NaN for a text that is no such number.
double parse_integer(const Evaluator& evaluator, std::string_view text, const IntegerPicture& picture);

std::u32string to_utf32(std::string_view text);
std::string to_utf8(std::u32string_view text);
/// Where equally spaced positions repeat; 0 if they do not.
std::size_t regular_spacing(const std::vector<std::size_t>& positions);

}  // namespace tenon::mapping::jsonata
