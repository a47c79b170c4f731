#include "mapping/jsonata/integer_picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>

#include "base/json.hpp"
#include "mapping/jsonata/numbers.hpp"
#include "mapping/jsonata/unicode.hpp"
#include "mapping/jsonata/words.hpp"

namespace tenon::mapping::jsonata {
namespace {

/// The zeros of Unicode's decimal digit families.
constexpr char32_t kZeros[] = {0x30,   0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6,
                               0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0,
                               0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620,
                               0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10};

struct Numeral {
  int value;
  std::string_view text;
};
constexpr Numeral kRoman[] = {{1000, "m"}, {900, "cm"}, {500, "d"}, {400, "cd"}, {100, "c"},
                              {90, "xc"},  {50, "l"},   {40, "xl"}, {10, "x"},   {9, "ix"},
                              {5, "v"},    {4, "iv"},   {1, "i"}};

std::string in_case(std::string text, LetterCase letters) {
  if (letters == LetterCase::upper) return to_upper_case(text);
  if (letters == LetterCase::lower) return to_lower_case(text);
  return text;
}

void read_digits(const Evaluator& evaluator, std::u32string_view text, IntegerPicture& picture) {
  bool known = false;
  std::size_t position = 0;
  for (auto at = text.rbegin(); at != text.rend(); ++at) {
    const auto zero = std::find_if(std::begin(kZeros), std::end(kZeros),
                                   [&](char32_t first) { return *at >= first && *at <= first + 9; });
    if (zero != std::end(kZeros)) {
      if (known && picture.zero != *zero) {
        evaluator.fail("D3131", "in a decimal digit pattern, all digits must be from the same decimal group");
      }
      known = true;
      picture.zero = *zero;
      ++picture.mandatory;
      ++position;
    } else if (*at == U'#') {
      ++picture.optional;
      ++position;
    } else {
      picture.separators.push_back({position, *at});
    }
  }
  if (picture.mandatory == 0) {
    picture.primary = IntegerPicture::Primary::sequence;
    return;
  }
  std::vector<std::size_t> positions;
  for (const auto& separator : picture.separators) {
    if (separator.character != picture.separators.front().character) return;
    positions.push_back(separator.position);
  }
  picture.group = regular_spacing(positions);
  picture.regular = picture.group > 0;
}

std::string letters_of(double number, bool upper) {
  std::string out;
  while (number > 0) {
    out += static_cast<char>((upper ? 'A' : 'a') + static_cast<int>(std::fmod(number - 1, 26)));
    number = std::floor((number - 1) / 26);
  }
  std::reverse(out.begin(), out.end());
  return out;
}

std::string roman_of(const Evaluator& evaluator, double number) {
  constexpr double kMost = 1'000'000;
  if (number > kMost) evaluator.fail("D1001", "a number is too large for roman numerals");
  std::string out;
  auto left = static_cast<int>(number);
  for (const Numeral& numeral : kRoman) {
    for (; left >= numeral.value; left -= numeral.value) out += numeral.text;
  }
  return out;
}

std::string decimal_of(double number, const IntegerPicture& picture) {
  std::string plain;
  append_number(plain, number);
  if (plain.size() < picture.mandatory) plain.insert(0, picture.mandatory - plain.size(), '0');
  std::u32string digits(plain.begin(), plain.end());
  if (picture.zero != U'0') {
    for (char32_t& digit : digits) digit += picture.zero - U'0';
  }
  const auto insert = [&](std::size_t position, char32_t character) {
    if (position < digits.size()) digits.insert(digits.size() - position, 1, character);
  };
  if (picture.regular) {
    const std::size_t count = (digits.size() - 1) / picture.group;
    const std::size_t size = digits.size();
    for (std::size_t i = count; i > 0; --i) {
      digits.insert(size - i * picture.group + (count - i), 1, picture.separators.front().character);
    }
  } else {
    for (auto at = picture.separators.rbegin(); at != picture.separators.rend(); ++at) {
      insert(at->position, at->character);
    }
  }
  std::string out = to_utf8(digits);
  if (picture.ordinal) {
    const char last = plain.back();
    const bool teen = plain.size() > 1 && plain[plain.size() - 2] == '1';
    out += teen ? "th" : (last == '1' ? "st" : (last == '2' ? "nd" : (last == '3' ? "rd" : "th")));
  }
  return out;
}

double parse_roman(std::string_view text) {
  double number = 0;
  int most = 1;
  for (auto at = text.rbegin(); at != text.rend(); ++at) {
    const char digit = static_cast<char>(*at | 0x20);
    const auto found = std::find_if(std::begin(kRoman), std::end(kRoman), [&](const Numeral& n) {
      return n.text.size() == 1 && n.text[0] == digit;
    });
    if (found == std::end(kRoman)) return NAN;
    if (found->value < most) {
      number -= found->value;
    } else {
      most = found->value;
      number += found->value;
    }
  }
  return number;
}

double parse_decimal(std::string_view text, const IntegerPicture& picture) {
  std::string digits;
  std::u32string wide = to_utf32(text);
  if (picture.ordinal && wide.size() >= 2) wide.resize(wide.size() - 2);
  for (const char32_t c : wide) {
    const bool separator = std::any_of(picture.separators.begin(), picture.separators.end(),
                                       [&](const auto& s) { return s.character == c; });
    if (separator || (picture.regular && c == U',')) continue;
    const bool minus = c == U'-' && digits.empty();
    if (!minus && (c < picture.zero || c > picture.zero + 9)) break;
    digits += minus ? '-' : static_cast<char>('0' + (c - picture.zero));
  }
  return digits.empty() || digits == "-" ? NAN : parse_double(digits);
}

}  // namespace

std::u32string to_utf32(std::string_view text) {
  std::u32string out;
  for (std::size_t at = 0; at < text.size();) out += static_cast<char32_t>(next_code_point(text, at));
  return out;
}

std::string to_utf8(std::u32string_view text) {
  std::string out;
  for (const char32_t c : text) append_utf8(out, c);
  return out;
}

std::size_t regular_spacing(const std::vector<std::size_t>& positions) {
  std::size_t factor = 0;
  for (const std::size_t position : positions) factor = std::gcd(factor, position);
  for (std::size_t i = 1; i <= positions.size() && factor > 0; ++i) {
    if (std::find(positions.begin(), positions.end(), i * factor) == positions.end()) return 0;
  }
  return factor;
}

IntegerPicture read_integer_picture(const Evaluator& evaluator, std::string_view text) {
  constexpr std::size_t kMost = 256;
  if (text.size() > kMost) evaluator.fail("memory_limit", "a picture is too long");
  IntegerPicture picture;
  if (const auto semicolon = text.rfind(';'); semicolon != std::string_view::npos) {
    picture.ordinal = text.substr(semicolon + 1).starts_with('o');
    text = text.substr(0, semicolon);
  }
  using Primary = IntegerPicture::Primary;
  if (text == "A" || text == "a") picture.primary = Primary::letters;
  if (text == "I" || text == "i") picture.primary = Primary::roman;
  if (text == "W" || text == "w" || text == "Ww") picture.primary = Primary::words;
  if (picture.primary == Primary::decimal) {
    read_digits(evaluator, to_utf32(text), picture);
  } else if (text == "A" || text == "I" || text == "W") {
    picture.letters = LetterCase::upper;
  } else if (text == "Ww") {
    picture.letters = LetterCase::title;
  }
  return picture;
}

std::string format_integer(const Evaluator& evaluator, double number, const IntegerPicture& picture) {
  const bool negative = number < 0;
  number = std::abs(number);
  std::string out;
  switch (picture.primary) {
    case IntegerPicture::Primary::letters:
      out = letters_of(number, picture.letters == LetterCase::upper);
      break;
    case IntegerPicture::Primary::roman:
      out = in_case(roman_of(evaluator, number), picture.letters);
      break;
    case IntegerPicture::Primary::words:
      out = in_case(number_in_words(number, picture.ordinal), picture.letters);
      break;
    case IntegerPicture::Primary::decimal:
      out = decimal_of(number, picture);
      break;
    case IntegerPicture::Primary::sequence:
      evaluator.fail("D3130", "formatting or parsing an integer as such a sequence is not supported");
  }
  return negative ? "-" + out : out;
}

std::string integer_pattern(const Evaluator& evaluator, const IntegerPicture& picture) {
  const bool upper = picture.letters == LetterCase::upper;
  switch (picture.primary) {
    case IntegerPicture::Primary::letters:
      return upper ? "[A-Z]+" : "[a-z]+";
    case IntegerPicture::Primary::roman:
      return upper ? "[MDCLXVI]+" : "[mdclxvi]+";
    case IntegerPicture::Primary::words:
      return words_pattern();
    case IntegerPicture::Primary::decimal: {
      std::string pattern = "[0-9]";
      pattern += picture.parse_width > 0 ? "{" + std::to_string(picture.parse_width) + "}" : "+";
      if (picture.ordinal) pattern += "(?:th|st|nd|rd)";
      return pattern;
    }
    case IntegerPicture::Primary::sequence:
      break;
  }
  evaluator.fail("D3130", "formatting or parsing an integer as such a sequence is not supported");
}

double parse_integer(const Evaluator& evaluator, std::string_view text, const IntegerPicture& picture) {
  switch (picture.primary) {
    case IntegerPicture::Primary::letters: {
      double number = 0;
      for (const char c : text) {
        if ((c | 0x20) < 'a' || (c | 0x20) > 'z') return NAN;
        number = number * 26 + ((c | 0x20) - 'a' + 1);
      }
      return number;
    }
    case IntegerPicture::Primary::roman:
      return parse_roman(text);
    case IntegerPicture::Primary::words:
      return number_from_words(to_lower_case(text));
    case IntegerPicture::Primary::decimal:
      return parse_decimal(text, picture);
    case IntegerPicture::Primary::sequence:
      break;
  }
  evaluator.fail("D3130", "formatting or parsing an integer as such a sequence is not supported");
}

}  // namespace tenon::mapping::jsonata
