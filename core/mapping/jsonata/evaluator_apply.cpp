// Functions: calls, lambdas, partial application and chains.
#include <algorithm>

#include "mapping/jsonata/evaluator.hpp"
#include "mapping/jsonata/text_functions.hpp"

namespace tenon::mapping::jsonata {
namespace {

std::string found(Value value) { return ", found " + std::string(name_of(value.kind())); }

/// The word behind `$` in messages about a call.
std::string_view procedure_name(const Node* procedure) {
  if (procedure->type == NodeType::path) return procedure->items.front()->text;
  return procedure->type == NodeType::variable ? procedure->text : "function";
}

}  // namespace

Value Evaluator::make_lambda(const Node* node, Value input, Frame* frame) {
  Callable& made = callable_of(Callable::Type::lambda);
  made.node = node;
  made.frame = frame;
  made.input = input;
  made.parameters = node->items;
  made.signature = node->signature;
  return function(made);
}

Value Evaluator::call(const Node* node, Value input, Frame* frame, const Value* piped) {
  const Node* procedure = node->lhs;
  const bool direct = procedure->type == NodeType::variable && procedure->builtin != nullptr &&
                      !procedure->local && procedure->stages.empty();
  const Value target = direct ? Value() : evaluate(procedure, input, frame);
  if (!direct && target.is_missing() && procedure->type == NodeType::path) {
    const std::string_view name = procedure->items.front()->text;
    if (find(frame, name) != nullptr || find_builtin(name) != nullptr) {
      fail_at(procedure, "T1005",
              "attempted to invoke a non-function; did you mean `$" + std::string(name) + "`?");
    }
  }
  const std::size_t first = piped != nullptr ? 1 : 0;
  const std::size_t count = node->items.size() + first;
  Value* arguments = allocate<Value>(count);
  if (piped != nullptr) new (arguments) Value(*piped);
  for (std::size_t i = 0; i < node->items.size(); ++i) {
    new (arguments + first + i) Value(evaluate(node->items[i], input, frame));
  }
  const Node* outer = site_;
  site_ = node;
  const Value result =
      direct ? apply_builtin(*procedure->builtin, procedure->signature, {arguments, count}, input, frame)
             : apply(target, {arguments, count}, input, frame);
  site_ = outer;
  return result;
}

Value Evaluator::apply(Value function, std::span<const Value> arguments, Value input, Frame* frame) {
  Value result = apply_once(function, arguments, input, frame);
  // A call in tail position came back as a thunk: run it here, so that the stack stays flat.
  while (result.is_function() && callable(result).type == Callable::Type::lambda &&
         callable(result).node->thunk) {
    const Callable& thunk = callable(result);
    const Node* next = thunk.node->lhs;
    charge(1);
    const Value target = evaluate(next->lhs, thunk.input, thunk.frame);
    Value* values = allocate<Value>(next->items.size());
    for (std::size_t i = 0; i < next->items.size(); ++i) {
      new (values + i) Value(evaluate(next->items[i], thunk.input, thunk.frame));
    }
    const Node* outer = site_;
    site_ = next;
    result = apply_once(target, {values, next->items.size()}, input, frame);
    site_ = outer;
  }
  return result;
}

Value Evaluator::apply_once(Value function, std::span<const Value> arguments, Value input, Frame* frame) {
  if (!function.is_function()) fail("T1006", "attempted to invoke a non-function" + found(function));
  const Nested nested(*this);
  const Callable& target = callable(function);
  const Value first = arguments.empty() ? Value() : arguments[0];
  switch (target.type) {
    case Callable::Type::builtin:
      return apply_builtin(*target.builtin, signature_of(*target.builtin), arguments, input, frame);
    case Callable::Type::partial:
      return apply_partial(target, arguments, frame);
    case Callable::Type::lambda:
      if (target.signature != nullptr) {
        arguments = checked(*target.signature, "function", arguments, input);
      }
      return apply_lambda(target, arguments);
    case Callable::Type::chain: {
      const Value inner = collapsed(apply(
          target.first, arguments.first(std::min<std::size_t>(1, arguments.size())), Value::null(), frame));
      return apply(target.second, {&inner, 1}, Value::null(), frame);
    }
    case Callable::Type::transform:
      return apply_transform(target, arguments);
    case Callable::Type::regex:
      if (!first.is_string()) fail("T0410", "a regular expression takes a string" + found(first));
      return match_object(*this, *target.regex, first.as_string(), 0, false);
    case Callable::Type::next_match:
      return match_object(*this, *target.regex, target.subject, target.position, true);
  }
  return {};
}

Value Evaluator::apply_lambda(const Callable& lambda, std::span<const Value> arguments) {
  Frame* frame = new (allocate<Frame>(1)) Frame();
  frame->parent = lambda.frame;
  const std::size_t count = lambda.parameters.size();
  frame->data = allocate<Member>(count);
  frame->size = frame->capacity = static_cast<std::uint32_t>(count);
  for (std::size_t i = 0; i < count; ++i) {
    new (frame->data + i) Member{lambda.parameters[i]->text, i < arguments.size() ? arguments[i] : Value()};
  }
  return evaluate(lambda.node->lhs, lambda.input, frame);
}

Value Evaluator::apply_builtin(const Builtin& builtin, const Signature* signature,
                               std::span<const Value> arguments, Value input, Frame* frame) {
  if (signature != nullptr) {
    arguments = checked(*signature, builtin.name, arguments, input);
  }
  return builtin.run(Call{*this, arguments, input, frame});
}

Value Evaluator::apply_partial(const Callable& partial, std::span<const Value> arguments, Frame* frame) {
  Value* all = allocate<Value>(partial.bound.size());
  std::size_t next = 0;
  for (std::size_t i = 0; i < partial.bound.size(); ++i) {
    Value value = partial.bound[i];
    if (partial.open[i] != 0) value = next < arguments.size() ? arguments[next++] : Value();
    new (all + i) Value(value);
  }
  return apply_builtin(*partial.builtin, signature_of(*partial.builtin), {all, partial.bound.size()},
                       Value::null(), frame);
}

std::span<const Value> Evaluator::checked(const Signature& signature, std::string_view name,
                                          std::span<const Value> arguments, Value input) {
  if (signature.takes_as_is(arguments)) return arguments;
  count_memory((arguments.size() + signature.parameters()) * sizeof(Value));
  if (signature.looks_inside()) {
    for (const Value argument : arguments) charge(argument.is_array() ? argument.size() / 16 : 0);
  }
  std::span<const Value> out;
  if (signature.apply_one_by_one(arguments, arena(), out)) return out;
  const Signature::Outcome outcome = signature.apply(arguments, input, arena(), out);
  const auto text = [&](std::string_view what) {
    const std::string dollar = name == "function" ? "" : "$";
    return "argument " + std::to_string(outcome.index) + " of " + dollar + std::string(name) + " " +
           std::string(what) + ", found " + std::string(name_of(outcome.found));
  };
  switch (outcome.failure) {
    case Signature::Failure::none:
      return out;
    case Signature::Failure::mismatch:
      fail("T0410", text("does not match the function's signature"));
    case Signature::Failure::context:
      fail("T0411", text("was left out, and the context is of another type than it takes"));
    case Signature::Failure::elements:
      break;
  }
  const std::string_view element = outcome.element == 'n'   ? "numbers"
                                   : outcome.element == 's' ? "strings"
                                   : outcome.element == 'o' ? "objects"
                                   : outcome.element == 'b' ? "booleans"
                                   : outcome.element == 'f' ? "functions"
                                                            : "arrays";
  fail("T0412", text("must be an array of " + std::string(element)));
}

std::size_t Evaluator::arity(Value function) const {
  const Callable& target = callable(function);
  switch (target.type) {
    case Callable::Type::builtin:
      return target.builtin->arity;
    case Callable::Type::partial: {
      std::size_t open = 0;
      for (const std::uint8_t hole : target.open) open += hole;
      return open;
    }
    case Callable::Type::lambda:
      return target.parameters.size();
    case Callable::Type::regex:
      return 2;
    case Callable::Type::next_match:
      return 0;
    default:
      return 1;
  }
}

Value Evaluator::apply_to_item(Value function, Value item, Value position, Value whole) {
  const Value all[] = {item, position, whole};
  const std::size_t count = std::clamp<std::size_t>(arity(function), 1, 3);
  return apply(function, {all, count}, Value::null(), base_);
}

Value Evaluator::pipe(const Node* node, Value input, Frame* frame) {
  const Value left = evaluate(node->lhs, input, frame);
  const Node* right = node->rhs;
  if (right->type == NodeType::function) {
    // A call takes the left side as its first argument; whatever is attached to it still applies.
    Value result = call(right, input, frame, &left);
    for (const Stage& stage : right->stages) result = filter(stage.expression, result, frame);
    if (right->group != nullptr) result = group(*right->group, result, frame, right->group->offset);
    return result;
  }
  const Value target = evaluate(right, input, frame);
  if (!target.is_function()) {
    fail_at(node, "T2006", "the right side of the ~> operator must be a function" + found(target));
  }
  if (left.is_function()) {
    Callable& made = callable_of(Callable::Type::chain);
    made.first = left;
    made.second = target;
    return function(made);
  }
  const Node* outer = site_;
  site_ = node;
  const Value result = apply(target, {&left, 1}, Value::null(), frame);
  site_ = outer;
  return result;
}

Value Evaluator::partial(const Node* node, Value input, Frame* frame) {
  const std::size_t count = node->items.size();
  Value* bound = allocate<Value>(count);
  std::uint8_t* open = allocate<std::uint8_t>(count);
  for (std::size_t i = 0; i < count; ++i) {
    open[i] = node->items[i]->type == NodeType::placeholder ? 1 : 0;
    new (bound + i) Value(open[i] != 0 ? Value() : evaluate(node->items[i], input, frame));
  }
  const Value target = evaluate(node->lhs, input, frame);
  if (!target.is_function()) {
    const std::string_view name = procedure_name(node->lhs);
    const bool hint = node->lhs->type == NodeType::path && find_builtin(name) != nullptr;
    if (hint) {
      fail_at(node, "T1007",
              "attempted to partially apply a non-function; did you mean `$" + std::string(name) + "`?");
    }
    fail_at(node, "T1008", "attempted to partially apply a non-function" + found(target));
  }
  const Callable& whole = callable(target);
  if (whole.type == Callable::Type::builtin) {
    Callable& made = callable_of(Callable::Type::partial);
    made.builtin = whole.builtin;
    made.bound = {bound, count};
    made.open = {open, count};
    return function(made);
  }
  if (whole.type == Callable::Type::partial) return partial_again(whole, {bound, count}, {open, count});
  if (whole.type != Callable::Type::lambda) {
    fail_at(node, "T1008", "only lambdas and the language's own functions can be partially applied");
  }
  Callable& made = callable_of(Callable::Type::lambda);
  made = whole;
  made.signature = nullptr;
  made.frame = new (allocate<Frame>(1)) Frame();
  made.frame->parent = whole.frame;
  Node** left_open = allocate<Node*>(whole.parameters.size());
  std::size_t left = 0;
  for (std::size_t i = 0; i < whole.parameters.size(); ++i) {
    if (i < count && open[i] != 0) {
      left_open[left++] = whole.parameters[i];
    } else {
      bind(made.frame, whole.parameters[i]->text, i < count ? bound[i] : Value());
    }
  }
  made.parameters = {left_open, left};
  return function(made);
}

/// Fills the open places of a partial with arguments, some of which may be open again.
Value Evaluator::partial_again(const Callable& whole, std::span<const Value> bound,
                               std::span<const std::uint8_t> open) {
  const std::size_t count = whole.bound.size();
  Value* values = allocate<Value>(count);
  std::uint8_t* still_open = allocate<std::uint8_t>(count);
  std::size_t next = 0;
  for (std::size_t i = 0; i < count; ++i) {
    still_open[i] = 0;
    new (values + i) Value(whole.bound[i]);
    if (whole.open[i] == 0) continue;
    if (next < bound.size()) {
      values[i] = bound[next];
      still_open[i] = open[next];
    }
    ++next;
  }
  Callable& made = callable_of(whole.type);
  made = whole;
  made.bound = {values, count};
  made.open = {still_open, count};
  return function(made);
}

}  // namespace tenon::mapping::jsonata
