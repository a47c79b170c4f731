// The syntax tree of an expression, after the reference's: a raw tree from the parser, then a second one with
// paths flattened into steps (resolve.cpp).
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.hpp"
#include "mapping/jsonata/expression.hpp"
#include "mapping/jsonata/regex.hpp"
#include "mapping/jsonata/signature.hpp"

namespace tenon::mapping::jsonata {

enum class NodeType : std::uint8_t {
  path,
  name,
  literal,  ///< string, number, true, false, null
  wildcard,
  descendant,
  parent,
  negate,
  array,
  object,
  binary,
  bind,
  condition,
  coalesce,  ///< `??`
  fallback,  ///< `?:`
  block,
  variable,
  function,  ///< a call
  partial,
  lambda,
  apply,
  regex,
  transform,
  sort,  ///< a step of a path
  // Only in the raw tree:
  dot,
  filter,
  group,
  order,
  focus,
  index,
  word,         ///< `and`, `or`, `in` where a name may stand
  placeholder,  ///< `?` as an argument
  end,
};

enum class Op : std::uint8_t {
  none,
  add,
  subtract,
  multiply,
  divide,
  modulo,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  concat,
  logical_and,
  logical_or,
  in,
  range,
};

struct Node;
struct Builtin;

/// Where a `%` finds its value: the tuple member `label`, `level` steps up while it is looked for.
struct Slot {
  std::string_view label;
  int level = 1;
};

struct Pair {
  Node* key;
  Node* value;
};

struct SortTerm {
  Node* expression;
  bool descending;
};

/// A predicate (expression) or a position variable (index, a name).
struct Stage {
  Node* expression;
  std::string_view index;
};

struct Group {
  std::span<Pair> pairs;
  std::uint32_t offset;
};

/// What the parser and the resolver need to know beside; the evaluator reads some of it for rare steps.
struct Node {
  NodeType type = NodeType::end;
  Op op = Op::none;
  bool keep_array = false;      ///< `[]`: a sequence of one stays a list
  bool keep_singleton = false;  ///< the same on a path
  bool cons_array = false;      ///< an array constructor that must not be flattened
  bool staged = false;          ///< `stages` belong to the path, after the step's own value
  bool tuple = false;           ///< its step makes a tuple stream
  bool thunk = false;           ///< a tail call, run by the trampoline
  bool local = false;           ///< a variable that the expression itself may bind
  bool needs_frame = false;     ///< a block that binds variables
  bool plain = false;           ///< nothing applies to its value: no predicate, no group, no `[]`
  bool quick = false;           ///< ... and it is a leaf, or a path of plain names that an object answers
  bool distinct_keys = false;   ///< an object whose keys are literals, no two the same
  std::uint16_t leading = 0;    ///< of a path: how many plain names it begins with, behind a variable if any
  std::uint16_t height = 1;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;

  std::string_view text;    ///< name, variable, operator
  Value value;              ///< of a literal
  Node* lhs = nullptr;      ///< operand, procedure, condition, pattern, body
  Node* rhs = nullptr;      ///< operand, then, update
  Node* third = nullptr;    ///< else, delete
  std::span<Node*> items;   ///< steps, elements, arguments, expressions, parameters
  std::span<Stage> stages;  ///< predicates of a step or of any other expression
  const Group* group = nullptr;

  std::span<Pair> pairs;
  std::span<SortTerm> terms;
  std::string_view focus;           ///< `@$name`
  std::string_view index;           ///< `#$name`
  Slot* slot = nullptr;             ///< of a `%`
  Slot* ancestor = nullptr;         ///< the slot that this step fills
  std::span<Slot*> seeking_parent;  ///< `%` within, not found yet
  const Builtin* builtin = nullptr;
  const Regex* regex = nullptr;
  const Signature* signature = nullptr;  ///< of a lambda, or of a variable's builtin
};

/// One parsed expression with all it owns.
struct Program {
  std::string_view source;  ///< what is being parsed; empty afterwards
  std::string text;
  std::size_t origin = 0;  ///< of `text` in what was parsed; nodes count their offsets in that
  Arena arena;
  std::deque<Regex> regexes;
  std::deque<Signature> signatures;
  Node* root = nullptr;
  bool has_surrogates = false;  ///< a literal holds half of a surrogate pair
  std::vector<std::string> free_variables;
  std::vector<RootUse> uses;

  Node* make(NodeType type, std::uint32_t offset, std::uint32_t length) {
    Node* node = new (arena.array<Node>(1)) Node();
    node->type = type;
    node->offset = offset;
    node->length = length;
    return node;
  }
  template <class T>
  std::span<T> list(const std::vector<T>& from) {
    if (from.empty()) return {};
    T* to = arena.array<T>(from.size());
    std::uninitialized_copy(from.begin(), from.end(), to);
    return {to, from.size()};
  }
};

}  // namespace tenon::mapping::jsonata
