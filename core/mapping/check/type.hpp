// Type: what is known of a value before there is one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/schema.hpp"
#include "base/value.hpp"

namespace tenon::mapping::check {

/// A set of kinds, one bit each.
using Kinds = std::uint16_t;
constexpr Kinds kMissing = 1, kNull = 2, kBoolean = 4, kNumber = 8, kString = 16, kArray = 32, kObject = 64,
                kFunction = 128;

struct Shape;
struct Callable;

/// How many characters a text has.
struct Length {
  std::size_t least = 0;
  std::optional<std::size_t> most;
  bool stated = false;  ///< `least` is what its owner allows, and not only what we can be sure of
};

/// All values that an expression can have. An empty set of kinds stands for "nothing is known": nothing is
/// ever reported of such a type. Values are cheap to copy; what they point to never changes.
struct Type {
  Kinds kinds = 0;
  bool integer = false;      ///< every number is whole
  bool money = false;        ///< a decimal amount, as text or number
  bool one_or_many = false;  ///< a list only if there are at least two, else the element itself or missing
  std::string format;        ///< of every string; empty: none known
  std::optional<Length> length;            ///< of every string; empty: nothing is known
  std::string head;                        ///< what every string begins with, as far as that is known
  std::vector<std::string> values;         ///< JSON texts of all that a scalar can be; empty: not known
  std::shared_ptr<const Shape> shape;      ///< of every object; null: members are not known
  std::shared_ptr<const Type> item;        ///< of every array; null: elements are not known
  std::shared_ptr<const Callable> callee;  ///< of a function, if it is known
  std::string maybe;  ///< what may be missing or null, as its author wrote it: `customer.phone`

  bool known() const { return kinds != 0; }
  bool may_be(Kinds some) const { return (kinds & some) != 0; }
  /// Known, and of these kinds alone.
  bool only(Kinds some) const { return known() && (kinds & ~some) == 0; }
  /// The kinds of what is there: neither missing nor null.
  Kinds present() const { return static_cast<Kinds>(kinds & ~(kMissing | kNull)); }
  /// The one value that it always has, as JSON; nullopt if there are others.
  std::optional<std::string> constant() const;
};

/// The members of an object.
struct Shape {
  std::vector<std::pair<std::string, Type>> fields;  ///< optional ones may be missing
  std::vector<std::string> secrets;                  ///< members that expressions never see
  bool open = false;                                 ///< others may be there too

  const Type* field(std::string_view name) const;
  std::vector<std::string> names() const;
};

Type of_kinds(Kinds kinds);
Type of_fields(std::vector<std::pair<std::string, Type>> fields, bool open = false);
Type of_items(Type item);
/// What a plugin declares of a value. Members marked x-secret are not among the fields.
Type of_schema(const Schema& schema);
/// A value that the file itself holds. `constant`: keep what it is, not only of which kind.
Type of_value(Value value, bool constant);

/// What is one of both.
Type join(const Type& a, const Type& b);
Type or_missing(Type type, std::string maybe);
/// The text that it becomes between other text; what is missing or null becomes nothing.
Type as_text(const Type& type);
/// Two texts, one behind the other.
Type appended(const Type& a, const Type& b);
/// Without missing and null; not known if nothing or a mixture is left.
Type narrowed(const Type& type);
/// What it is when lists are taken apart: elements, and what is no list.
Type elements(const Type& type);
/// None, one or many of that.
Type sequence_of(const Type& element);

/// "a string", "a number or null", "missing"; for messages.
std::string describe(Kinds kinds);

}  // namespace tenon::mapping::check
