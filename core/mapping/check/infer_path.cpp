// Paths: steps, predicates, what is many and what may be missing.
#include <algorithm>

#include "base/text.hpp"
#include "mapping/check/inferrer.hpp"

namespace tenon::mapping::check {

using jsonata::NodeType;

namespace {

std::string near_name(std::string_view name, const std::vector<std::string>& known) {
  const auto found = nearest(name, known);
  return found ? "; did you mean `" + *found + "`?" : "";
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 12;
  std::string out;
  for (std::size_t i = 0; i < names.size() && i < kMost; ++i) out += " `" + names[i] + "`";
  return out + (names.size() > kMost ? " …" : "");
}

}  // namespace

bool Inferrer::is_root(std::string_view name) const {
  return std::any_of(world_.roots.begin(), world_.roots.end(),
                     [&](const auto& root) { return root.first == name; });
}

Type Inferrer::path(const Node* node, const Context& context, const FramePtr& frame) {
  Walk walk{context.type, false, context.shown, frame, context, node->items.front()->offset};
  const bool binds = std::any_of(node->items.begin(), node->items.end(), [](const Node* each) {
    return !each->focus.empty() || !each->index.empty() || !each->stages.empty();
  });
  if (binds) walk.frame = inside(frame);
  bool keep = node->keep_singleton || node->keep_array;
  for (const Node* each : node->items) {
    keep = keep || each->keep_array;
    step(walk, each, each == node->items.front());
  }
  Type type = walk.type;
  if (walk.many) {
    type = sequence_of(elements(type));
    if (type.maybe.empty()) type.maybe = walk.shown;
  }
  if (node->group != nullptr) return group(node, type, walk.context, walk.frame);
  if (!keep || !type.known()) return type;
  Type list = of_items(elements(type));
  list.kinds |= type.kinds & kMissing;
  list.maybe = type.maybe;
  return list;
}

/// Text is sorted by letters, which is not the order of amounts and of dates as mail has them.
void Inferrer::sorted_by(const Type& by, const Node* term) {
  if (!by.may_be(kString)) return;
  if (by.money) {
    report(false, "money_float",
           "this sorts amounts of money as text, where \"9.00\" is above \"10.00\": sort by $number of it",
           term);
  } else if (by.format == "date-rfc2822") {
    report(false, "date_text",
           "this sorts dates like \"Tue, 05 Mar 2019\" by their letters: sort by $toMillis($time( )) of it",
           term);
  }
}

void Inferrer::step(Walk& walk, const Node* node, bool first) {
  if (node->type == NodeType::sort) {
    const Context inner{elements(walk.type), walk.shown, false};
    for (const jsonata::SortTerm& term : node->terms)
      sorted_by(infer(term.expression, inner, walk.frame), term.expression);
    stages(walk, node, false);
    return;
  }
  const bool many_before = walk.many || (!first && walk.type.may_be(kArray));
  const Type before = walk.type;
  const std::string shown_before = walk.shown;
  if (node->type == NodeType::name) {
    walk.type = field(walk, node);
    walk.shown += (walk.shown.empty() ? "" : ".") + std::string(node->text);
  } else if (node->type == NodeType::variable && first) {
    walk.type = variable(node, walk.context, walk.frame);
    walk.shown = node->text.empty() ? walk.context.shown : "$" + std::string(node->text);
  } else if (node->type == NodeType::parent || node->type == NodeType::wildcard ||
             node->type == NodeType::descendant) {
    if (walk.context.is_root) {
      for (const auto& [root, type] : world_.roots) out_.reads.insert(root);
    }
    walk.type = {};
  } else {
    const Context inner = first ? walk.context : Context{elements(walk.type), walk.shown, false};
    const bool may_miss = !first && walk.type.may_be(kMissing);
    Type value = infer(node, inner, walk.frame);
    if (may_miss) value = or_missing(std::move(value), walk.type.maybe);
    walk.type = std::move(value);
    walk.shown.clear();
  }
  walk.many = many_before;
  const std::string plain = walk.shown.starts_with('$') ? walk.shown.substr(1) : walk.shown;
  const bool guarded = !plain.empty() && guarded_.contains(plain);
  if (guarded && !walk.many) walk.type = narrowed(walk.type);
  // What is not a name has had its predicates in infer().
  const bool own = node->type == NodeType::name || (node->type == NodeType::variable && first) ||
                   node->staged || node->type == NodeType::parent || node->type == NodeType::wildcard ||
                   node->type == NodeType::descendant;
  if (own) stages(walk, node, many_before);
  if (!node->index.empty()) {
    Type position = of_kinds(kNumber);
    position.integer = true;
    walk.frame->bound[std::string(node->index)] = position;
  }
  if (!node->focus.empty()) {
    walk.frame->bound[std::string(node->focus)] = elements(walk.type);
    walk.many = walk.many || walk.type.may_be(kArray);
    walk.type = before;
    walk.shown = shown_before;
    return;
  }
  walk.context = Context{elements(walk.type), walk.shown, false};
}

void Inferrer::stages(Walk& walk, const Node* node, bool many_before) {
  for (const jsonata::Stage& stage : node->stages) {
    if (stage.expression == nullptr) {
      Type position = of_kinds(kNumber);
      position.integer = true;
      walk.frame->bound[std::string(stage.index)] = position;
      continue;
    }
    const std::string maybe = walk.shown + "[…]";
    if (is_numeric_literal(stage.expression)) {
      walk.many = many_before;
      walk.type = or_missing(elements(walk.type), maybe);
      continue;
    }
    const auto guarded = guarded_;
    const Type test = infer(stage.expression, Context{elements(walk.type), walk.shown, false}, walk.frame);
    guarded_ = guarded;
    if (const auto constant = test.constant(); constant && test.only(kBoolean)) {
      report(false, "constant_condition", "this predicate is always " + *constant, stage.expression);
    }
    walk.many = walk.many || walk.type.may_be(kArray) || !walk.type.known();
    walk.type = or_missing(elements(walk.type), maybe);
  }
}

Type Inferrer::field(const Walk& walk, const Node* step) {
  const Type each = elements(walk.type);
  if (!each.known()) return {};
  const bool at_root = walk.context.is_root && walk.shown.empty();
  if (at_root) {
    const std::string name(step->text);
    if (is_root(name)) {
      out_.reads.insert(name);
    } else if (!world_.anything) {
      unknown_root(step);
      return {};
    }
  }
  if (!each.may_be(kObject)) {
    if (each.present() != 0 && !walk.shown.empty() && guarded_.empty()) {
      const auto [from, to] = extent(step);
      const bool in_context = is_root(step->text);
      std::string message = walk.shown + " is " + describe(each.present()) + " and has no field `" +
                            std::string(step->text) + "`";
      if (in_context) message += "; inside its brackets the root is `$" + std::string(step->text) + "`";
      report(true, in_context ? "root_in_context" : "unknown_field", std::move(message), from, to);
      return {};
    }
    return of_kinds(kMissing);
  }
  if (!each.shape) return {};
  const Type* found = each.shape->field(step->text);
  if (found == nullptr) return no_field(walk, step, *each.shape);
  Type type = *found;
  const std::string here = (walk.shown.empty() ? "" : walk.shown + ".") + std::string(step->text);
  if (type.may_be(kMissing | kNull)) type.maybe = here;
  if (each.may_be(kMissing)) {
    type = or_missing(std::move(type), each.maybe);
    if (!found->may_be(kMissing | kNull)) type.maybe = each.maybe;
  }
  if ((each.present() & ~kObject) != 0 || each.may_be(kNull)) type = or_missing(std::move(type), here);
  return type;
}

Type Inferrer::no_field(const Walk& walk, const Node* step, const Shape& shape) {
  const std::string name(step->text);
  const std::size_t end = step->offset + step->length;
  const std::size_t from = std::min<std::size_t>(walk.start, step->offset);
  const std::string& before = walk.shown;
  const std::string owner = before.empty() ? "the context" : before;
  if (std::find(shape.secrets.begin(), shape.secrets.end(), name) != shape.secrets.end()) {
    report(true, "secret", owner + "." + name + " is a secret: expressions never see those", from, end);
    return {};
  }
  if (const auto why = world_.absent.find(owner + "." + name); why != world_.absent.end()) {
    report(true, "not_needed", why->second, from, end);
    return {};
  }
  const std::vector<std::string> known = shape.names();
  if (is_root(name) && !walk.context.is_root) {
    report(true, "root_in_context",
           "`" + name + "` is looked for in " + owner + " here, where the context has changed: write `$" +
               name + "`",
           from, end);
    return {};
  }
  std::string hint = near_name(name, known);
  if (shape.open) {
    if (hint.empty() && known.empty()) return {};
    report(false, "unknown_field", owner + " has no field `" + name + "` that the connector knows" + hint,
           from, end);
    return {};
  }
  report(true, "unknown_field", owner + " has no field `" + name + "`" + hint, from, end);
  return {};
}

void Inferrer::unknown_root(const Node* step) {
  const std::string name(step->text);
  const std::size_t end = step->offset + step->length;
  if (const auto why = world_.absent.find(name); why != world_.absent.end()) {
    return report(true, "too_early", why->second, step->offset, end);
  }
  std::vector<std::string> known;
  for (const auto& [root, type] : world_.roots) known.push_back(root);
  std::string hint = near_name(name, known);
  if (world_.variables.contains(name)) {
    hint = "; it is a variable: `$" + name + "`";
  } else if (hint.empty()) {
    hint = known.empty() ? "" : "; known here:" + listed(known);
  }
  report(true, "unknown_root", "there is no `" + name + "` here" + hint, step->offset, end);
}

Type Inferrer::group(const Node* node, const Type& type, const Context& context, const FramePtr& frame) {
  const Context inner{elements(type), context.shown, false};
  for (const jsonata::Pair& pair : node->group->pairs) {
    infer(pair.key, inner, frame);
    infer(pair.value, inner, frame);
  }
  return of_kinds(kObject);
}

}  // namespace tenon::mapping::check
