// Functions over arrays that call no others.
#include <string>
#include <unordered_set>

#include "base/json.hpp"
#include "mapping/jsonata/evaluator.hpp"

namespace tenon::mapping::jsonata {
namespace {

Value count(const Call& call) {
  return Value::number(call[0].is_missing() ? 0 : static_cast<double>(call[0].size()));
}

Value append(const Call& call) { return call.evaluator.append(call[0], call[1]); }

Value reverse(const Call& call) {
  if (call[0].is_missing() || call[0].size() <= 1) return call[0];
  const std::span<const Value> items = call[0].items();
  call.evaluator.charge(items.size() / 16);
  Value* made = call.evaluator.allocate<Value>(items.size());
  std::uninitialized_copy(items.rbegin(), items.rend(), made);
  return Value::array({made, items.size()});
}

Value shuffle(const Call& call) {
  if (call[0].is_missing() || call[0].size() <= 1) return call[0];
  const std::span<const Value> items = call[0].items();
  call.evaluator.charge(items.size() / 16);
  Value* made = call.evaluator.allocate<Value>(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::size_t j = call.evaluator.next_random() % (i + 1);
    if (i != j) made[i] = made[j];
    made[j] = items[i];
  }
  return Value::array({made, items.size()});
}

/// A text that equal numbers, strings and booleans share; empty for what must be compared deeply.
std::string key_of(Value value) {
  std::string key;
  switch (value.kind()) {
    case Kind::number:
      key = "n";
      append_number(key, value.as_double());
      break;
    case Kind::string:
      key = "s";
      key += value.as_string();
      break;
    case Kind::boolean:
      key = value.as_boolean() ? "t" : "f";
      break;
    case Kind::null:
      key = "0";
      break;
    default:
      break;
  }
  return key;
}

Value distinct(const Call& call) {
  const Value list = call[0];
  if (!list.is_array() || list.size() <= 1) return list;
  Sequence made(call.evaluator);
  Sequence deep(call.evaluator);
  std::unordered_set<std::string> seen;
  for (const Value item : list.items()) {
    call.evaluator.charge(1);
    if (std::string key = key_of(item); !key.empty()) {
      call.evaluator.charge(key.size() / 64);
      call.evaluator.count_memory(sizeof(std::string) + key.size());
      if (seen.insert(std::move(key)).second) made.push(item);
      continue;
    }
    bool known = false;
    for (const Value other : deep.items()) {
      call.evaluator.charge(1);
      if ((known = call.evaluator.equal(item, other))) break;
    }
    if (known) continue;
    deep.push(item);
    made.push(item);
  }
  return made.value(list.flags() & kSequence);
}

Value zip(const Call& call) {
  std::size_t length = call.arguments.empty() ? 0 : SIZE_MAX;
  for (const Value list : call.arguments) {
    length = std::min<std::size_t>(length, list.is_array() ? list.size() : 0);
  }
  Sequence made(call.evaluator);
  for (std::size_t i = 0; i < length; ++i) {
    Sequence tuple(call.evaluator);
    call.evaluator.charge(1);
    for (const Value list : call.arguments) tuple.push(list.items()[i]);
    made.push(tuple.value(0));
  }
  return made.value(0);
}

constexpr Builtin kFunctions[] = {
    {"count", "<a:n>", count, 1},     {"append", "<xx:a>", append, 2},    {"reverse", "<a:a>", reverse, 1},
    {"shuffle", "<a:a>", shuffle, 1}, {"distinct", "<x:x>", distinct, 1}, {"zip", "<a+>", zip, 0},
};

}  // namespace

std::span<const Builtin> array_functions() { return kFunctions; }

}  // namespace tenon::mapping::jsonata
