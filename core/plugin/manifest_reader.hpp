// Reading a manifest: typed access to its members, the first error kept, unknown members refused.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/schema.hpp"

namespace tenon::plugin {

/// An identifier as connectors, operations and settings have it: a lower-case letter, then letters, digits,
/// `_` and `-`.
bool is_identifier(std::string_view text);

/// One JSON object of the manifest. Each getter remembers the name asked for; `end` refuses the rest. After
/// the first error getters return empty values, so that reading goes on without checks.
class ManifestObject {
 public:
  /// `at` is the object's JSON pointer.
  ManifestObject(std::optional<Error>& error, Value value, std::string at);

  const std::string& at() const { return at_; }
  bool has(std::string_view name);
  Value get(std::string_view name);

  /// Empty if absent and not required.
  std::string text(std::string_view name, bool required = false, std::size_t most = 200);
  /// Required, and an identifier.
  std::string identifier(std::string_view name);
  /// A header's name (RFC 9110 token).
  std::string header(std::string_view name, bool required = false);
  bool flag(std::string_view name);
  std::uint64_t number(std::string_view name, std::uint64_t absent, std::uint64_t most,
                       bool required = false);
  /// "7s", "15m", "48h", "30d" in milliseconds; 0 if absent.
  std::uint64_t duration(std::string_view name);
  /// One of `words`; its index. Absent: 0, if not required.
  std::size_t word(std::string_view name, std::span<const std::string_view> words, bool required = false);
  /// An array of texts; empty if absent. With `or_one` a lone text is an array of one.
  std::vector<std::string> texts(std::string_view name, bool required = false, bool or_one = false);
  /// Absent: a schema that fits everything, or nullptr with `or_null`.
  std::shared_ptr<const Schema> schema(std::string_view name, bool required, bool or_null = false);
  /// The elements of an array with their pointers.
  std::vector<ManifestObject> objects(std::string_view name, bool required = false);
  /// The members of an object of objects, with their names.
  std::vector<std::pair<std::string, ManifestObject>> named(std::string_view name);
  ManifestObject object(std::string_view name, bool required = false);

  void fail(std::string_view member, std::string what);
  /// All members have been asked for, else an error with the nearest name.
  void end();

 private:
  Value need(std::string_view name, bool required);
  std::string pointer(std::string_view name) const;

  std::optional<Error>* error_;
  Value value_;
  std::string at_;
  std::vector<std::string> asked_;
};

}  // namespace tenon::plugin
