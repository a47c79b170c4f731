// Inferrer: one walk over a syntax tree with types in place of values.
#pragma once

#include <set>
#include <span>
#include <utility>

#include "mapping/check/infer.hpp"
#include "mapping/jsonata/ast.hpp"

namespace tenon::mapping::check {

struct Frame {
  std::map<std::string, Type, std::less<>> bound;
  std::shared_ptr<Frame> outer;
};
using FramePtr = std::shared_ptr<Frame>;

/// What `$` is at a place, and how its author wrote it.
struct Context {
  Type type;
  std::string shown;     ///< `order.products`; empty at the root
  bool is_root = false;  ///< the names here are the roots
};

/// A function whose definition is known: one of the language's, or one of the expression's own.
struct Callable {
  const jsonata::Builtin* builtin = nullptr;
  const jsonata::Node* lambda = nullptr;  ///< alive while `frame` is
  std::weak_ptr<Frame> frame;  ///< the Inferrer owns it: the frame that binds a function may be its own
  Context context;
};

class Inferrer {
 public:
  Inferrer(const World& world, Inferred& out);

  void run(const jsonata::Program& program);

 private:
  using Node = jsonata::Node;

  // infer.cpp
  FramePtr inside(const FramePtr& outer);
  Type infer(const Node* node, const Context& context, const FramePtr& frame);
  Type infer_kind(const Node* node, const Context& context, const FramePtr& frame);
  Type variable(const Node* node, const Context& context, const FramePtr& frame);
  Type condition(const Node* node, const Context& context, const FramePtr& frame);
  Type otherwise(const Node* node, const Context& context, const FramePtr& frame);
  Type array(const Node* node, const Context& context, const FramePtr& frame);
  Type object(const Node* node, const Context& context, const FramePtr& frame);
  Type block(const Node* node, const Context& context, const FramePtr& frame);
  Type lambda(const Node* node, const Context& context, const FramePtr& frame);
  /// What a test reads is taken as there, and not looked into further, wherever the test decides.
  void guard(const Node* test, const Context& context);

  // infer_path.cpp
  struct Walk {
    Type type;          ///< of the value so far; of each of many
    bool many = false;  /// lists were gone through
    std::string shown;
    FramePtr frame;
    Context context;                        ///< of the next step
    std::size_t start = std::string::npos;  ///< offset of the first step
  };
  Type path(const Node* node, const Context& context, const FramePtr& frame);
  void step(Walk& walk, const Node* node, bool first);
  void sorted_by(const Type& by, const Node* term);
  void stages(Walk& walk, const Node* node, bool many_before);
  Type field(const Walk& walk, const Node* step);
  Type no_field(const Walk& walk, const Node* step, const Shape& shape);
  void unknown_root(const Node* step);
  Type group(const Node* node, const Type& type, const Context& context, const FramePtr& frame);
  bool is_root(std::string_view name) const;

  // infer_operator.cpp
  Type binary(const Node* node, const Context& context, const FramePtr& frame);
  Type arithmetic(const Node* node, const Type& left, const Type& right);
  Type equality(const Node* node, const Type& left, const Type& right);
  Type order(const Node* node, const Type& left, const Type& right);
  Type concat(const Node* node, const Type& left, const Type& right);
  Type contains(const Node* node, const Type& left, const Type& right);
  Type logical(const Node* node, const Type& left, const Context& context, const FramePtr& frame);
  void unknown_value(const Node* node, const Type& known, const Type& asked);

  // infer_call.cpp
  Type call(const Node* node, const Context& context, const FramePtr& frame);
  Type apply(const Node* node, const Context& context, const FramePtr& frame);
  Type call(const Type& callee, std::vector<Type> arguments, const Node* node, const Context& context,
            std::span<Node* const> written);
  Type call_lambda(const Callable& callable, const std::vector<Type>& arguments);
  Type call_builtin(const jsonata::Builtin& builtin, std::vector<Type> arguments, const Node* node,
                    const Context& context, std::span<Node* const> written);
  void check_arguments(const jsonata::Builtin& builtin, std::vector<Type>& arguments, const Node* node,
                       const Context& context, std::span<Node* const> written);
  Type result_of(std::string_view name, const std::vector<Type>& arguments, const Node* node);

  void report(bool error, std::string code, std::string message, const Node* at);
  void report(bool error, std::string code, std::string message, std::size_t offset, std::size_t end);
  /// The text of a node as its author wrote it, cut if it is long.
  std::string shown(const Node* node) const;

  const World& world_;
  Inferred& out_;
  std::vector<FramePtr> frames_;
  std::set<std::pair<std::size_t, std::string>> reported_;
  std::set<std::string, std::less<>> guarded_;
  std::set<const Node*> entered_;  ///< functions whose bodies were looked at once
  int calls_ = 0;                  ///< of the expression's own functions, nested
  int budget_;
};

/// From the first to behind the last byte of all that belongs to a node; offsets of the parsed text.
std::pair<std::size_t, std::size_t> extent(const jsonata::Node* node);
/// The names of a path as far as it is plain, joined by dots, without `$`; empty if it begins otherwise.
std::string plain_path(const jsonata::Node* node, const Context& context);
bool is_numeric_literal(const jsonata::Node* node);

}  // namespace tenon::mapping::check
