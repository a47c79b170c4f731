// Functions that call functions.
#include <cmath>

#include "mapping/jsonata/evaluator.hpp"

namespace tenon::mapping::jsonata {
namespace {

Value index_of(std::size_t index) { return Value::number(static_cast<double>(index)); }

Value map(const Call& call) {
  if (call[0].is_missing()) return {};
  Sequence made(call.evaluator);
  const std::span<const Value> items = call[0].items();
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Value value = call.evaluator.apply_to_item(call[1], items[i], index_of(i), call[0]);
    if (!value.is_missing()) made.push(value);
  }
  return made.value();
}

Value filter(const Call& call) {
  if (call[0].is_missing()) return {};
  Sequence made(call.evaluator);
  const std::span<const Value> items = call[0].items();
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Value verdict = call.evaluator.apply_to_item(call[1], items[i], index_of(i), call[0]);
    if (call.evaluator.truthy(verdict)) made.push(items[i]);
  }
  return made.value();
}

Value single(const Call& call) {
  if (call[0].is_missing()) return {};
  const std::span<const Value> items = call[0].items();
  const Value* found = nullptr;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (call[1].is_function()) {
      const Value verdict = call.evaluator.apply_to_item(call[1], items[i], index_of(i), call[0]);
      if (!call.evaluator.truthy(verdict)) continue;
    }
    if (found != nullptr) call.evaluator.fail("D3138", "$single expected one matching result, found more");
    found = &items[i];
  }
  if (found == nullptr) call.evaluator.fail("D3139", "$single expected one matching result, found none");
  return *found;
}

Value reduce(const Call& call) {
  if (call[0].is_missing()) return {};
  const std::span<const Value> items = call[0].items();
  const std::size_t arity = call.evaluator.arity(call[1]);
  if (arity < 2) {
    call.evaluator.fail("D3050",
                        "the second argument of $reduce must be a function of two or more arguments");
  }
  const bool from_first = call[2].is_missing() && !items.empty();
  Value result = from_first ? items[0] : call[2];
  for (std::size_t i = from_first ? 1 : 0; i < items.size(); ++i) {
    const Value arguments[] = {result, items[i], index_of(i), call[0]};
    result = call.evaluator.apply(call[1], {arguments, std::min<std::size_t>(arity, 4)}, Value::null(),
                                  call.frame);
  }
  return result;
}

Value sift(const Call& call) {
  if (!call[1].is_function()) return {};
  Members made(call.evaluator);
  for (const Member& member : call[0].is_object() ? call[0].members() : std::span<const Member>()) {
    const Value verdict =
        call.evaluator.apply_to_item(call[1], member.value, Value::string(member.name), call[0]);
    if (call.evaluator.truthy(verdict)) made.set(member.name, member.value);
  }
  return made.size() == 0 ? Value() : made.value();
}

Value each(const Call& call) {
  Sequence made(call.evaluator);
  for (const Member& member : call[0].is_object() ? call[0].members() : std::span<const Member>()) {
    const Value value =
        call.evaluator.apply_to_item(call[1], member.value, Value::string(member.name), call[0]);
    if (!value.is_missing()) made.push(value);
  }
  return made.value();
}

/// A comparison's answer is taken as JavaScript takes it, not as $boolean does: an empty list is true.
bool is_true(Value value) {
  switch (value.kind()) {
    case Kind::boolean:
      return value.as_boolean();
    case Kind::number:
      return value.as_double() != 0 && !std::isnan(value.as_double());
    case Kind::string:
      return value.size() > 0;
    default:
      return !value.is_missing() && !value.is_null();
  }
}

Value sort(const Call& call) {
  if (call[0].is_missing() || call[0].size() <= 1) return call[0];
  const std::span<const Value> items = call[0].items();
  if (!call[1].is_function()) {
    bool numbers = true;
    bool strings = true;
    for (const Value item : items) {
      numbers = numbers && call.evaluator.is_numeric(item);
      strings = strings && item.is_string();
    }
    if (!numbers && !strings) {
      call.evaluator.fail("D3070",
                          "$sort of one argument takes an array of numbers or of strings; give a comparison");
    }
    return call.evaluator.sorted(
        items, [&](std::size_t a, std::size_t b) { return call.evaluator.order_of(items[a], items[b]) > 0; });
  }
  return call.evaluator.sorted(items, [&](std::size_t a, std::size_t b) {
    const Value pair[] = {items[a], items[b]};
    return is_true(call.evaluator.apply(call[1], pair, Value::null(), call.frame));
  });
}

constexpr Builtin kFunctions[] = {
    {"map", "<af>", map, 2},           {"filter", "<af>", filter, 2}, {"single", "<af?>", single, 2},
    {"reduce", "<afj?:j>", reduce, 3}, {"sift", "<o-f?:o>", sift, 2}, {"each", "<o-f:a>", each, 2},
    {"sort", "<af?:a>", sort, 2},
};

}  // namespace

std::span<const Builtin> higher_functions() { return kFunctions; }

}  // namespace tenon::mapping::jsonata
