#include "mapping/check/infer.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "mapping/check/inferrer.hpp"
#include "mapping/jsonata/functions.hpp"
#include "mapping/jsonata/lexer.hpp"
#include "mapping/jsonata/parser.hpp"
#include "mapping/jsonata/resolve.hpp"

namespace tenon::mapping::check {

using jsonata::NodeType;

namespace {

constexpr int kMostSteps = 50'000;

Type function_type(Callable callable) {
  Type made = of_kinds(kFunction);
  made.callee = std::make_shared<Callable>(std::move(callable));
  return made;
}

/// Calls `see` for `node` and all below it.
template <class See>
void each_node(const jsonata::Node* node, const See& see) {
  if (node == nullptr) return;
  see(node);
  for (const jsonata::Node* child : {node->lhs, node->rhs, node->third}) each_node(child, see);
  for (const jsonata::Node* item : node->items) each_node(item, see);
  for (const jsonata::Pair& pair : node->pairs) each_node(pair.key, see), each_node(pair.value, see);
  for (const jsonata::Stage& stage : node->stages) each_node(stage.expression, see);
}

}  // namespace

std::pair<std::size_t, std::size_t> extent(const jsonata::Node* node) {
  std::pair<std::size_t, std::size_t> all{node->offset, node->offset + node->length};
  const auto see = [&all](const jsonata::Node* child) {
    if (child == nullptr) return;
    const auto [from, to] = extent(child);
    all = {std::min(all.first, from), std::max(all.second, to)};
  };
  for (const jsonata::Node* child : {node->lhs, node->rhs, node->third}) see(child);
  for (const jsonata::Node* item : node->items) see(item);
  for (const jsonata::Stage& stage : node->stages) see(stage.expression);
  return all;
}

std::string plain_path(const jsonata::Node* node, const Context& context) {
  if (node->type == NodeType::variable) return std::string(node->text);
  if (node->type != NodeType::path) return {};
  std::string out;
  for (const jsonata::Node* step : node->items) {
    const bool first = step == node->items.front();
    if (first && step->type == NodeType::variable) {
      out = step->text.empty() ? context.shown : std::string(step->text);
    } else if (step->type == NodeType::name) {
      const std::string before = first ? context.shown : out;
      out = before.empty() ? std::string(step->text) : before + "." + std::string(step->text);
    } else {
      return out;
    }
    if (!step->stages.empty()) return out;
  }
  return out;
}

bool is_numeric_literal(const jsonata::Node* node) {
  return node->type == NodeType::literal && node->value.is_number();
}

Inferrer::Inferrer(const World& world, Inferred& out) : world_(world), out_(out), budget_(kMostSteps) {}

void Inferrer::run(const jsonata::Program& program) {
  Type root = of_fields({world_.roots.begin(), world_.roots.end()}, world_.anything);
  out_.type = infer(program.root, Context{std::move(root), "", true}, inside(nullptr));
}

FramePtr Inferrer::inside(const FramePtr& outer) {
  frames_.push_back(std::make_shared<Frame>());
  frames_.back()->outer = outer;
  return frames_.back();
}

void Inferrer::report(bool error, std::string code, std::string message, const Node* at) {
  const auto [from, to] = extent(at);
  report(error, std::move(code), std::move(message), from, to);
}

void Inferrer::report(bool error, std::string code, std::string message, std::size_t offset,
                      std::size_t end) {
  if (!reported_.emplace(offset, code).second) return;
  out_.findings.push_back({error, std::move(code), std::move(message), offset, end - offset});
}

std::string Inferrer::shown(const Node* node) const {
  constexpr std::size_t kMost = 60;
  if (node->type == NodeType::path || node->type == NodeType::variable) {
    std::string path = plain_path(node, {});
    const Node* first = node->type == NodeType::path ? node->items.front() : node;
    if (first->type == NodeType::variable) path.insert(0, "$");
    if (!path.empty() && path.size() <= kMost) return "`" + path + "`";
  }
  if (node->type == NodeType::function && node->lhs->type == NodeType::variable)
    return "`$" + std::string(node->lhs->text) + "(…)`";
  return "this";
}

Type Inferrer::infer(const Node* node, const Context& context, const FramePtr& frame) {
  if (--budget_ < 0) return {};
  Type type = infer_kind(node, context, frame);
  if (node->type == NodeType::path) return type;
  if (!node->stages.empty() && !node->staged) {
    Walk walk{type, false, context.shown, frame, context};
    stages(walk, node, false);
    type = walk.many ? sequence_of(elements(walk.type)) : walk.type;
  }
  if (node->group != nullptr) return group(node, type, context, frame);
  if (node->keep_array && type.known()) return of_items(elements(type));
  return type;
}

Type Inferrer::infer_kind(const Node* node, const Context& context, const FramePtr& frame) {
  switch (node->type) {
    case NodeType::path:
      return path(node, context, frame);
    case NodeType::name: {
      Walk walk{context.type, false, context.shown, frame, context};
      return field(walk, node);
    }
    case NodeType::literal:
      return of_value(node->value, true);
    case NodeType::variable:
      return variable(node, context, frame);
    case NodeType::negate: {
      const Type operand = infer(node->lhs, context, frame);
      Type made = of_kinds(kNumber | (operand.known() ? operand.kinds & kMissing : kMissing));
      made.money = operand.money;
      return operand.known() ? made : Type();
    }
    case NodeType::array:
      return array(node, context, frame);
    case NodeType::object:
      return object(node, context, frame);
    case NodeType::binary:
      return binary(node, context, frame);
    case NodeType::bind: {
      Type value = infer(node->rhs, context, frame);
      const auto [at, fresh] = frame->bound.emplace(node->lhs->text, value);
      if (!fresh) at->second = join(at->second, value);
      return value;
    }
    case NodeType::condition:
      return condition(node, context, frame);
    case NodeType::coalesce:
    case NodeType::fallback:
      return otherwise(node, context, frame);
    case NodeType::block:
      return block(node, context, frame);
    case NodeType::function:
      return call(node, context, frame);
    case NodeType::partial:
      for (const Node* argument : node->items) {
        if (argument->type != NodeType::placeholder) infer(argument, context, frame);
      }
      return of_kinds(kFunction);
    case NodeType::lambda:
      return node->thunk ? infer(node->lhs, context, frame) : lambda(node, context, frame);
    case NodeType::apply:
      return apply(node, context, frame);
    case NodeType::regex:
    case NodeType::transform:
      return of_kinds(kFunction);
    default:
      return {};
  }
}

Type Inferrer::variable(const Node* node, const Context& context, const FramePtr& frame) {
  if (node->text == "$" || (node->text.empty() && context.is_root)) {
    for (const auto& [root, type] : world_.roots) out_.reads.insert(root);
  }
  if (node->text.empty()) return context.type;
  if (node->text == "$") {
    return of_fields({world_.roots.begin(), world_.roots.end()}, world_.anything);
  }
  for (const Frame* at = frame.get(); at != nullptr; at = at->outer.get()) {
    const auto found = at->bound.find(node->text);
    if (found != at->bound.end()) {
      return guarded_.contains(node->text) ? narrowed(found->second) : found->second;
    }
  }
  // Bound by the expression, but not as far as this walk has come.
  if (node->local) return {};
  const std::string name(node->text);
  for (const auto& [root, type] : world_.roots) {
    if (root != name) continue;
    out_.reads.insert(name);
    return type;
  }
  if (const auto outer = world_.variables.find(name); outer != world_.variables.end()) {
    out_.reads.insert(name);
    return guarded_.contains(name) ? narrowed(outer->second) : outer->second;
  }
  if (node->builtin != nullptr) return function_type({node->builtin, nullptr, {}, {}});
  return {};
}

void Inferrer::guard(const Node* test, const Context& context) {
  each_node(test, [&](const Node* node) {
    const std::string path = plain_path(node, context);
    if (!path.empty()) guarded_.insert(path);
  });
}

Type Inferrer::condition(const Node* node, const Context& context, const FramePtr& frame) {
  const Type test = infer(node->lhs, context, frame);
  if (const auto constant = test.constant(); constant && test.only(kBoolean)) {
    report(false, "constant_condition",
           "this condition is always " + *constant + ": the other side is never reached", node->lhs);
  }
  const auto before = guarded_;
  guard(node->lhs, context);
  Type made = infer(node->rhs, context, frame);
  const Type other = node->third != nullptr ? infer(node->third, context, frame) : of_kinds(kMissing);
  guarded_ = before;
  made = join(made, other);
  if (node->third == nullptr && made.maybe.empty()) made.maybe = shown(node);
  return made;
}

Type Inferrer::otherwise(const Node* node, const Context& context, const FramePtr& frame) {
  Type first = infer(node->lhs, context, frame);
  const Type second = node->third != nullptr ? infer(node->third, context, frame) : of_kinds(kMissing);
  if (!first.known()) return {};
  const Kinds gone = node->type == NodeType::coalesce ? kMissing : kMissing | kNull;
  first.kinds = static_cast<Kinds>(first.kinds & ~gone);
  return first.known() ? join(first, second) : second;
}

Type Inferrer::array(const Node* node, const Context& context, const FramePtr& frame) {
  if (node->items.empty()) return of_kinds(kArray);
  Type item;
  for (const Node* each : node->items) {
    Type element = infer(each, context, frame);
    // A list inside a list stays one only if it is written as such.
    if (each->type != NodeType::array) element = elements(element);
    element.kinds = static_cast<Kinds>(element.kinds & ~kMissing);
    item = each == node->items.front() ? element : join(item, element);
  }
  return of_items(std::move(item));
}

Type Inferrer::object(const Node* node, const Context& context, const FramePtr& frame) {
  std::vector<std::pair<std::string, Type>> fields;
  bool open = false;
  for (const jsonata::Pair& pair : node->pairs) {
    infer(pair.key, context, frame);
    Type value = infer(pair.value, context, frame);
    if (pair.key->type == NodeType::literal && pair.key->value.is_string()) {
      fields.emplace_back(pair.key->value.as_string(), std::move(value));
    } else {
      open = true;
    }
  }
  return open ? of_kinds(kObject) : of_fields(std::move(fields));
}

Type Inferrer::block(const Node* node, const Context& context, const FramePtr& frame) {
  const FramePtr inner = inside(frame);
  Type last = of_kinds(kMissing);
  for (const Node* each : node->items) last = infer(each, context, inner);
  return last;
}

Type Inferrer::lambda(const Node* node, const Context& context, const FramePtr& frame) {
  if (entered_.insert(node).second) {
    const FramePtr inner = inside(frame);
    for (const Node* parameter : node->items) inner->bound[std::string(parameter->text)] = {};
    infer(node->lhs, context, inner);
  }
  return function_type({nullptr, node, frame, context});
}

namespace {

/// `parse` makes the raw tree.
template <class Parse>
Inferred infer_program(std::string_view text, const ParseOptions& options, const World& world,
                       const Parse& parse) {
  Inferred out;
  jsonata::Program program;
  program.source = text;
  try {
    program.root = jsonata::resolve(program, parse(program));
    jsonata::check(program, options);
    Inferrer(world, out).run(program);
  } catch (const jsonata::ParseFailure&) {
    return {};
  }
  return out;
}

}  // namespace

Inferred infer(std::string_view text, const ParseOptions& options, const World& world) {
  return infer_program(text, options, world,
                       [](jsonata::Program& program) { return jsonata::Parser(program, 0).parse_all(); });
}

Inferred infer_embedded(std::string_view text, std::size_t from, const ParseOptions& options,
                        const World& world, std::size_t& end) {
  end = text.size();
  return infer_program(text, options, world, [&](jsonata::Program& program) {
    return jsonata::Parser(program, from).parse_embedded(from, end);
  });
}

}  // namespace tenon::mapping::check
