#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "mapping/jsonata/functions.hpp"
#include "mapping/jsonata/lexer.hpp"
#include "mapping/jsonata/resolve.hpp"
#include "mapping/jsonata/zone.hpp"

namespace tenon::mapping::jsonata {
namespace {

/// Calls `see` for each node directly below `node`.
template <class See>
void each_child(Node* node, See&& see) {
  for (Node* child : {node->lhs, node->rhs, node->third}) {
    if (child != nullptr) see(child);
  }
  for (Node* item : node->items) see(item);
  for (const Pair& pair : node->pairs) see(pair.key), see(pair.value);
  for (const SortTerm& term : node->terms) see(term.expression);
  for (const Stage& stage : node->stages) {
    if (stage.expression != nullptr) see(stage.expression);
  }
  if (node->group == nullptr) return;
  for (const Pair& pair : node->group->pairs) see(pair.key), see(pair.value);
}

bool is_plain_step(const Node* step) {
  return step->stages.empty() && step->group == nullptr && !step->tuple && !step->keep_array &&
         step->focus.empty() && step->index.empty();
}

bool has_distinct_literal_keys(std::span<const Pair> pairs) {
  std::set<std::string_view> names;
  return std::all_of(pairs.begin(), pairs.end(), [&](const Pair& pair) {
    return pair.key->type == NodeType::literal && pair.key->value.is_string() && pair.key->plain &&
           names.insert(pair.key->value.as_string()).second;
  });
}

/// Marks what the evaluator may do the short way.
void prepare(Node* node) {
  each_child(node, [](Node* child) { prepare(child); });
  node->plain = is_plain_step(node);
  switch (node->type) {
    case NodeType::literal:
    case NodeType::name:
    case NodeType::variable:
      node->quick = node->plain;
      break;
    case NodeType::object:
      node->distinct_keys = has_distinct_literal_keys(node->pairs);
      break;
    case NodeType::path: {
      const std::size_t first = node->items.front()->type == NodeType::variable ? 1 : 0;
      if (first == 1 && !is_plain_step(node->items.front())) break;
      std::size_t end = first;
      while (end < node->items.size() && node->items[end]->type == NodeType::name &&
             is_plain_step(node->items[end]) && end < UINT16_MAX) {
        ++end;
      }
      node->leading = static_cast<std::uint16_t>(end - first);
      node->quick = node->plain && !node->keep_singleton && end == node->items.size();
      break;
    }
    default:
      break;
  }
}

class Checker {
 public:
  Checker(Program& program, const ParseOptions& options, bool dynamic)
      : program_(program), options_(options), evaluates_(dynamic) {}

  void run() {
    collect(program_.root, nullptr);
    bind(program_.root);
    walk(program_.root, true);
    program_.free_variables.assign(free_.begin(), free_.end());
  }

 private:
  /// Which names the expression binds itself, and which blocks need a frame for theirs.
  void collect(Node* node, Node* block) {
    if (node->type == NodeType::bind) {
      bound_.insert(node->lhs->text);
      if (block != nullptr) block->needs_frame = true;
    }
    if (node->type == NodeType::lambda) {
      for (const Node* parameter : node->items) bound_.insert(parameter->text);
    }
    if (node->type == NodeType::variable && node->text == "eval") evaluates_ = true;
    if (!node->focus.empty()) bound_.insert(node->focus);
    if (!node->index.empty()) bound_.insert(node->index);
    for (const Stage& stage : node->stages) {
      if (!stage.index.empty()) bound_.insert(stage.index);
    }
    Node* inner = block;
    if (node->type == NodeType::block) inner = node;
    if (node->type == NodeType::lambda && !node->thunk) inner = nullptr;
    each_child(node, [&](Node* child) { collect(child, inner); });
  }

  bool is_outer(std::string_view name) const {
    return std::find(options_.variables.begin(), options_.variables.end(), name) != options_.variables.end();
  }

  void bind(Node* node) {
    if (node->type == NodeType::variable && !node->text.empty() && node->text != "$") bind_variable(node);
    if (node->type == NodeType::apply) piped_.insert(node->rhs);
    each_child(node, [&](Node* child) { bind(child); });
    if (node->type == NodeType::function) check_zone(node);
  }

  /// A time zone that stands in the text is read here, once, and must be one.
  void check_zone(const Node* call) const {
    const Node* procedure = call->lhs;
    const bool is_time = procedure->type == NodeType::variable && procedure->builtin != nullptr &&
                         !procedure->local && procedure->text == "time";
    const std::size_t index = piped_.contains(call) ? 0 : 1;
    if (!is_time || call->items.size() <= index) return;
    const Node* zone = call->items[index];
    if (zone->type != NodeType::literal || !zone->value.is_string()) return;
    if (find_zone(zone->value.as_string()) != nullptr) return;
    fail("unknown_zone",
         "there is no time zone of that name; give one of the tz database, like `Europe/Berlin`",
         zone->offset, zone->length);
  }

  void bind_variable(Node* node) {
    node->local = evaluates_ || bound_.contains(node->text);
    if (is_outer(node->text)) {
      free_.insert(std::string(node->text));
      return;
    }
    if (node->text == "eval" && !options_.allow_eval && !bound_.contains(node->text)) {
      fail("not_allowed", "$eval is not allowed: it would run a text that no check has seen", node->offset,
           node->length);
    }
    node->builtin = find_builtin(node->text);
    if (node->builtin != nullptr) node->signature = signature_of(*node->builtin);
    if (node->builtin != nullptr || bound_.contains(node->text)) return;
    if (options_.any_variable) {
      free_.insert(std::string(node->text));
      return;
    }
    unknown(node);
  }

  [[noreturn]] void unknown(const Node* node) const {
    std::vector<std::string> names = function_names();
    for (const std::string& name : options_.variables) names.push_back("$" + name);
    for (const std::string_view name : bound_) names.push_back("$" + std::string(name));
    const std::string name = "$" + std::string(node->text);
    const std::string near = nearest(name, names).value_or("");
    std::string message = "there is no variable or function `" + name + "`";
    if (!near.empty()) message += "; did you mean `" + near + "`?";
    throw ParseFailure{{"unknown_variable", std::move(message), node->offset, node->length, near}};
  }

  /// Records what is read of the input. `at_root`: the context here is the whole input.
  void walk(Node* node, bool at_root) {
    if (node->type == NodeType::path) {
      walk_path(node, at_root);
    } else if (node->type == NodeType::variable) {
      use(std::span<Node* const>(&node, 1));
    }
    if (node->type == NodeType::lambda && !node->thunk) {
      walk(node->lhs, at_root);
    } else if (node->type == NodeType::transform) {
      each_child(node, [&](Node* child) { walk(child, false); });
    } else if (node->type != NodeType::path && node->type != NodeType::bind) {
      for (Node* child : {node->lhs, node->rhs, node->third}) {
        if (child != nullptr) walk(child, at_root);
      }
      for (Node* item : node->items) walk(item, at_root);
      for (const Pair& pair : node->pairs) walk(pair.key, at_root), walk(pair.value, at_root);
    } else if (node->type == NodeType::bind) {
      walk(node->rhs, at_root);
    }
    walk_stages(node);
  }

  void walk_stages(Node* node) {
    for (const Stage& stage : node->stages) {
      if (stage.expression != nullptr) walk(stage.expression, false);
    }
    for (const SortTerm& term : node->terms) walk(term.expression, false);
    if (node->group == nullptr) return;
    for (const Pair& pair : node->group->pairs) walk(pair.key, false), walk(pair.value, false);
  }

  void walk_path(Node* path, bool at_root) {
    Node* first = path->items.front();
    if ((first->type == NodeType::name && at_root) || first->type == NodeType::variable) use(path->items);
    for (Node* step : path->items) {
      if (step->type == NodeType::name || step->type == NodeType::variable || step->type == NodeType::sort) {
        walk_stages(step);
      } else {
        walk(step, at_root && step == first);
      }
    }
  }

  void use(std::span<Node* const> steps) {
    const Node* first = steps.front();
    const bool variable = first->type == NodeType::variable;
    if (variable && (!is_outer(first->text) || bound_.contains(first->text))) return;
    RootUse made;
    made.variable = variable;
    made.offset = first->offset;
    for (const Node* step : steps) {
      if (step != first && step->type != NodeType::name) break;
      made.path.emplace_back(step->text);
      made.length = step->offset + step->length - first->offset;
    }
    program_.uses.push_back(std::move(made));
  }

  Program& program_;
  const ParseOptions& options_;
  std::set<std::string_view> bound_;
  std::set<std::string> free_;
  std::set<const Node*> piped_;  ///< calls that get the left side of `~>` as their first argument
  bool evaluates_;               ///< names may be bound at run time
};

}  // namespace

void check(Program& program, const ParseOptions& options, bool dynamic) {
  Checker(program, options, dynamic).run();
  prepare(program.root);
}

}  // namespace tenon::mapping::jsonata
