// Operators, wildcards and grouping.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <unordered_map>

#include "mapping/jsonata/evaluator.hpp"
#include "mapping/jsonata/unicode.hpp"

namespace tenon::mapping::jsonata {
namespace {

std::string found(Value value) { return ", found " + std::string(name_of(value.kind())); }

std::string_view symbol(Op op) {
  switch (op) {
    case Op::add:
      return "+";
    case Op::subtract:
      return "-";
    case Op::multiply:
      return "*";
    case Op::divide:
      return "/";
    case Op::modulo:
      return "%";
    case Op::less:
      return "<";
    case Op::less_equal:
      return "<=";
    case Op::greater:
      return ">";
    case Op::greater_equal:
      return ">=";
    default:
      return "operator";
  }
}

}  // namespace

Value Evaluator::binary(const Node* node, Value input, Frame* frame) {
  const Value left = evaluate(node->lhs, input, frame);
  if (node->op == Op::logical_and) {
    return Value::boolean(truthy(left) && truthy(evaluate(node->rhs, input, frame)));
  }
  if (node->op == Op::logical_or) {
    return Value::boolean(truthy(left) || truthy(evaluate(node->rhs, input, frame)));
  }
  const Value right = evaluate(node->rhs, input, frame);
  switch (node->op) {
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
    case Op::modulo:
      return arithmetic(node, left, right);
    case Op::equal:
      return Value::boolean(!left.is_missing() && !right.is_missing() && equal(left, right));
    case Op::not_equal:
      return Value::boolean(!left.is_missing() && !right.is_missing() && !equal(left, right));
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
      return compare(node, left, right);
    case Op::concat:
      site_ = node;
      return concat(left, right);
    case Op::in:
      return Value::boolean(!left.is_missing() && !right.is_missing() && contains(right, left));
    default:
      return range(node, left, right);
  }
}

double Evaluator::operand(const Node* node, Value value, bool left) {
  if (value.is_number()) {
    const double number = value.as_double();
    if (std::isfinite(number)) return number;
    if (std::isinf(number)) fail("D1001", "a number is out of range");
  }
  fail_at(node, left ? "T2001" : "T2002",
          std::string(left ? "the left" : "the right") + " side of the " + std::string(symbol(node->op)) +
              " operator must be a number" + found(value));
}

Value Evaluator::arithmetic(const Node* node, Value left, Value right) {
  site_ = node;
  const double a = left.is_missing() ? 0 : operand(node, left, true);
  const double b = right.is_missing() ? 0 : operand(node, right, false);
  if (left.is_missing() || right.is_missing()) return {};
  switch (node->op) {
    case Op::add:
      return Value::number(a + b);
    case Op::subtract:
      return Value::number(a - b);
    case Op::multiply:
      return Value::number(a * b);
    case Op::divide:
      return Value::number(a / b);
    default:
      return Value::number(std::fmod(a, b));
  }
}

namespace {

constexpr std::size_t kIntegerDigits = 24;

/// What $string gives for texts, whole numbers and what is missing; false for all else.
bool plain_text(Value value, char* digits, std::string_view& out) {
  if (value.is_string()) {
    out = value.as_string();
    return true;
  }
  if (!value.is_number()) return value.is_missing();
  out = value.number_text();
  if (!out.empty()) return is_plain_integer(out) && out != "-0";
  constexpr double kExactly = 9007199254740992;  // 2^53
  const double number = value.as_double();
  if (!(number > -kExactly && number < kExactly && number == std::trunc(number))) return false;
  const auto end = std::to_chars(digits, digits + kIntegerDigits, static_cast<std::int64_t>(number));
  out = {digits, static_cast<std::size_t>(end.ptr - digits)};
  return true;
}

}  // namespace

/// In the arena, without a string of its own if both sides are texts.
Value Evaluator::concat(Value left, Value right) {
  char digits[2][kIntegerDigits];
  std::string_view a;
  std::string_view b;
  if (!plain_text(left, digits[0], a) || !plain_text(right, digits[1], b)) {
    std::string text;
    append_string(text, left);
    append_string(text, right);
    return string(text);
  }
  const std::size_t size = a.size() + b.size();
  return make_string(size, [a, b](char* to) {
    std::copy(a.begin(), a.end(), to);
    std::copy(b.begin(), b.end(), to + a.size());
  });
}

int Evaluator::order_of(Value a, Value b) {
  if (a.is_string()) {
    charge(std::min(a.size(), b.size()) / 64);
    return compare_utf16(a.as_string(), b.as_string());
  }
  const double left = a.as_double();
  const double right = b.as_double();
  return left < right ? -1 : (left > right ? 1 : 0);
}

Value Evaluator::compare(const Node* node, Value left, Value right) {
  for (const Value side : {left, right}) {
    if (side.is_missing() || side.is_string() || side.is_number()) continue;
    fail_at(node, "T2010",
            "both sides of the " + std::string(symbol(node->op)) + " operator must be numbers or strings" +
                found(side));
  }
  if (left.is_missing() || right.is_missing()) return {};
  if (left.kind() != right.kind()) {
    fail_at(node, "T2009",
            "both sides of the " + std::string(symbol(node->op)) + " operator must be of one type, found " +
                std::string(name_of(left.kind())) + " and " + std::string(name_of(right.kind())));
  }
  if (left.is_number()) {
    const double a = left.as_double();
    const double b = right.as_double();
    switch (node->op) {  // false for what is no number
      case Op::less:
        return Value::boolean(a < b);
      case Op::less_equal:
        return Value::boolean(a <= b);
      case Op::greater:
        return Value::boolean(a > b);
      default:
        return Value::boolean(a >= b);
    }
  }
  const int order = order_of(left, right);
  switch (node->op) {
    case Op::less:
      return Value::boolean(order < 0);
    case Op::less_equal:
      return Value::boolean(order <= 0);
    case Op::greater:
      return Value::boolean(order > 0);
    default:
      return Value::boolean(order >= 0);
  }
}

/// As the reference: by value for what is simple, by identity for lists and objects.
bool Evaluator::contains(Value list, Value item) {
  const std::span<const Value> items = list.is_array() ? list.items() : std::span<const Value>(&list, 1);
  charge(items.size() / 8);
  for (const Value candidate : items) {
    if (candidate.kind() != item.kind()) continue;
    switch (item.kind()) {
      case Kind::array:
        if (candidate.items().data() == item.items().data() && candidate.size() == item.size()) return true;
        break;
      case Kind::object:
        if (candidate.members().data() == item.members().data() && candidate.size() == item.size())
          return true;
        break;
      case Kind::function:
        if (candidate.as_function() == item.as_function()) return true;
        break;
      default:
        if (tenon::equal(candidate, item)) return true;
    }
  }
  return false;
}

Value Evaluator::range(const Node* node, Value left, Value right) {
  const auto is_integer = [](Value value) {
    return value.is_number() && std::isfinite(value.as_double()) &&
           value.as_double() == std::floor(value.as_double());
  };
  if (!left.is_missing() && !is_integer(left)) {
    fail_at(node, "T2003", "the left side of the range operator (..) must be an integer" + found(left));
  }
  if (!right.is_missing() && !is_integer(right)) {
    fail_at(node, "T2004", "the right side of the range operator (..) must be an integer" + found(right));
  }
  if (left.is_missing() || right.is_missing()) return {};
  const double first = left.as_double();
  const double last = right.as_double();
  if (first > last) return {};
  constexpr double kMost = 1e7;
  const double size = last - first + 1;
  if (size > kMost) {
    fail_at(node, "D2014", "the range operator (..) must not make more than 10,000,000 numbers");
  }
  const auto count = static_cast<std::size_t>(size);
  charge(count / 4);
  Value* items = allocate<Value>(count);
  for (std::size_t i = 0; i < count; ++i) {
    new (items + i) Value(Value::number(first + static_cast<double>(i)));
  }
  return array({items, count}, kSequence);
}

Value Evaluator::wildcard(Value input) {
  if (input.is_array() && has(input, kOuter) && input.size() > 0) input = input.items()[0];
  Sequence made(*this);
  bool plain = false;  // once a list was put in, the reference's result is a list, not a sequence
  const auto add = [&](Value value) {
    charge(1);
    if (!value.is_array()) {
      made.push(value);
      return;
    }
    plain = true;
    flatten(value, made);
  };
  if (input.is_array()) {
    for (const Value item : input.items()) add(item);
  } else if (input.is_object()) {
    for (const Member& member : input.members()) add(member.value);
  }
  return made.value(plain ? 0 : kSequence);
}

void Evaluator::flatten(Value list, Sequence& out) {
  const Nested nested(*this);
  charge(1 + list.size() / 8);
  for (const Value item : list.items()) {
    if (item.is_array()) {
      flatten(item, out);
    } else {
      out.push(item);
    }
  }
}

void Evaluator::descend(Value value, Sequence& out) {
  const Nested nested(*this);
  charge(1);
  if (!value.is_array()) out.push(value);
  if (value.is_array()) {
    for (const Value item : value.items()) descend(item, out);
  } else if (value.is_object()) {
    for (const Member& member : value.members()) descend(member.value, out);
  }
}

Value Evaluator::descendants(Value input) {
  if (input.is_missing()) return {};
  Sequence made(*this);
  descend(input, made);
  return made.size() == 1 ? made.items()[0] : made.value();
}

Value Evaluator::reduce_tuples(std::span<const Value> tuples) {
  Members made(*this);
  for (const Value tuple : tuples) {
    for (const Member& member : tuple.members()) {
      const Value* before = made.find(member.name);
      made.set(member.name, before == nullptr ? member.value : append(*before, member.value));
    }
  }
  return made.value();
}

/// An object constructor as most are: one context, each pair its own member. All keys come before all values.
Value Evaluator::object_of_one(const Group& group, Value item, Frame* frame, std::uint32_t offset) {
  Member* made = allocate<Member>(group.pairs.size());
  std::size_t size = 0;
  for (const Pair& pair : group.pairs) {
    const Value key = pair.key->type == NodeType::literal ? pair.key->value : evaluate(pair.key, item, frame);
    // A missing key leaves its pair out; the empty view of a null pointer marks it.
    std::string_view name;
    if (!key.is_missing()) {
      if (!key.is_string()) {
        throw EvaluationFailure{{"T1003", "a key of an object must be a string" + found(key), offset, 1}};
      }
      name = key.size() > 0 ? key.as_string() : std::string_view("");
      for (std::size_t i = 0; i < size; ++i) {
        if (made[i].name.data() == nullptr || made[i].name != name) continue;
        throw EvaluationFailure{{"D1009", "several keys of an object come out the same", offset, 1}};
      }
    }
    new (made + size++) Member{name, Value()};
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < size; ++i) {
    if (made[i].name.data() == nullptr) continue;
    const Value value = evaluate(group.pairs[i].value, item, frame);
    if (!value.is_missing()) made[kept++] = {made[i].name, value};
  }
  return Value::object({made, kept});
}

Value Evaluator::object(const Node* node, Value input, Frame* frame) {
  if (!node->distinct_keys || input.is_array()) {
    return group(Group{node->pairs, node->offset}, input, frame, node->offset);
  }
  Member* made = allocate<Member>(node->pairs.size());
  std::size_t size = 0;
  for (const Pair& pair : node->pairs) {
    const Value value = evaluate(pair.value, input, frame);
    if (value.is_missing()) continue;
    const Value name = pair.key->value;
    new (made + size++) Member{name.size() > 0 ? name.as_string() : std::string_view(""), value};
  }
  return Value::object({made, size});
}

Value Evaluator::group(const Group& group, Value input, Frame* frame, std::uint32_t offset) {
  struct Entry {
    std::string_view key;
    const Pair* pair;
    Sequence items;
  };
  const auto fail_here = [&](std::string code, std::string message) {
    throw EvaluationFailure{{std::move(code), std::move(message), offset, 1}};
  };
  const bool tuples = input.is_array() && has(input, kTuples);
  std::span<const Value> items = input.is_array() ? input.items() : std::span<const Value>(&input, 1);
  const Value missing;
  if (items.empty() && !tuples) items = {&missing, 1};
  constexpr std::size_t kFewPairs = 16;
  if (items.size() == 1 && !tuples && group.pairs.size() <= kFewPairs) {
    return object_of_one(group, items.front(), frame, offset);
  }
  Entry* data = nullptr;
  std::size_t count = 0;
  std::size_t capacity = 0;
  const auto add_entry = [&](std::string_view key, const Pair* pair) {
    if (count == capacity) {
      capacity = std::max<std::size_t>(4, capacity * 2);
      Entry* grown = allocate<Entry>(capacity);
      std::uninitialized_copy_n(data, count, grown);
      data = grown;
    }
    return new (data + count++) Entry{key, pair, Sequence(*this)};
  };
  std::optional<std::unordered_map<std::string_view, std::size_t>> index;
  const auto entry_of = [&](std::string_view key) -> Entry* {
    constexpr std::size_t kSmall = 16;
    if (count >= kSmall) {
      if (!index) {
        index.emplace();
        for (std::size_t i = 0; i < count; ++i) index->emplace(data[i].key, i);
      }
      const auto at = index->find(key);
      return at == index->end() ? nullptr : data + at->second;
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (same_text(data[i].key, key)) return data + i;
    }
    return nullptr;
  };
  for (const Value item : items) {
    Frame* inner = tuples ? tuple_frame(frame, item) : frame;
    for (const Pair& pair : group.pairs) {
      const Value key = evaluate(pair.key, tuples ? item.get("@") : item, inner);
      if (key.is_missing()) continue;
      if (!key.is_string()) fail_here("T1003", "a key of an object must be a string" + found(key));
      Entry* entry = entry_of(key.as_string());
      if (entry == nullptr) {
        if (index) index->emplace(key.as_string(), count);
        entry = add_entry(key.as_string(), &pair);
      } else if (entry->pair != &pair) {
        fail_here("D1009", "several keys of an object come out the same");
      }
      entry->items.push(item);
    }
  }
  Member* made = allocate<Member>(count);
  std::size_t size = 0;
  for (const Entry& entry : std::span(data, count)) {
    const std::span<const Value> own = entry.items.items();
    Value context = own.front();
    Frame* inner = frame;
    if (tuples) {
      const Value tuple = own.size() == 1 ? context : reduce_tuples(own);
      context = tuple.get("@");
      inner = tuple_frame(frame, tuple);
    } else if (own.size() > 1) {
      Sequence all(*this);
      for (const Value item : own) {
        if (item.is_array()) {
          all.push_all(item.items());
        } else {
          all.push(item);
        }
      }
      context = all.value(0);
    }
    const Value value = evaluate(entry.pair->value, context, inner);
    if (!value.is_missing()) new (made + size++) Member{entry.key, value};
  }
  return Value::object({made, size});
}

}  // namespace tenon::mapping::jsonata
