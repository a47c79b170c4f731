// Reading maps whose keys are known: unknown keys, missing ones, and the wrong kind of value.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/node.hpp"

namespace tenon::config {

/// The keys that a map may have.
struct KeySet {
  std::vector<std::string> known;
  std::vector<std::string> later;                                ///< of the language, and not built yet
  std::vector<std::string> reserved;                             ///< not of the language yet
  std::vector<std::pair<std::string, std::string>> missed = {};  ///< looked for here, and why there is none
};

/// `path.name`, or `name` at the top.
std::string join(const std::string& path, std::string_view name);
std::string join(const std::string& path, std::size_t index);

/// One map of the file. Reports as it goes; every getter gives nothing if what is there was refused.
class Fields {
 public:
  /// `path` is that of the map, empty at the top. If `node` is no map, that is reported and `ok()` is false.
  Fields(Report& report, const Node& node, std::string path, const KeySet& keys);

  bool ok() const { return ok_; }
  const std::string& path() const { return path_; }
  std::string path_of(std::string_view name) const { return join(path_, name); }

  /// The key's value if it is there and holds something; `key:` with nothing is reported.
  const Node* get(std::string_view name);
  /// The same, and reported if it is missing.
  const Node* need(std::string_view name, std::string_view expected);

  std::optional<std::string> text(std::string_view name);
  std::optional<std::string> need_text(std::string_view name, std::string_view expected);
  std::optional<bool> boolean(std::string_view name);
  std::optional<std::int64_t> duration(std::string_view name);
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t least, std::int64_t most);

  /// The key itself in the source; the map if it is not there.
  Span key_span(std::string_view name) const;
  void error(Span at, std::string code, std::string_view name, const std::string& message);

 private:
  void unknown(const Node& key, const KeySet& keys);

  Report& report_;
  const Node& node_;
  std::string path_;
  bool ok_;
  std::set<std::string> probably_meant_;
};

/// "`a`, `b` or `c`".
std::string one_of(const std::vector<std::string>& words);

/// The text of a scalar that must be text; reports what else it is.
std::optional<std::string> text_of(Report& report, const Node& node, const std::string& path);

/// Letters, digits, `_`, `-`, `.`; begins with a letter or digit; at most 64 characters. Reports what is not.
bool check_name(Report& report, const Node& node, const std::string& path);
/// A name that expressions can use: letters, digits, `_`, begins with no digit.
bool is_variable_name(std::string_view name);

}  // namespace tenon::config
