#include "mapping/check/type.hpp"

#include <algorithm>
#include <array>

#include "base/json.hpp"
#include "base/text.hpp"

namespace tenon::mapping::check {
namespace {

constexpr std::size_t kMostValues = 64;  // an enumeration beyond is not followed

std::shared_ptr<const Shape> join_shapes(const Shape& a, const Shape& b) {
  auto made = std::make_shared<Shape>();
  made->open = a.open || b.open;
  made->secrets = a.secrets;
  made->secrets.insert(made->secrets.end(), b.secrets.begin(), b.secrets.end());
  for (const auto& [name, type] : a.fields) {
    const Type* other = b.field(name);
    made->fields.emplace_back(name, other ? join(type, *other) : b.open ? Type() : or_missing(type, name));
  }
  for (const auto& [name, type] : b.fields) {
    if (a.field(name) == nullptr) made->fields.emplace_back(name, a.open ? Type() : or_missing(type, name));
  }
  return made;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// The strings among JSON texts; nullopt if there are others, or none.
std::optional<std::vector<std::string>> strings_of(const std::vector<std::string>& values) {
  std::vector<std::string> out;
  for (const std::string& json : values) {
    const auto value = parse_json(json);
    if (!value) return std::nullopt;
    // How a fraction is written depends on whether it was touched.
    if (value->root.is_number() && json.find_first_of(".eE") != std::string::npos) return std::nullopt;
    out.push_back(value->root.is_string() ? std::string(value->root.as_string()) : json);
  }
  return out.empty() ? std::nullopt : std::optional(std::move(out));
}

std::string common_head(const std::string& a, const std::string& b) {
  const auto end = std::mismatch(
      a.begin(), a.begin() + static_cast<std::ptrdiff_t>(std::min(a.size(), b.size())), b.begin());
  std::string head(a.begin(), end.first);
  // Never a part of a character.
  while (!is_utf8(head)) head.pop_back();
  return head;
}

std::optional<Length> joined_length(const Type& a, const Type& b) {
  if (!a.may_be(kString)) return b.length;
  if (!b.may_be(kString)) return a.length;
  if (!a.length || !b.length) return std::nullopt;
  Length made;
  made.least = std::min(a.length->least, b.length->least);
  made.stated = a.length->least < b.length->least   ? a.length->stated
                : b.length->least < a.length->least ? b.length->stated
                                                    : a.length->stated || b.length->stated;
  if (a.length->most && b.length->most) made.most = std::max(*a.length->most, *b.length->most);
  return made;
}

/// Facts that hold of both where both have the kind, and of one where the other cannot have it.
template <class Fact>
Fact joined(const Type& a, const Type& b, Kinds kind, Fact Type::*fact) {
  if (!b.may_be(kind)) return a.*fact;
  if (!a.may_be(kind)) return b.*fact;
  return a.*fact == b.*fact ? a.*fact : Fact{};
}

}  // namespace

std::optional<std::string> Type::constant() const {
  constexpr Kinds kScalars = kBoolean | kNumber | kString;
  return only(kScalars) && values.size() == 1 ? std::optional(values.front()) : std::nullopt;
}

const Type* Shape::field(std::string_view name) const {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const auto& each) { return each.first == name; });
  return found == fields.end() ? nullptr : &found->second;
}

std::vector<std::string> Shape::names() const {
  std::vector<std::string> all;
  for (const auto& [name, type] : fields) all.push_back(name);
  return all;
}

Type of_kinds(Kinds kinds) {
  Type made;
  made.kinds = kinds;
  return made;
}

Type of_fields(std::vector<std::pair<std::string, Type>> fields, bool open) {
  auto shape = std::make_shared<Shape>();
  shape->fields = std::move(fields);
  shape->open = open;
  Type made = of_kinds(kObject);
  made.shape = std::move(shape);
  return made;
}

Type of_items(Type item) {
  Type made = of_kinds(kArray);
  made.item = std::make_shared<Type>(std::move(item));
  return made;
}

Type of_schema(const Schema& schema) {
  Type made;
  const TypeSet& types = schema.types;
  const auto add = [&](bool there, Kinds kind) { made.kinds |= there ? kind : Kinds{0}; };
  add(types.null, kNull);
  add(types.boolean, kBoolean);
  add(types.integer || types.number, kNumber);
  add(types.string, kString);
  add(types.array, kArray);
  add(types.object, kObject);
  if (!made.known()) return made;
  made.integer = types.integer && !types.number;
  made.money = schema.decimal;
  made.format = schema.format;
  if (schema.min_length || schema.max_length)
    made.length = Length{schema.min_length.value_or(0), schema.max_length, true};
  for (const std::string& value : schema.enumeration) {
    if (value != "null") made.values.push_back(value);
  }
  if (schema.items) made.item = std::make_shared<Type>(of_schema(*schema.items));
  if (schema.properties.empty()) return made;
  auto shape = std::make_shared<Shape>();
  shape->open = schema.additional_properties;
  for (const auto& [name, property] : schema.properties) {
    if (property->secret) {
      shape->secrets.push_back(name);
    } else {
      const bool always = schema.requires_member(name) || !property->default_json.empty();
      Type type = of_schema(*property);
      shape->fields.emplace_back(name, always ? std::move(type) : or_missing(std::move(type), name));
    }
  }
  made.shape = std::move(shape);
  return made;
}

Type of_value(Value value, bool constant) {
  switch (value.kind()) {
    case Kind::missing:
      return of_kinds(kMissing);
    case Kind::null:
      return of_kinds(kNull);
    case Kind::boolean:
    case Kind::number:
    case Kind::string: {
      Type made = of_kinds(value.is_boolean() ? kBoolean : value.is_number() ? kNumber : kString);
      if (constant) made.values.push_back(to_json(value));
      if (constant && value.is_string()) {
        made.length = Length{characters(value.as_string()), characters(value.as_string()), true};
        made.head = value.as_string();
      }
      made.integer = value.is_number() &&
                     value.as_double() == static_cast<double>(static_cast<long long>(value.as_double()));
      return made;
    }
    case Kind::array: {
      if (value.size() == 0) return of_kinds(kArray);
      Type item = of_value(value.items().front(), constant);
      for (const Value each : value.items().subspan(1)) item = join(item, of_value(each, constant));
      return of_items(std::move(item));
    }
    case Kind::object: {
      std::vector<std::pair<std::string, Type>> fields;
      for (const Member& member : value.members())
        fields.emplace_back(member.name, of_value(member.value, constant));
      return of_fields(std::move(fields));
    }
    case Kind::function:
      break;
  }
  return {};
}

Type join(const Type& a, const Type& b) {
  if (!a.known() || !b.known()) return {};
  Type made = of_kinds(a.kinds | b.kinds);
  constexpr Kinds kScalars = kBoolean | kNumber | kString;
  made.integer = joined(a, b, kNumber, &Type::integer);
  made.money = a.money || b.money;
  made.one_or_many = a.one_or_many || b.one_or_many;
  made.format = joined(a, b, kString, &Type::format);
  made.length = joined_length(a, b);
  made.head = !a.may_be(kString) ? b.head : !b.may_be(kString) ? a.head : common_head(a.head, b.head);
  if (!a.may_be(kScalars) || !b.may_be(kScalars)) {
    made.values = a.may_be(kScalars) ? a.values : b.values;
  } else if (!a.values.empty() && !b.values.empty()) {
    made.values = a.values;
    for (const std::string& value : b.values) {
      if (std::find(a.values.begin(), a.values.end(), value) == a.values.end()) made.values.push_back(value);
    }
    if (made.values.size() > kMostValues) made.values.clear();
  }
  if (a.may_be(kObject) && b.may_be(kObject)) {
    if (a.shape && b.shape) made.shape = a.shape == b.shape ? a.shape : join_shapes(*a.shape, *b.shape);
  } else {
    made.shape = a.may_be(kObject) ? a.shape : b.shape;
  }
  if (a.may_be(kArray) && b.may_be(kArray)) {
    if (a.item && b.item) made.item = std::make_shared<Type>(join(*a.item, *b.item));
  } else {
    made.item = a.may_be(kArray) ? a.item : b.item;
  }
  made.callee = joined(a, b, kFunction, &Type::callee);
  made.maybe = a.may_be(kMissing | kNull) ? a.maybe : b.maybe;
  return made;
}

Type or_missing(Type type, std::string maybe) {
  if (!type.known()) return type;
  type.kinds |= kMissing;
  if (type.maybe.empty()) type.maybe = std::move(maybe);
  return type;
}

Type as_text(const Type& type) {
  Type made = of_kinds(kString);
  const bool may_miss = type.may_be(kMissing | kNull);
  if (const auto strings = type.only(kBoolean | kNumber | kString) ? strings_of(type.values) : std::nullopt) {
    made.head = strings->front();
    made.length = Length{characters(strings->front()), characters(strings->front()), true};
    for (const std::string& text : *strings) {
      made.values.push_back(json_string(text));
      made.head = common_head(made.head, text);
      made.length->least = std::min(made.length->least, characters(text));
      made.length->most = std::max(*made.length->most, characters(text));
    }
  } else if (type.only(kString | kMissing | kNull)) {
    made.length = type.length;
    made.head = may_miss ? "" : type.head;
    if (made.length && may_miss) made.length->least = 0;
  } else if (type.only(kNumber | kBoolean)) {
    made.length = Length{1, type.only(kBoolean) ? std::optional<std::size_t>(5) : std::nullopt, true};
  }
  return made;
}

Type appended(const Type& a, const Type& b) {
  Type made = of_kinds(kString);
  const auto left = strings_of(a.values);
  const auto right = strings_of(b.values);
  if (left && right && left->size() * right->size() <= kMostValues) {
    for (const std::string& head : *left)
      for (const std::string& tail : *right) made.values.push_back(json_string(head + tail));
  }
  const Length x = a.length.value_or(Length{});
  const Length y = b.length.value_or(Length{});
  Length length{x.least + y.least, std::nullopt, x.stated && y.stated};
  if (x.most && y.most) length.most = *x.most + *y.most;
  if (length.most || length.least > 0) made.length = length;
  const bool all_of_a = left && left->size() == 1;
  made.head = all_of_a ? left->front() + b.head : a.head;
  return made;
}

Type narrowed(const Type& type) {
  const Kinds left = type.present();
  if (left == 0 || (left & (left - 1)) != 0) return {};
  Type made = type;
  made.kinds = left;
  made.maybe.clear();
  return made;
}

Type elements(const Type& type) {
  if (!type.may_be(kArray)) return type;
  Type rest = type;
  rest.kinds = static_cast<Kinds>(rest.kinds & ~kArray);
  rest.item = nullptr;
  rest.one_or_many = false;
  const Type inside = type.item ? elements(*type.item) : Type();
  return rest.known() ? join(rest, inside) : inside;
}

Type sequence_of(const Type& element) {
  if (!element.known()) return {};
  Type one = element;
  one.kinds = static_cast<Kinds>(one.kinds & ~kMissing);
  if (!one.known()) return of_kinds(kMissing);
  Type made = one;
  made.kinds |= kMissing | kArray;
  made.item = std::make_shared<Type>(std::move(one));
  made.one_or_many = true;
  return made;
}

std::string describe(Kinds kinds) {
  constexpr std::array<std::pair<Kinds, std::string_view>, 8> kNames = {{{kObject, "an object"},
                                                                         {kArray, "a list"},
                                                                         {kString, "a string"},
                                                                         {kNumber, "a number"},
                                                                         {kBoolean, "true or false"},
                                                                         {kFunction, "a function"},
                                                                         {kNull, "null"},
                                                                         {kMissing, "nothing"}}};
  std::string out;
  for (const auto& [kind, name] : kNames) {
    if ((kinds & kind) != 0) out += (out.empty() ? "" : " or ") + std::string(name);
  }
  return out.empty() ? "anything" : out;
}

}  // namespace tenon::mapping::check
