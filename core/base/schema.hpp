// Schema: the closed subset of JSON Schema that manifests speak; one model for validation, checking, docs and
// completion.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/value.hpp"

namespace tenon {

/// A set of JSON types.
struct TypeSet {
  bool null = false, boolean = false, integer = false, number = false, string = false, array = false,
       object = false;
  bool any() const { return null || boolean || integer || number || string || array || object; }
  bool allows(Kind kind) const;
  /// "string or null", for messages.
  std::string text() const;
};

/// Keywords: type (name or list), properties, required, additionalProperties (boolean), items, enum, const,
/// pattern, format (those of schema_formats.hpp), minimum, maximum, minLength, maxLength,
/// minItems, maxItems, default, description, x-secret, x-identity, x-decimal. Any other keyword is an error,
/// so that nothing is ignored silently; so is one that does not fit the types (`items` without array).
/// `pattern` is what base/pattern.hpp says. Immutable.
class Schema {
 public:
  /// Errors: `invalid_schema`, naming the JSON pointer of the offender; `at` is the pointer of the schema
  /// itself, put before it. At most 32 levels.
  static Result<std::shared_ptr<const Schema>> parse(Value schema, std::string_view at = {});

  struct Violation {
    std::string
        path;  ///< JSON pointer of the offending value; for a missing member, of where it should stand
    std::string expected;  ///< "a string", "one of a, b", ...
    std::string found;     ///< the type found, or "nothing"; for bounds what was measured; never the value
    std::string name;      ///< of an unknown member, for suggestions; else empty
  };
  /// Everything that is wrong with `value`, in document order; at most `limit`.
  std::vector<Violation> validate(Value value, std::size_t limit = 20) const;

  /// `value` with defaults put in where members are missing; `coerce_text` also turns strings into the wanted
  /// integer, number or boolean where they read as one (for values that came from ${NAME}), unless a string
  /// fits as it is. The result borrows from `value` and `arena`, and defaults from this schema.
  Value fill(Value value, Arena& arena, bool coerce_text) const;

  TypeSet types;
  std::vector<std::pair<std::string, std::shared_ptr<const Schema>>> properties;  ///< in the order written
  std::vector<std::string> required;
  bool additional_properties = true;
  std::shared_ptr<const Schema> items;
  std::vector<std::string> enumeration;  ///< JSON texts; const is an enum of one
  std::string pattern;
  std::string format;
  std::optional<double> minimum, maximum;
  std::optional<std::size_t> min_length, max_length, min_items, max_items;
  std::string default_json;  ///< empty: none
  std::string description;
  bool secret = false, identity = false, decimal = false;

  const Schema* property(std::string_view name) const;
  bool requires_member(std::string_view name) const;

 private:
  friend class SchemaParser;
  friend class SchemaCheck;
  /// The pattern, the enumeration and the default, ready to use.
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace tenon
