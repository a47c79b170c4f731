// Value: JSON as mappings see it. A 16-byte handle; what it points to lives in an Arena and never changes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/arena.hpp"
#include "base/result.hpp"

namespace tenon {

enum class Kind : std::uint8_t { missing, null, boolean, number, string, array, object, function };

/// The word for a kind in messages: "missing", "null", "boolean", ...
std::string_view name_of(Kind kind);

struct Member;

/// A trivially copyable view of a JSON value, or of its absence. It owns nothing: the Arena (usually a
/// Document's) that made it must outlive it. A number that was read and never computed with keeps its source
/// text, so 69.80 stays 69.80 and 2^53 + 1 stays exact. Flags are for the evaluator (JSONata sequences) and
/// mean nothing elsewhere.
class Value {
 public:
  constexpr Value() : items_(nullptr) {}

  static Value null() { return Value(Kind::null); }
  static Value boolean(bool b) {
    Value v(Kind::boolean);
    v.boolean_ = b;
    return v;
  }
  static Value number(double d) {
    Value v(Kind::number);
    v.number_ = d;
    return v;
  }
  /// `text` is a valid JSON number and outlives the value.
  static Value number_text(std::string_view text) {
    Value v(Kind::number);
    v.text_ = text.data();
    v.size_ = static_cast<std::uint32_t>(text.size());
    return v;
  }
  /// Borrows `text`.
  static Value string(std::string_view text) {
    Value v(Kind::string);
    v.text_ = text.data();
    v.size_ = static_cast<std::uint32_t>(text.size());
    return v;
  }
  /// Borrows `items`.
  static Value array(std::span<const Value> items) {
    Value v(Kind::array);
    v.items_ = items.data();
    v.size_ = static_cast<std::uint32_t>(items.size());
    return v;
  }
  /// Borrows `members`; names are distinct.
  static Value object(std::span<const Member> members);
  /// A callable of the evaluator; it is neither JSON nor comparable.
  static Value function(const void* callable) {
    Value v(Kind::function);
    v.function_ = callable;
    return v;
  }

  Kind kind() const { return kind_; }
  bool is_missing() const { return kind_ == Kind::missing; }
  bool is_null() const { return kind_ == Kind::null; }
  bool is_boolean() const { return kind_ == Kind::boolean; }
  bool is_number() const { return kind_ == Kind::number; }
  bool is_string() const { return kind_ == Kind::string; }
  bool is_array() const { return kind_ == Kind::array; }
  bool is_object() const { return kind_ == Kind::object; }
  bool is_function() const { return kind_ == Kind::function; }

  bool as_boolean() const { return boolean_; }
  /// The number as a double; a text beyond the range of doubles gives infinity.
  double as_double() const { return size_ ? parse_number() : number_; }
  /// The source text of an untouched number; empty for a computed one.
  std::string_view number_text() const { return {size_ ? text_ : nullptr, size_}; }
  std::string_view as_string() const { return {text_, size_}; }
  std::span<const Value> items() const { return {items_, size_}; }
  std::span<const Member> members() const;
  const void* as_function() const { return function_; }
  std::size_t size() const { return size_; }

  /// The member of that name, or missing; missing also for what is no object.
  Value get(std::string_view name) const;

  std::uint8_t flags() const { return flags_; }
  Value with_flags(std::uint8_t flags) const {
    Value v = *this;
    v.flags_ = flags;
    return v;
  }

 private:
  constexpr explicit Value(Kind kind) : kind_(kind), items_(nullptr) {}
  double parse_number() const;

  Kind kind_ = Kind::missing;
  std::uint8_t flags_ = 0;
  std::uint32_t size_ = 0;
  union {
    const char* text_;
    double number_;
    bool boolean_;
    const Value* items_;
    const Member* members_;
    const void* function_;
  };
};

struct Member {
  std::string_view name;
  Value value;
};

inline std::span<const Member> Value::members() const { return {members_, size_}; }

inline Value Value::object(std::span<const Member> members) {
  Value v(Kind::object);
  v.members_ = members.data();
  v.size_ = static_cast<std::uint32_t>(members.size());
  return v;
}

static_assert(sizeof(Value) == 16 && std::is_trivially_copyable_v<Value>);

/// Deep equality of JSON values. Numbers compare as doubles, objects without regard to order, functions
/// never.
bool equal(Value a, Value b);

/// A deep copy into `arena`.
Value copy(Value value, Arena& arena);

/// A value with the arena that holds it. Movable.
struct Document {
  Arena arena;
  Value root;
};

}  // namespace tenon
