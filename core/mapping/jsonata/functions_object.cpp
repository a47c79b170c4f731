// Functions over objects and over any value.
#include "mapping/jsonata/evaluator.hpp"

namespace tenon::mapping::jsonata {
namespace {

void collect_keys(Evaluator& evaluator, Value value, Members& keys) {
  const Evaluator::Nested nested(evaluator);
  evaluator.charge(1);
  if (value.is_array()) {
    for (const Value item : value.items()) collect_keys(evaluator, item, keys);
  } else if (value.is_object()) {
    for (const Member& member : value.members()) keys.set(member.name, Value::boolean(true));
  }
}

Value keys(const Call& call) {
  Members keys(call.evaluator);
  collect_keys(call.evaluator, call[0], keys);
  Sequence made(call.evaluator);
  for (const Member& member : keys.value().members()) made.push(Value::string(member.name));
  return made.value();
}

Value lookup(const Call& call) {
  // As the reference: of a list nothing is an empty sequence, which $map keeps as an item.
  if (!call[1].is_string()) return call[0].is_array() ? call.evaluator.array({}, kSequence) : Value();
  return call.evaluator.lookup(call[0], call[1].as_string());
}

Value spread_value(Evaluator& evaluator, Value value) {
  const Evaluator::Nested nested(evaluator);
  if (value.is_array()) {
    Value result = Value::array({}).with_flags(kSequence);
    for (const Value item : value.items()) result = evaluator.append(result, spread_value(evaluator, item));
    return result;
  }
  if (!value.is_object()) return value;
  Sequence made(evaluator);
  evaluator.charge(value.size() / 4);
  for (const Member& member : value.members()) made.push(Value::object({&member, 1}));
  return made.value();
}

Value spread(const Call& call) { return spread_value(call.evaluator, call[0]); }

Value merge(const Call& call) {
  if (call[0].is_missing()) return {};
  Members made(call.evaluator);
  for (const Value object : call[0].items()) {
    call.evaluator.charge(1 + object.size() / 8);
    for (const Member& member : object.members()) made.set(member.name, member.value);
  }
  return made.value();
}

Value type(const Call& call) {
  if (call[0].is_missing()) return {};
  return Value::string(name_of(call[0].kind()));
}

Value exists(const Call& call) { return Value::boolean(!call[0].is_missing()); }

Value boolean(const Call& call) {
  if (call[0].is_missing()) return {};
  return Value::boolean(call.evaluator.truthy(call[0]));
}

Value logical_not(const Call& call) {
  if (call[0].is_missing()) return {};
  return Value::boolean(!call.evaluator.truthy(call[0]));
}

/// Values never change, so that a copy is the value itself; functions become text, as in the reference.
Value clone_value(Evaluator& evaluator, Value value) {
  const Evaluator::Nested nested(evaluator);
  evaluator.charge(1);
  if (value.is_function()) return Value::string("");
  if (value.is_array()) {
    Sequence made(evaluator);
    for (const Value item : value.items()) made.push(clone_value(evaluator, item));
    return made.value(0);
  }
  if (value.is_object()) {
    Members made(evaluator);
    for (const Member& member : value.members()) made.set(member.name, clone_value(evaluator, member.value));
    return made.value();
  }
  return value;
}

Value clone(const Call& call) { return clone_value(call.evaluator, call[0]); }

Value error(const Call& call) {
  const bool given = call[0].is_string() && call[0].size() > 0;
  call.evaluator.fail("D3137", given ? std::string(call[0].as_string()) : "$error() function evaluated");
}

Value assertion(const Call& call) {
  if (call[0].is_boolean() && call[0].as_boolean()) return {};
  const bool given = call[1].is_string() && call[1].size() > 0;
  call.evaluator.fail("D3141", given ? std::string(call[1].as_string()) : "$assert() statement failed");
}

Value eval(const Call& call) {
  if (call[0].is_missing()) return {};
  Value input = call.input;
  if (!call[1].is_missing()) {
    input = call[1];
    if (input.is_array() && !has(input, kSequence)) {
      Value* one = new (call.evaluator.allocate<Value>(1)) Value(input);
      input = call.evaluator.array({one, 1}, kSequence | kOuter);
    }
  }
  return call.evaluator.evaluate_text(call[0].as_string(), input, call.frame);
}

constexpr Builtin kFunctions[] = {
    {"keys", "<x-:a<s>>", keys, 1},      {"lookup", "<x-s:x>", lookup, 2},
    {"spread", "<x-:a<o>>", spread, 1},  {"merge", "<a<o>:o>", merge, 1},
    {"type", "<x:s>", type, 1},          {"exists", "<x:b>", exists, 1},
    {"boolean", "<x-:b>", boolean, 1},   {"not", "<x-:b>", logical_not, 1},
    {"clone", "<(oa)-:o>", clone, 1},    {"error", "<s?:x>", error, 1},
    {"assert", "<bs?:x>", assertion, 2}, {"eval", "<sx?:x>", eval, 2},
};

}  // namespace

std::span<const Builtin> object_functions() { return kFunctions; }

}  // namespace tenon::mapping::jsonata
