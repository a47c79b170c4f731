#include "base/schema.hpp"

#include <algorithm>
#include <charconv>

#include "base/json.hpp"
#include "base/schema_compiled.hpp"
#include "base/schema_formats.hpp"
#include "base/text.hpp"

namespace tenon {
namespace {

/// Where a value stands; built into a pointer only when something is wrong.
struct Place {
  const Place* parent = nullptr;
  std::string_view name;
  std::size_t index = 0;
  bool in_array = false;

  std::string pointer() const {
    if (!parent) return {};
    return parent->pointer() + "/" + (in_array ? std::to_string(index) : pointer_token(name));
  }
};

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string with_article(const std::string& types) {
  const bool vowel =
      !types.empty() && std::string_view("aeiou").find(types.front()) != std::string_view::npos;
  return types.starts_with("null") ? types : (vowel ? "an " : "a ") + types;
}

std::string number_text(double number) {
  std::string out;
  append_number(out, number);
  return out;
}

}  // namespace

bool TypeSet::allows(Kind kind) const {
  switch (kind) {
    case Kind::null:
      return null;
    case Kind::boolean:
      return boolean;
    case Kind::number:
      return number || integer;
    case Kind::string:
      return string;
    case Kind::array:
      return array;
    case Kind::object:
      return object;
    default:
      return false;
  }
}

std::string TypeSet::text() const {
  std::vector<std::string_view> names;
  if (boolean) names.emplace_back("boolean");
  if (number) names.emplace_back("number");
  if (integer) names.emplace_back("integer");
  if (string) names.emplace_back("string");
  if (array) names.emplace_back("array");
  if (object) names.emplace_back("object");
  if (null) names.emplace_back("null");
  if (names.empty()) return "value";
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += i + 1 == names.size() ? " or " : ", ";
    out += names[i];
  }
  return out;
}

/// One validation; recursion is bounded by the schema's depth.
class SchemaCheck {
 public:
  SchemaCheck(std::vector<Schema::Violation>& out, std::size_t limit) : out_(out), limit_(limit) {}

  void check(const Schema& s, Value value, const Place& place) {
    if (full()) return;
    if (value.is_function()) return wrong(place, with_article(s.types.text()), "function");
    if (s.types.any() && !fits_types(s, value))
      return wrong(place, with_article(s.types.text()), kind_of(value));
    if (!s.enumeration.empty() && !enumerated(s, value)) return wrong(place, one_of(s), kind_of(value));
    switch (value.kind()) {
      case Kind::object:
        return object(s, value, place);
      case Kind::array:
        return array(s, value, place);
      case Kind::string:
        return string(s, value.as_string(), place);
      case Kind::number:
        return number(s, value, place);
      default:
        return;
    }
  }

 private:
  bool full() const { return out_.size() >= limit_; }
  void wrong(const Place& place, std::string expected, std::string found, std::string name = {}) {
    if (!full()) out_.push_back({place.pointer(), std::move(expected), std::move(found), std::move(name)});
  }
  static std::string kind_of(Value value) {
    return value.is_missing() ? "nothing" : std::string(name_of(value.kind()));
  }
  static bool fits_types(const Schema& s, Value value) {
    if (!s.types.allows(value.kind())) return false;
    return !value.is_number() || s.types.number || is_integer(value);
  }
  static bool enumerated(const Schema& s, Value value) {
    const auto& all = s.compiled_->enumeration;
    return std::any_of(all.begin(), all.end(), [&](Value one) { return equal(one, value); });
  }
  static std::string one_of(const Schema& s) {
    constexpr std::size_t kShown = 20;
    std::string out = s.enumeration.size() == 1 ? "" : "one of ";
    for (std::size_t i = 0; i < s.enumeration.size() && i < kShown; ++i) {
      if (i > 0) out += ", ";
      const Value one = s.compiled_->enumeration[i];
      out += one.is_string() ? std::string(one.as_string()) : s.enumeration[i];
    }
    return s.enumeration.size() > kShown ? out + ", …" : out;
  }

  void object(const Schema& s, Value value, const Place& place) {
    for (const Member& member : value.members()) {
      if (full()) return;
      // A missing member is written by nobody: mappings leave such keys out.
      if (member.value.is_missing()) continue;
      const Place here{&place, member.name};
      if (const Schema* property = s.property(member.name)) {
        check(*property, member.value, here);
      } else if (!s.additional_properties) {
        wrong(here, "no member of this name", kind_of(member.value), std::string(member.name));
      }
    }
    for (const std::string& name : s.required) {
      if (full()) return;
      if (!value.get(name).is_missing()) continue;
      const Schema* property = s.property(name);
      wrong(Place{&place, name}, with_article(property ? property->types.text() : "value"), "nothing");
    }
  }
  void array(const Schema& s, Value value, const Place& place) {
    const std::size_t size = value.size();
    if (s.min_items && size < *s.min_items)
      wrong(place, "at least " + std::to_string(*s.min_items) + " items", std::to_string(size));
    if (s.max_items && size > *s.max_items)
      wrong(place, "at most " + std::to_string(*s.max_items) + " items", std::to_string(size));
    if (!s.items) return;
    for (std::size_t i = 0; i < size && !full(); ++i)
      check(*s.items, value.items()[i], Place{&place, {}, i, true});
  }
  void string(const Schema& s, std::string_view text, const Place& place) {
    if (s.min_length || s.max_length) {
      const std::size_t size = code_points(text);
      if (s.min_length && size < *s.min_length)
        wrong(place, "at least " + std::to_string(*s.min_length) + " characters", std::to_string(size));
      if (s.max_length && size > *s.max_length)
        wrong(place, "at most " + std::to_string(*s.max_length) + " characters", std::to_string(size));
    }
    if (s.compiled_->pattern && !s.compiled_->pattern->found_in(text))
      wrong(place, "a string that matches " + s.pattern, "another string");
    if (!s.format.empty() && !fits_format(s.format, text))
      wrong(place, with_article(s.format), "another string");
  }
  void number(const Schema& s, Value value, const Place& place) {
    const double n = value.as_double();
    if (s.minimum && n < *s.minimum) wrong(place, "at least " + number_text(*s.minimum), "a smaller number");
    if (s.maximum && n > *s.maximum) wrong(place, "at most " + number_text(*s.maximum), "a larger number");
  }

  std::vector<Schema::Violation>& out_;
  std::size_t limit_;
};

std::vector<Schema::Violation> Schema::validate(Value value, std::size_t limit) const {
  std::vector<Violation> out;
  SchemaCheck(out, limit).check(*this, value, Place{});
  return out;
}

namespace {

/// The text as one of the wanted types, or the text itself.
Value coerced(const TypeSet& types, Value value) {
  if (!types.any() || types.string) return value;
  const std::string_view text = value.as_string();
  if (types.boolean && (text == "true" || text == "false")) return Value::boolean(text == "true");
  if (types.null && text == "null") return Value::null();
  if (!types.number && !types.integer) return value;
  Arena scratch;
  const auto read = parse_json(text, scratch, JsonLimits{.depth = 0});
  if (!read || !read->is_number() || read->number_text() != text) return value;
  const Value number = Value::number_text(text);
  return types.number || is_integer(number) ? number : value;
}

}  // namespace

Value Schema::fill(Value value, Arena& arena, bool coerce_text) const {
  if (value.is_missing()) return compiled_->default_value;
  if (value.is_string()) return coerce_text ? coerced(types, value) : value;
  if (value.is_array() && items) {
    Value* to = arena.array<Value>(value.size());
    for (std::size_t i = 0; i < value.size(); ++i)
      new (to + i) Value(items->fill(value.items()[i], arena, coerce_text));
    return Value::array({to, value.size()});
  }
  if (!value.is_object() || properties.empty()) return value;
  Member* to = arena.array<Member>(value.size() + properties.size());
  std::size_t count = 0;
  for (const Member& member : value.members()) {
    const Schema* schema = property(member.name);
    new (to + count++)
        Member{member.name, schema ? schema->fill(member.value, arena, coerce_text) : member.value};
  }
  for (const auto& [name, schema] : properties) {
    if (schema->default_json.empty() ||
        std::any_of(to, to + count, [&n = name](const Member& m) { return m.name == n; }))
      continue;
    new (to + count++) Member{name, schema->compiled_->default_value};
  }
  return Value::object({to, count});
}

const Schema* Schema::property(std::string_view name) const {
  for (const auto& [known, schema] : properties)
    if (known == name) return schema.get();
  return nullptr;
}

bool Schema::requires_member(std::string_view name) const {
  return std::find(required.begin(), required.end(), name) != required.end();
}

}  // namespace tenon
