// Pattern: the regular expressions of schemas. A subset that is matched in linear time, without recursion on
// the text.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace tenon {

/// Literals, `.`, classes `[a-z]` and `[^…]`, `\d \w \s \D \W \S`, escaped punctuation, groups `(…)` and
/// `(?:…)`, `|`,
/// `* + ? {n} {n,} {n,m}` (up to 256) and the anchors `^ $`. Works on code points. No back references, no
/// look-around, no lazy quantifiers: what is not listed is an error. Immutable once compiled; matching is
/// safe from many threads.
class Pattern {
 public:
  /// Errors: `invalid_pattern`, with what is wrong and where. Patterns that would need more than 4,096 states
  /// are refused.
  static Result<Pattern> compile(std::string_view text);

  /// True if some part of `text` matches, as JSON Schema wants it. O(states x size of text).
  bool found_in(std::string_view text) const;
  /// False if no text that begins so can match.
  bool could_follow(std::string_view head) const;

 private:
  friend class PatternCompiler;
  enum class Op : std::uint8_t { set, split, start, end, done };
  struct Set {
    std::bitset<128> ascii;
    std::vector<std::pair<char32_t, char32_t>> ranges;  ///< beyond ASCII
    bool inverted = false;
    bool holds(char32_t c) const;
  };
  struct State {
    Op op = Op::done;
    std::uint32_t set = 0;
    std::uint32_t next = 0;
    std::uint32_t other = 0;  ///< split: the second way
  };
  class Run;
  std::vector<State> states_;
  std::vector<Set> sets_;
  std::uint32_t first_ = 0;
};

}  // namespace tenon
