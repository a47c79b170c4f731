#include "mapping/trace.hpp"

#include <algorithm>

#include "mapping/jsonata/ast.hpp"

namespace tenon::mapping {
namespace {

using jsonata::Node;
using jsonata::NodeType;
using jsonata::Op;

template <class See>
void each_child(const Node& node, See&& see) {
  for (const Node* child : {node.lhs, node.rhs, node.third}) {
    if (child != nullptr) see(*child);
  }
  for (const Node* item : node.items) see(*item);
  for (const jsonata::Pair& pair : node.pairs) see(*pair.key), see(*pair.value);
  for (const jsonata::SortTerm& term : node.terms) see(*term.expression);
  for (const jsonata::Stage& stage : node.stages) {
    if (stage.expression != nullptr) see(*stage.expression);
  }
  if (node.group == nullptr) return;
  for (const jsonata::Pair& pair : node.group->pairs) see(*pair.key), see(*pair.value);
}

void widen(const Node& node, std::size_t& from, std::size_t& to) {
  from = std::min<std::size_t>(from, node.offset);
  to = std::max<std::size_t>(to, std::size_t{node.offset} + node.length);
  each_child(node, [&](const Node& child) { widen(child, from, to); });
}

/// Closing brackets belong to no node; take those that the stretch opens.
std::size_t closed(std::string_view text, std::size_t from, std::size_t to) {
  int open = 0;
  for (std::size_t i = from; i < to; ++i) {
    if (text[i] == '(' || text[i] == '[' || text[i] == '{') ++open;
    if (text[i] == ')' || text[i] == ']' || text[i] == '}') --open;
  }
  while (open > 0 && to < text.size()) {
    const char c = text[to++];
    if (c == ')' || c == ']' || c == '}') --open;
  }
  return to;
}

Part part_of(const Expression& expression, const Node& node, std::string_view what) {
  std::size_t from = node.offset;
  std::size_t to = from;
  widen(node, from, to);
  const std::string_view text = expression.text();
  from = std::min(from - std::min(from, expression.origin()), text.size());
  to = std::clamp(to - std::min(to, expression.origin()), from, text.size());
  return {&node, what, from, closed(text, from, to) - from};
}

void collect(const Expression& expression, const Node& node, std::vector<Part>& out) {
  const auto add = [&](const Node* branch, std::string_view what) {
    if (branch != nullptr) out.push_back(part_of(expression, *branch, what));
  };
  if (node.type == NodeType::condition) {
    add(node.rhs, "then");
    add(node.third, "else");
  } else if (node.type == NodeType::coalesce || node.type == NodeType::fallback) {
    add(node.third, "default");
  } else if (node.type == NodeType::binary && (node.op == Op::logical_and || node.op == Op::logical_or)) {
    add(node.rhs, "right side");
  }
  each_child(node, [&](const Node& child) { collect(expression, child, out); });
}

}  // namespace

std::vector<Part> branches_of(const Expression& expression) {
  std::vector<Part> out;
  collect(expression, *expression.program().root, out);
  std::stable_sort(out.begin(), out.end(), [](const Part& a, const Part& b) { return a.offset < b.offset; });
  return out;
}

std::optional<Part> read_of(const Expression& expression, const Node& node) {
  const Node* first = &node;
  if (node.type == NodeType::path) {
    first = node.items.front();
  } else if (node.type != NodeType::variable) {
    return std::nullopt;
  }
  if (first->type == NodeType::variable) {
    const auto& outside = expression.free_variables();
    const bool known = std::find(outside.begin(), outside.end(), first->text) != outside.end();
    if (!known && first->text != "$") return std::nullopt;
  } else if (first->type != NodeType::name) {
    return std::nullopt;
  }
  return part_of(expression, node, "");
}

}  // namespace tenon::mapping
