// Value: JSON as mappings see it. A 16-byte handle; what it points to lives in an Arena and never changes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/arena.hpp"
#include "base/result.hpp"
#include "base/same_text.hpp"

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
  constexpr Value() : head_(0), items_(nullptr) {}

  static Value null() { return Value(Kind::null, 0); }
  static Value boolean(bool b) {
    Value v(Kind::boolean, 0);
    v.word_ = b ? 1 : 0;
    return v;
  }
  static Value number(double d) {
    Value v(Kind::number, 0);
    v.number_ = d;
    return v;
  }
  /// `text` is a valid JSON number and outlives the value.
  static Value number_text(std::string_view text) {
    Value v(Kind::number, text.size());
    v.text_ = text.data();
    return v;
  }
  /// Borrows `text`.
  static Value string(std::string_view text) {
    Value v(Kind::string, text.size());
    v.text_ = text.data();
    return v;
  }
  /// Borrows `items`.
  static Value array(std::span<const Value> items) {
    Value v(Kind::array, items.size());
    v.items_ = items.data();
    return v;
  }
  /// Borrows `members`; names are distinct.
  static Value object(std::span<const Member> members);
  /// A callable of the evaluator; it is neither JSON nor comparable.
  static Value function(const void* callable) {
    Value v(Kind::function, 0);
    v.function_ = callable;
    return v;
  }

  Kind kind() const { return static_cast<Kind>(head_ & 0xff); }
  bool is_missing() const { return kind() == Kind::missing; }
  bool is_null() const { return kind() == Kind::null; }
  bool is_boolean() const { return kind() == Kind::boolean; }
  bool is_number() const { return kind() == Kind::number; }
  bool is_string() const { return kind() == Kind::string; }
  bool is_array() const { return kind() == Kind::array; }
  bool is_object() const { return kind() == Kind::object; }
  bool is_function() const { return kind() == Kind::function; }

  bool as_boolean() const { return word_ != 0; }
  /// The number as a double; a text beyond the range of doubles gives infinity.
  double as_double() const { return size() != 0 ? parse_number() : number_; }
  /// The source text of an untouched number; empty for a computed one.
  std::string_view number_text() const { return {size() != 0 ? text_ : nullptr, size()}; }
  /// Empty for what is no string, as the next two are for what is no array and no object.
  std::string_view as_string() const { return {text_, is_string() ? size() : 0}; }
  std::span<const Value> items() const { return {items_, is_array() ? size() : 0}; }
  std::span<const Member> members() const;
  const void* as_function() const { return function_; }
  std::size_t size() const { return head_ >> kSizeShift; }

  /// The member of that name, or missing; missing also for what is no object.
  Value get(std::string_view name) const;

  std::uint8_t flags() const { return static_cast<std::uint8_t>(head_ >> kFlagsShift); }
  Value with_flags(std::uint8_t flags) const {
    Value v = *this;
    v.head_ = (head_ & ~(std::uint64_t{0xff} << kFlagsShift)) | (std::uint64_t{flags} << kFlagsShift);
    return v;
  }

 private:
  // Kind, flags and size are one word, which is written at once: fields of their own would be written one by
  // one, and a copy of 16 bytes right behind that waits until the processor has put the pieces together.
  static constexpr unsigned kFlagsShift = 8;
  static constexpr unsigned kSizeShift = 32;

  constexpr Value(Kind kind, std::uint64_t size)
      : head_(static_cast<std::uint64_t>(kind) | (size << kSizeShift)), items_(nullptr) {}
  double parse_number() const;

  std::uint64_t head_;
  union {
    const char* text_;
    double number_;
    std::uint64_t word_;
    const Value* items_;
    const Member* members_;
    const void* function_;
  };
};

struct Member {
  std::string_view name;
  Value value;
};

inline std::span<const Member> Value::members() const { return {members_, is_object() ? size() : 0}; }

inline Value Value::get(std::string_view name) const {
  if (!is_object()) return {};
  for (const Member& member : members()) {
    if (same_text(member.name, name)) return member.value;
  }
  return {};
}

inline Value Value::object(std::span<const Member> members) {
  Value v(Kind::object, members.size());
  v.members_ = members.data();
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
