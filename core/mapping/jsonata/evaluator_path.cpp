// Paths: steps, predicates, order-by, and the tuple streams of `@`, `#` and `%`.
#include <algorithm>
#include <cmath>

#include "mapping/jsonata/evaluator.hpp"
#include "mapping/jsonata/unicode.hpp"

namespace tenon::mapping::jsonata {
namespace {

std::span<const Value> as_items(const Value& value) {
  return value.is_array() ? value.items() : std::span<const Value>(&value, 1);
}

}  // namespace

Value Evaluator::path(const Node* node, Value input, Frame* frame) {
  const bool variable = node->items.front()->type == NodeType::variable;
  if (node->leading == 0 || depth_ >= quick_depth_ || (input.is_array() && !variable)) {
    return path_from(node, 0, input, frame);
  }
  const Followed followed = follow(node, input, frame);
  return path_from(node, followed.taken, followed.at, frame);
}

/// What the reference sees in a lone value where it takes a list: the characters of a text, else nothing.
Value Evaluator::characters(Value value) {
  Sequence made(*this);
  if (value.is_string()) {
    const std::string_view text = value.as_string();
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t from = at;
      next_code_point(text, at);
      charge(1);
      made.push(Value::string(text.substr(from, at - from)));
    }
  }
  return made.value();
}

/// A step's value as the sequence for the next one; a lone value is put into `single`.
Value Evaluator::sequence_of(Value value, bool last, Value& single) {
  if (value.is_missing()) return Value::array({}).with_flags(kSequence);
  if (value.is_array() && last && !has(value, kSequence)) return value;
  if (!value.is_array() || has(value, kCons)) {
    single = value;
    return Value::array({&single, 1}).with_flags(kSequence);
  }
  return value.with_flags(kSequence);
}

Value Evaluator::path_from(const Node* node, std::size_t first, Value at, Frame* frame) {
  // The sequence of one that most paths are lives in `single`, not in the arena.
  Value single = at;
  Value sequence;
  if (first > 0) {
    sequence = sequence_of(at, first == node->items.size(), single);
  } else if (at.is_array() && node->items.front()->type != NodeType::variable) {
    sequence = at;
  } else {
    sequence = Value::array({&single, 1}).with_flags(kSequence);
  }
  const auto keep_single = [&] {
    if (sequence.items().data() != &single) return;
    Value* one = new (allocate<Value>(1)) Value(single);
    sequence = array({one, 1}, sequence.flags());
  };
  Value tuples;
  Value result = sequence;
  bool streams = false;
  if (first > 0 && at.is_missing()) first = node->items.size();
  for (std::size_t i = first; i < node->items.size(); ++i) {
    const Node* step_node = node->items[i];
    streams = streams || step_node->tuple;
    if (i == 0 && step_node->cons_array) {
      keep_single();
      result = evaluate(step_node, sequence, frame);
      if (node->items.size() > 1 && !result.is_array()) result = characters(result);
    } else if (streams) {
      tuples = tuple_step(step_node, sequence, tuples.is_missing() ? nullptr : &tuples, frame);
    } else {
      result = step(step_node, sequence, frame, i + 1 == node->items.size(), single);
    }
    if (!streams && (result.is_missing() || (result.is_array() && result.size() == 0))) break;
    if (step_node->focus.empty()) sequence = result;
  }
  if (streams) {
    if (node->tuple) {
      result = tuples;
    } else {
      Sequence values(*this);
      for (const Value tuple : tuples.items()) values.push(tuple.get("@"));
      result = values.value();
    }
  }
  const bool lone = result.is_array() && result.items().data() == &single;
  if (lone && !node->keep_singleton && !node->keep_array && node->group == nullptr) return single;
  sequence = result;
  keep_single();
  result = sequence;
  if (node->keep_singleton && result.is_array()) {
    if (has(result, kCons) && !has(result, kSequence)) {
      Value* one = new (allocate<Value>(1)) Value(result);
      result = array({one, 1}, kSequence);
    }
    result = result.with_flags(result.flags() | kKeepSingleton);
  }
  if (node->group != nullptr) {
    result = group(*node->group, streams ? tuples : result, frame, node->group->offset);
  }
  return result;
}

Value Evaluator::step(const Node* node, Value input, Frame* frame, bool last, Value& single) {
  if (node->type == NodeType::sort) return sort_step(node, input, frame);
  const auto value_at = [&](Value item) {
    Value value = evaluate(node, item, frame);
    if (!node->staged) return value;
    for (const Stage& stage : node->stages) {
      if (stage.expression != nullptr) value = filter(stage.expression, value, frame);
    }
    return value;
  };
  if (input.size() == 1) return sequence_of(value_at(input.items()[0]), last, single);
  Sequence made(*this);
  made.expect(input.size());
  std::size_t values = 0;
  Value only;
  for (const Value item : input.items()) {
    const Value value = value_at(item);
    if (value.is_missing()) continue;
    ++values;
    only = value;
    if (!value.is_array() || has(value, kCons)) {
      made.push(value);
    } else {
      made.push_all(value.items());
    }
  }
  if (last && values == 1 && only.is_array() && !has(only, kSequence)) return only;
  return made.value();
}

Value Evaluator::sort_step(const Node* node, Value input, Frame* frame) {
  const Value sorted = sort(node, input, frame);
  return node->staged ? stages(node, sorted, frame) : sorted;
}

Value Evaluator::stages(const Node* node, Value input, Frame* frame) {
  for (const Stage& stage : node->stages) {
    if (stage.expression != nullptr) {
      input = filter(stage.expression, input, frame);
      continue;
    }
    Sequence numbered(*this);
    for (std::size_t i = 0; i < input.size(); ++i) {
      Members tuple(*this);
      for (const Member& member : input.items()[i].members()) tuple.set(member.name, member.value);
      tuple.set(stage.index, Value::number(static_cast<double>(i)));
      numbered.push(tuple.value());
    }
    input = numbered.value(input.flags());
  }
  return input;
}

Frame* Evaluator::tuple_frame(Frame* parent, Value tuple) {
  Frame* frame = new (allocate<Frame>(1)) Frame();
  frame->parent = parent;
  // Borrowed: bind() copies before it writes.
  frame->data = const_cast<Member*>(tuple.members().data());
  frame->size = static_cast<std::uint32_t>(tuple.size());
  return frame;
}

Value Evaluator::tuple_step(const Node* node, Value input, const Value* tuples, Frame* frame) {
  if (node->type == NodeType::sort) {
    Value result;
    if (tuples != nullptr) {
      result = sort(node, *tuples, frame);
    } else {
      const Value sorted = sort(node, input, frame);
      Sequence made(*this);
      for (std::size_t i = 0; i < sorted.size(); ++i) {
        Members tuple(*this);
        tuple.set("@", sorted.items()[i]);
        if (!node->index.empty()) tuple.set(node->index, Value::number(static_cast<double>(i)));
        made.push(tuple.value());
      }
      result = made.value(kSequence | kTuples);
    }
    return node->staged ? stages(node, result, frame) : result;
  }
  Sequence made(*this);
  const auto extend = [&](Value tuple, Frame* inner) {
    const Value context = tuple.is_missing() ? input : tuple.get("@");
    const Value value = evaluate(node, context, inner);
    if (value.is_missing()) return;
    const std::span<const Value> items = as_items(value);
    for (std::size_t i = 0; i < items.size(); ++i) {
      Members next(*this);
      for (const Member& member : tuple.members()) next.set(member.name, member.value);
      if (has(value, kTuples)) {
        for (const Member& member : items[i].members()) next.set(member.name, member.value);
      } else {
        next.set("@", node->focus.empty() ? items[i] : context);
        if (!node->focus.empty()) next.set(node->focus, items[i]);
        if (!node->index.empty()) next.set(node->index, Value::number(static_cast<double>(i)));
        if (node->ancestor != nullptr) next.set(node->ancestor->label, context);
      }
      charge(1);
      made.push(next.value());
    }
  };
  if (tuples != nullptr) {
    for (const Value tuple : tuples->items()) extend(tuple, tuple_frame(frame, tuple));
  } else {
    for (const Value item : input.items()) {
      Members tuple(*this);
      tuple.set("@", item);
      const Value first = tuple.value();
      extend(first, tuple_frame(frame, first));
    }
  }
  const Value result = made.value(kSequence | kTuples);
  return node->staged ? stages(node, result, frame) : result;
}

Value Evaluator::filter_index(double index, Value input) {
  const std::span<const Value> items = as_items(input);
  const std::uint8_t flags = kSequence | (input.is_array() ? input.flags() & kTuples : 0);
  double at = std::floor(index);
  if (at < 0) at += static_cast<double>(items.size());
  if (!(at >= 0 && at < static_cast<double>(items.size()))) return Value::array({}).with_flags(flags);
  const Value item = items[static_cast<std::size_t>(at)];
  if (item.is_array()) return item;
  Value* one = new (allocate<Value>(1)) Value(item);
  return array({one, 1}, flags);
}

Value Evaluator::filter(const Node* predicate, Value input, Frame* frame) {
  if (input.is_missing()) {
    evaluate(predicate, input, frame);  // for what may be wrong in it: nothing else comes of it
    return {};
  }
  if (predicate->type == NodeType::literal && predicate->value.is_number()) {
    return filter_index(predicate->value.as_double(), input);
  }
  const bool tuples = input.is_array() && has(input, kTuples);
  const std::span<const Value> items = as_items(input);
  Sequence kept(*this);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Value item = items[i];
    const Value verdict =
        evaluate(predicate, tuples ? item.get("@") : item, tuples ? tuple_frame(frame, item) : frame);
    if (verdict.is_boolean()) {
      if (verdict.as_boolean()) kept.push(item);
      continue;
    }
    bool numbers = verdict.is_number() || verdict.is_array();
    for (const Value number : as_items(verdict)) numbers = numbers && is_numeric(number);
    if (!numbers) {
      if (truthy(verdict)) kept.push(item);
      continue;
    }
    charge(as_items(verdict).size());
    for (const Value number : as_items(verdict)) {
      double at = std::floor(number.as_double());
      if (at < 0) at += static_cast<double>(items.size());
      if (at == static_cast<double>(i)) kept.push(item);
    }
  }
  return kept.value(tuples ? kSequence | kTuples : kSequence);
}

namespace {

/// Stable merge sort with a comparison that may be inconsistent: `after(a, b)` is true if b comes first.
template <class After>
void merge_sort(std::uint32_t* order, std::uint32_t* spare, std::size_t from, std::size_t to, After& after) {
  if (to - from < 2) return;
  if (to - from == 2) {
    if (after(order[from], order[from + 1])) std::swap(order[from], order[from + 1]);
    return;
  }
  const std::size_t middle = from + (to - from) / 2;
  merge_sort(order, spare, from, middle, after);
  merge_sort(order, spare, middle, to, after);
  std::size_t left = from;
  std::size_t right = middle;
  for (std::size_t i = from; i < to; ++i) {
    const bool take_right = right < to && (left == middle || after(order[left], order[right]));
    spare[i] = order[take_right ? right++ : left++];
  }
  std::copy(spare + from, spare + to, order + from);
}

}  // namespace

Value Evaluator::sorted(std::span<const Value> items, FunctionRef<bool(std::size_t, std::size_t)> after) {
  std::uint32_t* order = allocate<std::uint32_t>(items.size() * 2);
  for (std::size_t i = 0; i < items.size(); ++i) order[i] = static_cast<std::uint32_t>(i);
  auto charged = [&](std::uint32_t a, std::uint32_t b) {
    charge(1);
    return after(a, b);
  };
  merge_sort(order, order + items.size(), 0, items.size(), charged);
  Value* made = allocate<Value>(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) new (made + i) Value(items[order[i]]);
  return array({made, items.size()});
}

Value Evaluator::sort(const Node* node, Value input, Frame* frame) {
  if (input.is_missing() || input.size() <= 1) return input;
  const bool tuples = has(input, kTuples);
  const std::span<const Value> items = input.items();
  // Each term is evaluated once an item, when it is first needed.
  const std::size_t terms = node->terms.size();
  Value* keys = allocate<Value>(items.size() * terms);
  auto* known = new (allocate<bool>(items.size() * terms)) bool[items.size() * terms]();
  const auto key = [&](std::size_t item, std::size_t term) {
    const std::size_t at = item * terms + term;
    if (!known[at]) {
      const Value context = tuples ? items[item].get("@") : items[item];
      Frame* inner = tuples ? tuple_frame(frame, items[item]) : frame;
      const Value made = evaluate(node->terms[term].expression, context, inner);
      // A number that is still a text is read once, not with each comparison.
      new (keys + at) Value(made.is_number() ? Value::number(made.as_double()) : made);
      known[at] = true;
    }
    return keys[at];
  };
  const Value result = sorted(items, [&](std::size_t left, std::size_t right) {
    for (std::size_t term = 0; term < terms; ++term) {
      const Value a = key(left, term);
      const Value b = key(right, term);
      if (a.is_missing() && b.is_missing()) continue;
      if (a.is_missing() || b.is_missing()) return a.is_missing();  // missing comes last, always
      for (const Value value : {a, b}) {
        if (value.is_string() || value.is_number()) continue;
        fail_at(node, "T2008",
                "the expressions of an order-by clause must give numbers or strings, found " +
                    std::string(name_of(value.kind())));
      }
      if (a.kind() != b.kind()) {
        fail_at(
            node, "T2007",
            "cannot order a " + std::string(name_of(a.kind())) + " and a " + std::string(name_of(b.kind())));
      }
      const int order = order_of(a, b);
      if (order != 0) return (order > 0) != node->terms[term].descending;
    }
    return false;
  });
  return result.with_flags(tuples ? kSequence | kTuples : 0);
}

}  // namespace tenon::mapping::jsonata
