#include "mapping/check/reads.hpp"

#include "mapping/jsonata/ast.hpp"
#include "mapping/jsonata/functions.hpp"

namespace tenon::mapping::check {
namespace {

using jsonata::Builtin;
using jsonata::Node;
using jsonata::NodeType;

/// Nothing but a name, so that the next step sees what it names.
bool is_plain(const Node* step) {
  return step->stages.empty() && step->group == nullptr && !step->tuple && step->focus.empty() &&
         step->index.empty();
}

/// Whether it takes the context for its first argument, where that may be an object: `$string()`.
bool takes_context_object(const Builtin& builtin) {
  const std::size_t end = builtin.types.find('-');
  return end != std::string_view::npos &&
         builtin.types.substr(0, end).find_first_of("xjo") != std::string_view::npos;
}

/// How many arguments leave no place for the context. That $string's second is a switch is no doubt.
std::size_t full_of(const Builtin& builtin) {
  return builtin.name == "string" ? 1 : jsonata::signature_of(builtin)->parameters();
}

/// `at_root`: the context is the whole input there.
class Reader {
 public:
  Reader(std::string_view root, MemberReads& out) : root_(root), out_(out) {}

  void see(const Node* node, bool at_root) {
    switch (node->type) {
      case NodeType::path:
        path(node, at_root);
        break;
      case NodeType::wildcard:
      case NodeType::descendant:
        out_.all |= at_root;
        break;
      case NodeType::parent:
        out_.all = true;  // it may go up as far as the root
        break;
      case NodeType::variable:
        variable(node, at_root, false);
        break;
      case NodeType::function:
      case NodeType::partial:
        call(node, at_root, 0);
        break;
      case NodeType::apply:
        see(node->lhs, at_root);
        piped(node->rhs, at_root);
        break;
      case NodeType::lambda:
        out_.all |= node->signature != nullptr;  // it may take the context
        see(node->lhs, at_root);
        break;
      case NodeType::bind:
        see(node->rhs, at_root);
        break;
      default:
        below(node, at_root && node->type != NodeType::transform);
        break;
    }
    behind(node);
    // `order@$o.event`: what follows a focus is read of what was before it, the input as well.
    out_.all |= !node->focus.empty();
  }

 private:
  void below(const Node* node, bool at_root) {
    for (const Node* child : {node->lhs, node->rhs, node->third}) {
      if (child != nullptr) see(child, at_root);
    }
    for (const Node* item : node->items) see(item, at_root);
    for (const jsonata::Pair& pair : node->pairs) see(pair.key, at_root), see(pair.value, at_root);
  }

  /// What is asked of each value that a step gives.
  void behind(const Node* node) {
    for (const jsonata::Stage& stage : node->stages) {
      if (stage.expression != nullptr) see(stage.expression, false);
    }
    for (const jsonata::SortTerm& term : node->terms) see(term.expression, false);
    if (node->group == nullptr) return;
    for (const jsonata::Pair& pair : node->group->pairs) see(pair.key, false), see(pair.value, false);
  }

  void path(const Node* node, bool at_root) {
    const Node* first = node->items.front();
    const bool input =
        first->type == NodeType::variable && (first->text == "$" || (first->text.empty() && at_root));
    if (input) {
      // `$$.event.type` is `event.type`.
      const Node* next = node->items.size() > 1 ? node->items[1] : nullptr;
      out_.all |= !is_plain(first) || next == nullptr || next->type != NodeType::name;
      if (next != nullptr && next->text == root_) member(node, 1);
    } else if (first->type == NodeType::variable && first->text == root_) {
      member(node, 0);
    } else if (first->type == NodeType::name && at_root && first->text == root_) {
      member(node, 0);
    }
    for (const Node* step : node->items) {
      out_.all |= !step->focus.empty();
      if (step->type == NodeType::name || step->type == NodeType::sort || (step == first && input)) {
        behind(step);
      } else if (step == first && step->type == NodeType::variable && step->text == root_) {
        behind(step);
      } else {
        see(step, at_root && step == first);
      }
    }
  }

  /// The step `at` of a path is the root: what follows names what is read of it.
  void member(const Node* path, std::size_t at) {
    const Node* next = path->items.size() > at + 1 ? path->items[at + 1] : nullptr;
    if (next == nullptr || next->type != NodeType::name || !is_plain(path->items[at])) {
      out_.all = true;
    } else {
      out_.members.emplace(next->text);
    }
  }

  void variable(const Node* node, bool at_root, bool gets_arguments) {
    if (node->text == "$" || (node->text.empty() && at_root) || node->text == root_ || node->text == "eval")
      out_.all = true;
    if (node->builtin == nullptr) return;
    const std::string_view name = node->builtin->name;
    out_.clock |= name == "now" || name == "millis";
    out_.random |= name == "random" || name == "shuffle";
    // A function as a value: where it is called, and with what, is not looked for.
    out_.all |= !gets_arguments && takes_context_object(*node->builtin);
  }

  /// `more`: arguments that do not stand in the call.
  void call(const Node* node, bool at_root, std::size_t more) {
    const Builtin* builtin = node->lhs->type == NodeType::variable ? node->lhs->builtin : nullptr;
    if (builtin == nullptr) {
      see(node->lhs, at_root);
    } else {
      variable(node->lhs, at_root, true);
      behind(node->lhs);
      out_.all |= at_root && takes_context_object(*builtin) && node->items.size() + more < full_of(*builtin);
    }
    for (const Node* argument : node->items) {
      if (builtin != nullptr && argument->type == NodeType::variable) {
        variable(argument, at_root, true);  // $map and the like call it with arguments
        behind(argument);
      } else {
        see(argument, at_root);
      }
    }
  }

  /// The right side of `~>`.
  void piped(const Node* node, bool at_root) {
    if (node->type == NodeType::function) {
      call(node, at_root, 1);
      behind(node);
    } else if (node->type == NodeType::variable) {
      variable(node, at_root, true);
      behind(node);
    } else {
      see(node, at_root);
    }
  }

  std::string_view root_;
  MemberReads& out_;
};

}  // namespace

void MemberReads::add(const MemberReads& other) {
  all |= other.all;
  clock |= other.clock;
  random |= other.random;
  members.insert(other.members.begin(), other.members.end());
}

MemberReads member_reads(const Expression& expression, std::string_view root) {
  MemberReads out;
  Reader(root, out).see(expression.program().root, true);
  return out;
}

}  // namespace tenon::mapping::check
