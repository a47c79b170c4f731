#include "mapping/jsonata/evaluator.hpp"

#include <algorithm>

#include "mapping/jsonata/lexer.hpp"
#include "mapping/jsonata/parser.hpp"
#include "mapping/jsonata/resolve.hpp"
#include "mapping/trace.hpp"

namespace tenon::mapping::jsonata {

Evaluator::Evaluator(const Program& program, const Scope& scope, Evaluation& evaluation)
    : scope_(scope),
      evaluation_(evaluation),
      program_(program),
      steps_left_(evaluation.limits.steps),
      memory_left_(evaluation.limits.memory),
      quick_depth_(evaluation.trace == nullptr ? evaluation.limits.depth : 0),
      random_(evaluation.seed) {}

Value Evaluator::run(Value root) {
  root_ = root;
  base_ = new (allocate<Frame>(1)) Frame();
  Value input = root;
  if (root.is_array()) {
    // A list is one input, not many.
    Value* one = new (allocate<Value>(1)) Value(root);
    input = array({one, 1}, kSequence | kOuter);
  }
  const auto count_steps = [this] { evaluation_.steps_used += evaluation_.limits.steps - steps_left_; };
  try {
    const Value result = evaluate(program_.root, input, base_);
    count_steps();
    return result;
  } catch (...) {
    count_steps();
    throw;
  }
}

Value Evaluator::evaluate_whole(const Node* node, Value input, Frame* frame) {
  const Nested nested(*this);
  charge(1);
  Value result = evaluate_kind(node, input, frame);
  if (!node->plain) {
    if (!node->staged) {
      for (const Stage& stage : node->stages) result = filter(stage.expression, result, frame);
    }
    if (node->group != nullptr && node->type != NodeType::path) {
      result = group(*node->group, result, frame, node->group->offset);
    }
    result = normalize(node, result);
  }
  result = collapsed(result);
  if (evaluation_.trace != nullptr) [[unlikely]]
    evaluation_.trace->evaluated(*node, result);
  return result;
}

Value Evaluator::evaluate_quick(const Node* node, Value input, Frame* frame) {
  const Value unanswered = Value().with_flags(kUnanswered);
  charge(1);
  Value found;
  switch (node->type) {
    case NodeType::literal:
      return node->value;
    case NodeType::variable:
      return collapsed(variable(node, input, frame));
    case NodeType::name:
      if (input.is_array()) return unanswered;
      charge(input.size() / 32);
      found = input.get(node->text);
      break;
    default: {
      // One deeper than the path itself.
      if (depth_ + 1 >= quick_depth_) return unanswered;
      if (input.is_array() && node->items.front()->type != NodeType::variable) return unanswered;
      const Followed followed = follow(node, input, frame);
      if (followed.at.is_missing()) return {};
      if (followed.taken < node->items.size()) {
        const Nested nested(*this);
        return collapsed(path_from(node, followed.taken, followed.at, frame));
      }
      found = followed.at;
      break;
    }
  }
  // What an expression made may be a sequence.
  return !found.is_array() || found.flags() == 0 ? found : unanswered;
}

Evaluator::Followed Evaluator::follow(const Node* path, Value input, Frame* frame) {
  Value at = input;
  std::size_t taken = 0;
  if (path->items.front()->type == NodeType::variable) {
    charge(1);
    at = collapsed(variable(path->items.front(), at, frame));
    taken = 1;
  }
  const std::size_t end = taken + path->leading;
  for (; taken < end && !at.is_array() && !at.is_missing(); ++taken) {
    charge(1 + at.size() / 32);
    const Value next = at.get(path->items[taken]->text);
    if (next.is_array() && next.flags() != 0) break;  // a sequence: the step itself has to judge it
    at = next;
  }
  return {at, taken};
}

Value Evaluator::normalize(const Node* node, Value result) const {
  if (node->keep_array && result.is_array() && has(result, kSequence) && !has(result, kTuples))
    result = result.with_flags(result.flags() | kKeepSingleton);
  return result;
}

Value Evaluator::collapsed_sequence(Value result) {
  if (has(result, kTuples)) return result;
  if (result.size() == 0) return {};
  if (result.size() == 1 && !has(result, kKeepSingleton)) return result.items()[0];
  return result;
}

Value Evaluator::evaluate_kind(const Node* node, Value input, Frame* frame) {
  switch (node->type) {
    case NodeType::path:
      return path(node, input, frame);
    case NodeType::name:
      return lookup(input, node->text);
    case NodeType::literal:
      return node->value;
    case NodeType::variable:
      return variable(node, input, frame);
    case NodeType::binary:
      return binary(node, input, frame);
    case NodeType::function:
      return call(node, input, frame, nullptr);
    case NodeType::condition:
    case NodeType::coalesce:
    case NodeType::fallback:
      return condition(node, input, frame);
    case NodeType::block:
      return block(node, input, frame);
    case NodeType::object:
      return object(node, input, frame);
    case NodeType::array:
      return construct_array(node, input, frame);
    case NodeType::negate:
      return negate(node, input, frame);
    case NodeType::bind: {
      const Value value = evaluate(node->rhs, input, frame);
      bind(frame, node->lhs->text, value);
      return value;
    }
    case NodeType::lambda:
      return make_lambda(node, input, frame);
    case NodeType::partial:
      return partial(node, input, frame);
    case NodeType::apply:
      return pipe(node, input, frame);
    case NodeType::wildcard:
      return wildcard(input);
    case NodeType::descendant:
      return descendants(input);
    case NodeType::parent: {
      const Value* found = find(frame, node->slot->label);
      return found != nullptr ? *found : Value();
    }
    case NodeType::regex: {
      Callable& made = callable_of(Callable::Type::regex);
      made.node = node;
      made.regex = node->regex;
      return function(made);
    }
    case NodeType::transform: {
      Callable& made = callable_of(Callable::Type::transform);
      made.node = node;
      made.frame = frame;
      return function(made);
    }
    default:
      fail_at(node, "S0206", "unknown expression type");
  }
}

const Value* Evaluator::find(Frame* frame, std::string_view name) const {
  for (; frame != nullptr; frame = frame->parent) {
    for (std::uint32_t i = 0; i < frame->size; ++i) {
      if (same_text(frame->data[i].name, name)) return &frame->data[i].value;
    }
  }
  return nullptr;
}

void Evaluator::bind(Frame* frame, std::string_view name, Value value) {
  if (frame->size >= frame->capacity) {
    const std::uint32_t capacity = std::max<std::uint32_t>(4, frame->size * 2);
    Member* data = allocate<Member>(capacity);
    std::uninitialized_copy(frame->data, frame->data + frame->size, data);
    frame->data = data;
    frame->capacity = capacity;
  }
  for (std::uint32_t i = 0; i < frame->size; ++i) {
    if (!same_text(frame->data[i].name, name)) continue;
    frame->data[i].value = value;
    return;
  }
  new (frame->data + frame->size++) Member{name, value};
}

Value Evaluator::variable(const Node* node, Value input, Frame* frame) {
  if (node->text.empty()) return has(input, kOuter) && input.is_array() ? input.items()[0] : input;
  if (node->text == "$") return root_;
  if (node->local) {
    if (const Value* found = find(frame, node->text)) return *found;
  }
  if (node->builtin != nullptr) {
    Callable& made = callable_of(Callable::Type::builtin);
    made.builtin = node->builtin;
    return function(made);
  }
  if (const Value* found = scope_.find(node->text)) return *found;
  if (scope_.lazy() == nullptr) return {};
  LazyVariables::Made made = scope_.lazy()->make(node->text);
  if (!made.code.empty()) fail_at(node, std::move(made.code), std::move(made.message));
  return made.found ? made.value : Value();
}

Value Evaluator::block(const Node* node, Value input, Frame* frame) {
  if (node->needs_frame) {
    Frame* inner = new (allocate<Frame>(1)) Frame();
    inner->parent = frame;
    frame = inner;
  }
  Value result;
  for (const Node* item : node->items) result = evaluate(item, input, frame);
  return result;
}

Value Evaluator::condition(const Node* node, Value input, Frame* frame) {
  const Value value = evaluate(node->lhs, input, frame);
  switch (node->type) {
    case NodeType::coalesce:
      if (!value.is_missing()) return value;
      break;
    case NodeType::fallback:
      if (truthy(value)) return value;
      break;
    default:
      if (truthy(value)) return evaluate(node->rhs, input, frame);
  }
  return node->third != nullptr ? evaluate(node->third, input, frame) : Value();
}

Value Evaluator::construct_array(const Node* node, Value input, Frame* frame) {
  const std::uint8_t flags = node->cons_array ? kCons : 0;
  Sequence made(*this);
  for (const Node* item : node->items) {
    const Value value = evaluate(item, input, frame);
    if (value.is_missing()) continue;
    if (item->type == NodeType::array || !value.is_array()) {
      made.push(value);
    } else if (node->items.size() == 1) {
      return value.with_flags(flags);  // shared: values never change
    } else {
      made.push_all(value.items());
    }
  }
  return made.value(flags);
}

Value Evaluator::negate(const Node* node, Value input, Frame* frame) {
  const Value value = evaluate(node->lhs, input, frame);
  if (value.is_missing()) return {};
  if (!is_numeric(value)) {
    fail_at(node, "D1002", "cannot negate a " + std::string(name_of(value.kind())));
  }
  return Value::number(-value.as_double());
}

Value Evaluator::evaluate_text(std::string_view text, Value input, Frame* frame) {
  charge(1 + text.size() / 4);
  auto program = std::make_shared<Program>();
  try {
    program->source = text;
    program->root = resolve(*program, Parser(*program, 0).parse_all());
    ParseOptions options;
    options.any_variable = true;
    options.allow_eval = true;
    check(*program, options, true);
    program->source = {};
  } catch (const ParseFailure& failure) {
    fail("D3120", "syntax error in the expression passed to $eval: " + failure.error.message);
  }
  count_memory(program->arena.used());
  evaluated_.push_back(program);
  try {
    return evaluate(program->root, input, frame);
  } catch (EvaluationFailure& failure) {
    const bool limit = failure.error.code == "D1011" || failure.error.code == "D1012" ||
                       failure.error.code == "memory_limit";
    if (limit) throw;
    fail("D3121", "error in the expression passed to $eval: " + failure.error.message);
  }
}

std::uint64_t Evaluator::next_random() {
  // splitmix64 (public domain, https://prng.di.unimi.it/splitmix64.c)
  random_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = random_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

void Evaluator::fail(std::string code, std::string message) const {
  fail_at(site_ != nullptr ? site_ : program_.root, std::move(code), std::move(message));
}

void Evaluator::fail_at(const Node* node, std::string code, std::string message) const {
  throw EvaluationFailure{{std::move(code), std::move(message), node->offset, node->length}};
}

void Evaluator::out_of_steps() const {
  fail("D1012", "evaluation took more than " + std::to_string(evaluation_.limits.steps) +
                    " steps; check for an infinite loop");
}

void Evaluator::out_of_memory() const { fail("memory_limit", "evaluation takes too much memory"); }

void Evaluator::string_too_long() const {
  fail("memory_limit",
       "a string of more than " + std::to_string(evaluation_.limits.string) + " bytes is not allowed");
}

void Evaluator::too_deep() const {
  fail("D1011", "nested too deep; check for a recursive function that does not end");
}

}  // namespace tenon::mapping::jsonata
