// Regex: a regular expression in JavaScript's syntax, run in linear time by RE2.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace tenon::mapping::jsonata {

/// One match in a text; offsets are bytes. A group that took no part has a null data pointer.
struct Match {
  std::size_t start = 0;
  std::size_t end = 0;
  std::vector<std::string_view> groups;  ///< without the whole match
};

/// Immutable once compiled; any thread may search.
class Regex {
 public:
  Regex();
  Regex(Regex&&) noexcept;
  ~Regex();

  /// `pattern` without its slashes. On failure returns the reason: look-around and back-references cannot be
  /// matched in linear time and are refused by name.
  std::string compile(std::string_view pattern, bool ignore_case, bool multiline);
  /// The first match at or behind `from`.
  bool search(std::string_view text, std::size_t from, Match& match) const;

 private:
  std::unique_ptr<re2::RE2> compiled_;
};

}  // namespace tenon::mapping::jsonata
