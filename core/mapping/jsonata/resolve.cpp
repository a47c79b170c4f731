#include "mapping/jsonata/resolve.hpp"

#include <algorithm>
#include <string>

#include "mapping/jsonata/lexer.hpp"

namespace tenon::mapping::jsonata {
namespace {

class Resolver {
 public:
  explicit Resolver(Program& program) : program_(program) {}

  Node* process(Node* raw) {
    const bool keep_array = raw->keep_array;
    Node* result = process_kind(raw);
    if (keep_array) result->keep_array = true;
    return result;
  }

 private:
  Node* process_kind(Node* raw);
  Node* dot(Node* raw);
  Node* filter(Node* raw);
  Node* group(Node* raw);
  Node* order(Node* raw);
  Node* focus(Node* raw);
  Node* index(Node* raw);
  Node* negate(Node* raw);
  Node* name(Node* raw);
  Node* block(Node* raw);
  Node* call(Node* raw);
  Node* lambda(Node* raw);
  /// For kinds that only hold others: processes them and hands on what they seek.
  Node* plain(Node* raw);
  void process_pairs(std::span<Pair> pairs, Node* owner);

  Node* tail_call(Node* node);
  Node* path_of(Node* step);
  static Node* last_step(Node* node) { return node->type == NodeType::path ? node->items.back() : node; }
  void append(std::span<Node*>& items, std::span<Node* const> more);
  void add_stage(Node* step, Stage stage);

  Slot* seek_parent(Node* node, Slot* slot);
  void seek(Node* node, std::span<Slot* const> slots);
  void push_ancestry(Node* result, const Node* value);
  void resolve_ancestry(Node* path);

  Program& program_;
  int labels_ = 0;
};

Node* Resolver::process_kind(Node* raw) {
  switch (raw->type) {
    case NodeType::dot:
      return dot(raw);
    case NodeType::filter:
      return filter(raw);
    case NodeType::group:
      return group(raw);
    case NodeType::order:
      return order(raw);
    case NodeType::focus:
      return focus(raw);
    case NodeType::index:
      return index(raw);
    case NodeType::negate:
      return negate(raw);
    case NodeType::name:
    case NodeType::word:
      return name(raw);
    case NodeType::block:
      return block(raw);
    case NodeType::function:
    case NodeType::partial:
      return call(raw);
    case NodeType::lambda:
      return lambda(raw);
    case NodeType::parent: {
      // Each is carried through all that encloses it: a bound keeps that linear.
      constexpr int kMostParents = 100;
      if (labels_ >= kMostParents) fail("too_deep", "more than 100 parent operators (%)", raw->offset);
      const std::string label = "!" + std::to_string(labels_++);
      raw->slot = new (program_.arena.array<Slot>(1)) Slot{program_.arena.copy(label), 1};
      return raw;
    }
    case NodeType::end:
      fail("S0207", "unexpected end of expression", raw->offset, 0);
    case NodeType::transform:
      raw->lhs = process(raw->lhs);
      raw->rhs = process(raw->rhs);
      if (raw->third != nullptr) raw->third = process(raw->third);
      return raw;
    case NodeType::apply:
      raw->lhs = process(raw->lhs);
      raw->rhs = process(raw->rhs);
      raw->keep_array = raw->lhs->keep_array || raw->rhs->keep_array;
      return raw;
    case NodeType::bind:
      raw->rhs = process(raw->rhs);
      push_ancestry(raw, raw->rhs);
      return raw;
    default:
      return plain(raw);
  }
}

Node* Resolver::plain(Node* raw) {
  for (Node** child : {&raw->lhs, &raw->rhs, &raw->third}) {
    if (*child == nullptr) continue;
    *child = process(*child);
    push_ancestry(raw, *child);
  }
  for (Node*& item : raw->items) {
    item = process(item);
    push_ancestry(raw, item);
  }
  process_pairs(raw->pairs, raw);
  return raw;
}

void Resolver::process_pairs(std::span<Pair> pairs, Node* owner) {
  for (Pair& pair : pairs) {
    pair.key = process(pair.key);
    pair.value = process(pair.value);
    if (owner == nullptr) continue;
    push_ancestry(owner, pair.key);
    push_ancestry(owner, pair.value);
  }
}

void Resolver::append(std::span<Node*>& items, std::span<Node* const> more) {
  std::vector<Node*> all(items.begin(), items.end());
  all.insert(all.end(), more.begin(), more.end());
  items = program_.list(all);
}

void Resolver::add_stage(Node* step, Stage stage) {
  std::vector<Stage> all(step->stages.begin(), step->stages.end());
  all.push_back(stage);
  step->stages = program_.list(all);
}

Node* Resolver::path_of(Node* step) {
  if (step->type == NodeType::path) return step;
  Node* path = program_.make(NodeType::path, step->offset, step->length);
  append(path->items, std::span<Node* const>(&step, 1));
  return path;
}

Node* Resolver::dot(Node* raw) {
  Node* left = process(raw->lhs);
  Node* path = path_of(left);
  if (left->type == NodeType::parent) seek(path, std::span<Slot* const>(&left->slot, 1));
  Node* rest = process(raw->rhs);
  if (rest->type == NodeType::path) {
    append(path->items, rest->items);
  } else {
    rest->staged = !rest->stages.empty();
    append(path->items, std::span<Node* const>(&rest, 1));
  }
  for (Node* step : path->items) {
    if (step->type == NodeType::literal) {
      if (!step->value.is_string()) {
        fail("S0213", "a literal value cannot be used as a step within a path expression", step->offset,
             step->length);
      }
      step->type = NodeType::name;
      step->text = step->value.as_string();
    }
    path->keep_singleton |= step->keep_array;
  }
  for (Node* step : {path->items.front(), path->items.back()}) {
    if (step->type == NodeType::array) step->cons_array = true;
  }
  resolve_ancestry(path);
  return path;
}

Node* Resolver::filter(Node* raw) {
  Node* result = process(raw->lhs);
  Node* step = last_step(result);
  if (step->group != nullptr) {
    fail("S0209", "a predicate cannot follow a grouping expression in a step", raw->offset);
  }
  Node* predicate = process(raw->rhs);
  if (!predicate->seeking_parent.empty()) {
    for (Slot* slot : predicate->seeking_parent) {
      if (slot->level == 1) {
        seek_parent(step, slot);
      } else {
        --slot->level;
      }
    }
    push_ancestry(step, predicate);
  }
  step->staged = result->type == NodeType::path;
  add_stage(step, {predicate, {}});
  return result;
}

Node* Resolver::group(Node* raw) {
  Node* result = process(raw->lhs);
  if (result->group != nullptr) {
    fail("S0210", "each step can only have one grouping expression", raw->offset);
  }
  process_pairs(raw->pairs, nullptr);
  result->group = new (program_.arena.array<Group>(1)) Group{raw->pairs, raw->offset};
  return result;
}

Node* Resolver::order(Node* raw) {
  Node* path = path_of(process(raw->lhs));
  Node* sort = program_.make(NodeType::sort, raw->offset, raw->length);
  for (SortTerm& term : raw->terms) {
    term.expression = process(term.expression);
    push_ancestry(sort, term.expression);
  }
  sort->terms = raw->terms;
  append(path->items, std::span<Node* const>(&sort, 1));
  resolve_ancestry(path);
  return path;
}

Node* Resolver::focus(Node* raw) {
  Node* result = process(raw->lhs);
  Node* step = last_step(result);
  if (!step->stages.empty()) {
    fail("S0215", "a context variable binding must precede any predicates on a step", raw->offset);
  }
  if (step->type == NodeType::sort) {
    fail("S0216", "a context variable binding must precede the order-by clause on a step", raw->offset);
  }
  if (raw->keep_array) step->keep_array = true;
  step->focus = raw->rhs->text;
  step->tuple = true;
  return result;
}

Node* Resolver::index(Node* raw) {
  Node* result = process(raw->lhs);
  Node* step = last_step(result);
  if (result->type != NodeType::path) {
    result = path_of(result);
    step->staged = !step->stages.empty();
  }
  if (step->stages.empty()) {
    step->index = raw->rhs->text;
  } else {
    add_stage(step, {nullptr, raw->rhs->text});
  }
  step->tuple = true;
  return result;
}

Node* Resolver::negate(Node* raw) {
  Node* operand = process(raw->lhs);
  if (operand->type == NodeType::literal && operand->value.is_number()) {
    operand->value = Value::number(-operand->value.as_double());
    return operand;
  }
  raw->lhs = operand;
  push_ancestry(raw, operand);
  return raw;
}

Node* Resolver::name(Node* raw) {
  raw->type = NodeType::name;
  Node* path = path_of(raw);
  path->keep_singleton = raw->keep_array;
  return path;
}

Node* Resolver::block(Node* raw) {
  for (Node*& item : raw->items) {
    item = process(item);
    push_ancestry(raw, item);
    const Node* first = item->type == NodeType::path ? item->items.front() : item;
    if (first->cons_array) raw->cons_array = true;
  }
  return raw;
}

Node* Resolver::call(Node* raw) {
  for (Node*& argument : raw->items) {
    if (argument->type == NodeType::placeholder) continue;
    argument = process(argument);
    push_ancestry(raw, argument);
  }
  raw->lhs = process(raw->lhs);
  return raw;
}

Node* Resolver::lambda(Node* raw) {
  raw->lhs = tail_call(process(raw->lhs));
  return raw;
}

/// A call in tail position becomes a thunk, so that tail recursion needs no stack.
Node* Resolver::tail_call(Node* node) {
  if (!node->stages.empty() || node->group != nullptr || node->keep_array) return node;
  switch (node->type) {
    case NodeType::function: {
      Node* thunk = program_.make(NodeType::lambda, node->offset, node->length);
      thunk->thunk = true;
      thunk->lhs = node;
      return thunk;
    }
    case NodeType::condition:
      node->rhs = tail_call(node->rhs);
      [[fallthrough]];
    case NodeType::coalesce:
    case NodeType::fallback:
      if (node->third != nullptr) node->third = tail_call(node->third);
      return node;
    case NodeType::block:
      if (!node->items.empty()) node->items.back() = tail_call(node->items.back());
      return node;
    default:
      return node;
  }
}

void Resolver::seek(Node* node, std::span<Slot* const> slots) {
  std::vector<Slot*> all(node->seeking_parent.begin(), node->seeking_parent.end());
  all.insert(all.end(), slots.begin(), slots.end());
  node->seeking_parent = program_.list(all);
}

void Resolver::push_ancestry(Node* result, const Node* value) {
  seek(result, value->seeking_parent);
  if (value->type == NodeType::parent) seek(result, std::span<Slot* const>(&value->slot, 1));
}

Slot* Resolver::seek_parent(Node* node, Slot* slot) {
  switch (node->type) {
    case NodeType::name:
    case NodeType::wildcard:
      if (--slot->level == 0) {
        if (node->ancestor != nullptr) slot->label = node->ancestor->label;
        node->ancestor = slot;
        node->tuple = true;
      }
      return slot;
    case NodeType::parent:
      ++slot->level;
      return slot;
    case NodeType::block:
      if (node->items.empty()) return slot;
      node->tuple = true;
      return seek_parent(node->items.back(), slot);
    case NodeType::path: {
      node->tuple = true;
      std::size_t left = node->items.size();
      do {
        slot = seek_parent(node->items[--left], slot);
      } while (slot->level > 0 && left > 0);
      return slot;
    }
    default:
      fail("S0217", "the object representing the parent (%) cannot be derived from this expression",
           node->offset, node->length);
  }
}

void Resolver::resolve_ancestry(Node* path) {
  const Node* last = path->items.back();
  std::vector<Slot*> slots(last->seeking_parent.begin(), last->seeking_parent.end());
  if (last->type == NodeType::parent) slots.push_back(last->slot);
  for (Slot* slot : slots) {
    std::size_t left = path->items.size() - 1;
    while (slot->level > 0) {
      if (left == 0) {
        seek(path, std::span<Slot* const>(&slot, 1));
        break;
      }
      Node* step = path->items[--left];
      // Of neighbouring steps that bind the context, only the first moves it.
      while (left > 0 && !step->focus.empty() && !path->items[left - 1]->focus.empty()) {
        step = path->items[--left];
      }
      slot = seek_parent(step, slot);
    }
  }
}

}  // namespace

Node* resolve(Program& program, Node* raw) {
  Node* root = Resolver(program).process(raw);
  if (root->type == NodeType::parent || !root->seeking_parent.empty()) {
    fail("S0217", "the object representing the parent (%) cannot be derived from this expression",
         root->offset, root->length);
  }
  return root;
}

}  // namespace tenon::mapping::jsonata
