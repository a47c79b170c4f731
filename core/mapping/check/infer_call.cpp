// Calls: arguments against signatures, and what each function gives.
#include <algorithm>
#include <array>

#include "mapping/check/inferrer.hpp"
#include "mapping/jsonata/functions.hpp"

namespace tenon::mapping::check {

using jsonata::NodeType;

namespace {

constexpr int kMostCalls = 8;  // nested calls of the expression's own functions that are followed

/// One parameter of a signature `<s-nn?:s>`.
struct Parameter {
  Kinds accepts = 0;
  Kinds elements = 0;  ///< of a list; 0: any
  bool optional = false, many = false, context = false;
};

Kinds kinds_of(char letter) {
  switch (letter) {
    case 's':
      return kString;
    case 'n':
      return kNumber;
    case 'b':
      return kBoolean;
    case 'l':
      return kNull;
    case 'o':
      return kObject;
    case 'f':
      return kFunction;
    case 'a':  // a lone value becomes a list
    case 'x':
      return kNull | kBoolean | kNumber | kString | kArray | kObject | kFunction;
    case 'j':
      return kNull | kBoolean | kNumber | kString | kArray | kObject;
    default:
      return 0;
  }
}

std::vector<Parameter> parameters_of(std::string_view types) {
  std::vector<Parameter> all;
  for (std::size_t i = 1; i < types.size() && types[i] != ':' && types[i] != '>'; ++i) {
    const char c = types[i];
    if (c == '?') {
      all.back().optional = true;
    } else if (c == '-') {
      all.back().context = true;
    } else if (c == '+') {
      all.back().many = true;
    } else if (c == '(') {
      Parameter made;
      for (++i; i < types.size() && types[i] != ')'; ++i) made.accepts |= kinds_of(types[i]);
      all.push_back(made);
    } else if (c == '<') {
      for (++i; i < types.size() && types[i] != '>'; ++i) {
        if (types[i] != ':' && all.back().accepts != kFunction) all.back().elements |= kinds_of(types[i]);
      }
    } else {
      all.push_back({kinds_of(c)});
    }
  }
  return all;
}

std::string ordinal(std::size_t index) {
  constexpr std::array<const char*, 5> kWords = {"first", "second", "third", "fourth", "fifth"};
  return index < kWords.size() ? kWords[index] : std::to_string(index + 1) + "th";
}

bool one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Type Inferrer::call(const Node* node, const Context& context, const FramePtr& frame) {
  std::vector<Type> arguments;
  for (const Node* argument : node->items) arguments.push_back(infer(argument, context, frame));
  const Type callee = infer(node->lhs, context, frame);
  return call(callee, std::move(arguments), node, context, node->items);
}

Type Inferrer::apply(const Node* node, const Context& context, const FramePtr& frame) {
  Type left = infer(node->lhs, context, frame);
  const Node* right = node->rhs;
  if (right->type == NodeType::function && !left.may_be(kFunction)) {
    std::vector<Type> arguments = {left};
    std::vector<Node*> written = {node->lhs};
    for (Node* argument : right->items) {
      arguments.push_back(infer(argument, context, frame));
      written.push_back(argument);
    }
    const Type callee = infer(right->lhs, context, frame);
    return call(callee, std::move(arguments), right, context, written);
  }
  const Type callee = infer(right, context, frame);
  if (right->type == NodeType::transform) {
    // What is changed inside is not followed.
    Type made = of_kinds(left.kinds);
    made.maybe = left.maybe;
    return left.only(kObject | kArray | kMissing) ? made : Type();
  }
  if (!left.known() || left.may_be(kFunction)) return {};
  std::vector<Node*> written = {node->lhs};
  return call(callee, {left}, right, context, written);
}

Type Inferrer::call(const Type& callee, std::vector<Type> arguments, const Node* node, const Context& context,
                    std::span<Node* const> written) {
  if (!callee.known()) return {};
  if (!callee.may_be(kFunction)) {
    report(true, "not_a_function", "this is " + describe(callee.kinds) + " and cannot be called", node);
    return {};
  }
  if (!callee.callee) return {};
  if (callee.callee->builtin != nullptr)
    return call_builtin(*callee.callee->builtin, std::move(arguments), node, context, written);
  return call_lambda(*callee.callee, arguments);
}

Type Inferrer::call_lambda(const Callable& callable, const std::vector<Type>& arguments) {
  const FramePtr outer = callable.frame.lock();
  if (outer == nullptr || calls_ >= kMostCalls) return {};
  const FramePtr frame = inside(outer);
  const auto parameters = callable.lambda->items;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    frame->bound[std::string(parameters[i]->text)] = i < arguments.size() ? arguments[i] : of_kinds(kMissing);
  }
  ++calls_;
  Type made = infer(callable.lambda->lhs, callable.context, frame);
  --calls_;
  return made;
}

void Inferrer::check_arguments(const jsonata::Builtin& builtin, std::vector<Type>& arguments,
                               const Node* node, const Context& context, std::span<Node* const> written) {
  const std::vector<Parameter> parameters = parameters_of(builtin.types);
  if (parameters.empty()) return;
  const std::string name = "$" + std::string(builtin.name);
  const auto needed = static_cast<std::size_t>(std::count_if(
      parameters.begin(), parameters.end(), [](const Parameter& each) { return !each.optional; }));
  const bool variadic = parameters.back().many;
  const bool many = arguments.size() > parameters.size() && !variadic;
  const bool shifts = arguments.size() < needed && parameters.front().context;
  if (many || (arguments.size() + (shifts ? 1 : 0) < needed)) {
    report(true, "wrong_argument",
           name + " takes " +
               (needed == parameters.size() ? ""
                : many                      ? "at most "
                                            : "at least ") +
               std::to_string(many ? parameters.size() : needed) + " argument" +
               ((many ? parameters.size() : needed) == 1 ? "" : "s") + ", found " +
               std::to_string(arguments.size()),
           node);
    return;
  }
  const bool implied = shifts;
  if (implied) arguments.insert(arguments.begin(), context.type);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const Parameter& parameter = parameters[std::min(i, parameters.size() - 1)];
    const Type& given = arguments[i];
    const std::size_t at = implied && i > 0 ? i - 1 : i;
    const std::string which =
        implied && i == 0 ? "what stands here for the first argument" : "the " + ordinal(at) + " argument";
    const Node* where = implied && i == 0 ? node : at < written.size() ? written[at] : node;
    const Kinds kinds = given.kinds & ~kMissing;
    // An optional one may stand for the next.
    const bool skipped = (kinds & parameter.accepts) == 0 && parameter.optional;
    if (!given.known() || kinds == 0 || skipped) continue;
    if (given.money && parameter.accepts == kNumber && (kinds & kNumber) == 0) {
      report(true, "money_float",
             name + " takes numbers, and this amount of money is text: use " +
                 (builtin.name == "round" ? "$decRound" : "the functions that begin with $dec") +
                 ", which is exact",
             where);
      continue;
    }
    if ((kinds & parameter.accepts) == 0) {
      report(true, "wrong_argument",
             which + " of " + name + " is " + describe(parameter.accepts) + ", found " + describe(kinds),
             where);
      continue;
    }
    if (parameter.elements == 0) continue;
    const Type inside = elements(given);
    const Kinds element = inside.kinds & ~kMissing;
    if (!inside.known() || element == 0 || (element & parameter.elements) != 0) continue;
    const bool money = inside.money && parameter.elements == kNumber;
    report(true, money ? "money_float" : "wrong_argument",
           money ? name + " takes numbers, and these amounts of money are text: use " +
                       (name == "$sum" ? "$decSum" : "$decCompare") + ", which is exact"
                 : which + " of " + name + " is a list of which each is " + describe(parameter.elements) +
                       ", found " + describe(element),
           where);
  }
  const Type money = arguments.empty() ? Type() : elements(arguments.front());
  if (money.money && money.may_be(kNumber) && one_of(builtin.name, {"sum", "round", "average"})) {
    report(false, "money_float",
           name + " makes an amount of money a binary fraction: use " +
               (builtin.name == "round" ? "$decRound" : "$decSum") + ", which is exact",
           written.empty() ? node : written.front());
  }
}

Type Inferrer::call_builtin(const jsonata::Builtin& builtin, std::vector<Type> arguments, const Node* node,
                            const Context& context, std::span<Node* const> written) {
  const std::string_view name = builtin.name;
  if (name == "eval") return {};
  check_arguments(builtin, arguments, node, context, written);
  const auto argument = [&](std::size_t i) {
    return i < arguments.size() ? arguments[i] : of_kinds(kMissing);
  };
  const Type element = elements(argument(0));
  const Callable* function = argument(1).callee.get();
  const auto run = [&](std::vector<Type> given) -> Type {
    if (function == nullptr) return {};
    if (function->builtin != nullptr) {
      given.resize(std::min<std::size_t>(given.size(), std::max<std::size_t>(1, function->builtin->arity)));
      return call_builtin(*function->builtin, std::move(given), node, context, {});
    }
    return call_lambda(*function, given);
  };
  if (name == "map") return sequence_of(elements(run({element, of_kinds(kNumber), argument(0)})));
  if (name == "filter") {
    run({element, of_kinds(kNumber), argument(0)});
    return sequence_of(element);
  }
  if (name == "single") {
    run({element, of_kinds(kNumber), argument(0)});
    return element;
  }
  if (name == "reduce") {
    run({Type(), element, of_kinds(kNumber), argument(0)});
    return {};
  }
  if (name == "each" || name == "sift") {
    run({Type(), of_kinds(kString), argument(0)});
    return {};
  }
  if (name == "sort") {
    if (function != nullptr && function->lambda != nullptr) run({element, element});
    Type made = of_items(element);
    return element.known() ? (argument(0).may_be(kMissing) ? or_missing(made, argument(0).maybe) : made)
                           : Type();
  }
  return result_of(name, arguments, node);
}

Type Inferrer::result_of(std::string_view name, const std::vector<Type>& arguments, const Node* node) {
  const Type first = arguments.empty() ? Type() : arguments.front();
  /// Missing where the first argument is.
  const auto with_first = [&](Type made) {
    if (!first.known()) return arguments.empty() && made.known() ? or_missing(made, "this") : Type();
    return first.may_be(kMissing) ? or_missing(std::move(made), first.maybe) : made;
  };
  const auto text = [&](std::string format = {}) {
    Type made = of_kinds(kString);
    made.format = std::move(format);
    return made;
  };
  if (one_of(name, {"lowercase", "uppercase", "trim"})) {
    Type made = text(first.format);
    made.length = first.length;
    if (made.length && name == "trim") made.length->least = 0;
    return with_first(std::move(made));
  }
  if (one_of(name, {"substring", "substringBefore", "substringAfter", "pad", "replace", "base64encode",
                    "base64decode", "encodeUrlComponent", "encodeUrl", "decodeUrlComponent", "decodeUrl",
                    "formatNumber", "formatBase", "formatInteger", "fromMillis", "join"}))
    return with_first(text(name == "fromMillis" && arguments.size() == 1 ? "date-time" : ""));
  if (name == "string") return with_first(text(first.only(kString | kMissing) ? first.format : ""));
  if (name == "prefix") {
    if (first.known() && !first.may_be(kString | kMissing | kNull))
      report(true, "wrong_argument", "$prefix takes text, found " + describe(first.kinds), node);
    Type made = text();
    if (first.may_be(kMissing | kNull)) made = or_missing(std::move(made), first.maybe);
    return first.known() ? made : Type();
  }
  if (name == "now") return text(arguments.empty() ? "date-time" : "");
  if (name == "type") return with_first(text());
  if (name == "number") {
    Type made = of_kinds(kNumber);
    made.money = first.money;
    return with_first(std::move(made));
  }
  if (one_of(name, {"length", "abs", "sqrt", "power", "parseInteger", "toMillis", "floor", "ceil", "round"}))
    return with_first(of_kinds(kNumber));
  if (one_of(name, {"sum", "max", "min", "average"})) {
    Type made = of_kinds(kNumber);
    made.money = elements(first).money;
    return first.known() && (name == "sum" || first.may_be(kMissing | kArray)) ? or_missing(made, first.maybe)
                                                                               : with_first(made);
  }
  if (name.starts_with("dec")) {
    // Exact only until an operator touches it.
    Type made = of_kinds(kNumber);
    made.money = name != "decCompare";
    for (const Type& each : arguments) {
      if (!each.known()) return {};
      if (each.may_be(kMissing)) made = or_missing(std::move(made), each.maybe);
    }
    return made;
  }
  if (name == "time") return with_first(text());
  if (one_of(name, {"count", "millis", "random"})) {
    Type made = of_kinds(kNumber);
    made.integer = name != "random";
    return made;
  }
  if (one_of(name, {"exists", "not"})) return of_kinds(kBoolean);
  if (one_of(name, {"boolean", "contains"})) return with_first(of_kinds(kBoolean));
  if (name == "split") return with_first(of_items(text()));
  if (name == "keys") return sequence_of(text());
  if (one_of(name, {"reverse", "shuffle"})) {
    return first.known() ? with_first(of_items(elements(first))) : Type();
  }
  if (name == "distinct") return first;
  if (name == "append") {
    if (arguments.size() != 2) return {};
    const Type a = elements(arguments[0]);
    const Type b = elements(arguments[1]);
    if (!a.known() || !b.known()) return {};
    return sequence_of(join(a, b));
  }
  if (name == "present") {
    Type made;
    bool any_there = false;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (!arguments[i].known()) return {};
      any_there = any_there || !arguments[i].may_be(kMissing | kNull);
      Type there = arguments[i];
      there.kinds = there.present();
      if (there.length && there.length->least == 0) there.length->least = 1;
      if (there.known()) made = made.known() ? join(made, there) : there;
    }
    if (!made.known()) return of_kinds(kMissing);
    return any_there ? made : or_missing(std::move(made), first.maybe);
  }
  if (name == "need") {
    Type there = first;
    there.kinds = there.present();
    return there;
  }
  return {};
}

}  // namespace tenon::mapping::check
