#include "mapping/jsonata/words.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "base/text.hpp"

namespace tenon::mapping::jsonata {
namespace {

constexpr std::string_view kFew[] = {"Zero",    "One",     "Two",       "Three",    "Four",
                                     "Five",    "Six",     "Seven",     "Eight",    "Nine",
                                     "Ten",     "Eleven",  "Twelve",    "Thirteen", "Fourteen",
                                     "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen"};
constexpr std::string_view kOrdinals[] = {
    "Zeroth",     "First",     "Second",    "Third",       "Fourth",     "Fifth",     "Sixth",
    "Seventh",    "Eighth",    "Ninth",     "Tenth",       "Eleventh",   "Twelfth",   "Thirteenth",
    "Fourteenth", "Fifteenth", "Sixteenth", "Seventeenth", "Eighteenth", "Nineteenth"};
constexpr std::string_view kDecades[] = {"Twenty",  "Thirty", "Forty",  "Fifty",  "Sixty",
                                         "Seventy", "Eighty", "Ninety", "Hundred"};
constexpr std::string_view kMagnitudes[] = {"Thousand", "Million", "Billion", "Trillion"};

std::string words(double number, bool follows, bool ordinal) {
  if (number <= 19) {
    const auto at = static_cast<std::size_t>(number);
    return std::string(follows ? " and " : "") + std::string(ordinal ? kOrdinals[at] : kFew[at]);
  }
  if (number < 100) {
    const double rest = std::fmod(number, 10);
    std::string out = follows ? " and " : "";
    out += kDecades[static_cast<std::size_t>(number / 10) - 2];
    if (rest > 0) {
      out += "-" + words(rest, false, ordinal);
    } else if (ordinal) {
      out.pop_back();
      out += "ieth";
    }
    return out;
  }
  std::string out = follows ? ", " : "";
  double rest = 0;
  if (number < 1000) {
    rest = std::fmod(number, 100);
    out += std::string(kFew[static_cast<std::size_t>(number / 100)]) + " Hundred";
  } else {
    const auto most = static_cast<double>(std::size(kMagnitudes));
    const double magnitude = std::min(most, std::floor(std::log10(number) / 3));
    const double factor = std::pow(10, magnitude * 3);
    const double count = std::floor(number / factor);
    rest = number - count * factor;
    out +=
        words(count, false, false) + " " + std::string(kMagnitudes[static_cast<std::size_t>(magnitude) - 1]);
  }
  if (rest > 0) return out + words(rest, true, ordinal);
  return ordinal ? out + "th" : out;
}

const std::map<std::string, double, std::less<>>& values() {
  static const auto made = [] {
    std::map<std::string, double, std::less<>> all;
    for (std::size_t i = 0; i < std::size(kFew); ++i) {
      all[to_lower(kFew[i])] = static_cast<double>(i);
      all[to_lower(kOrdinals[i])] = static_cast<double>(i);
    }
    for (std::size_t i = 0; i < std::size(kDecades); ++i) {
      std::string word = to_lower(kDecades[i]);
      const auto value = static_cast<double>((i + 2) * 10);
      all[word] = value;
      word.pop_back();
      all[word + "ieth"] = value;
    }
    all["hundredth"] = 100;
    for (std::size_t i = 0; i < std::size(kMagnitudes); ++i) {
      const std::string word = to_lower(kMagnitudes[i]);
      all[word] = all[word + "th"] = std::pow(10, 3 * static_cast<double>(i + 1));
    }
    return all;
  }();
  return made;
}

}  // namespace

std::string number_in_words(double number, bool ordinal) { return words(number, false, ordinal); }

double number_from_words(std::string_view text) {
  std::vector<double> segments = {0};
  std::string word;
  bool any = false;
  const auto take = [&]() -> bool {
    if (word.empty()) return any;
    any = true;
    if (word == "and") {
      word.clear();
      return true;
    }
    const auto found = values().find(word);
    word.clear();
    if (found == values().end()) return false;
    double& top = segments.back();
    if (found->second >= 100) {
      top *= found->second;
    } else if (top >= 1000) {
      segments.push_back(found->second);
    } else {
      top += found->second;
    }
    return true;
  };
  for (const char c : text) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      word += c;  // no word holds digits: they make it an unknown one
    } else if (!take()) {
      return NAN;
    }
  }
  if (!take()) return NAN;
  double sum = 0;
  for (const double segment : segments) sum += segment;
  return sum;
}

std::string words_pattern() {
  std::string pattern = "(?:";
  for (const auto& [word, value] : values()) pattern += word + "|";
  return pattern + "and|[\\-, ])+";
}

}  // namespace tenon::mapping::jsonata
