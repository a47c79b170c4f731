// Template: the tree a pipeline author writes under `mapping:`, with `${{ }}` in its texts.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mapping/jsonata/expression.hpp"

namespace tenon::mapping {

/// Where a scalar stands in its file: 1-based, in whatever the caller counts; 0 if unknown.
struct SourcePosition {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

/// Why a record could not be made. Never holds a value.
struct RenderError {
  EvaluationError error;    ///< its offset counts in the scalar's text
  std::string field;        ///< of the output: `name`, `lines[2].sku`; empty at the top
  SourcePosition position;  ///< of the scalar that failed
  std::string expression;   ///< the text of the one that failed; empty if none did

  /// For people: field, place, message and expression.
  std::string text() const;
};

/// An expression for a message: blanks and line ends as one blank, not longer than a line.
std::string on_one_line(std::string_view expression);

[[noreturn]] void throw_exception_from_error(const RenderError& error, const boost::source_location& where);
using RenderResult = boost::system::result<Value, RenderError>;

/// What the input is made of: `event`, each fetch by name, ... Every root is also a variable of its name.
struct Roots {
  std::vector<Member> members;  ///< names are distinct; borrowed

  void add(std::string_view name, Value value) { members.push_back({name, value}); }
};

/// Immutable and cheap to copy; any thread may render it.
class Template {
 public:
  /// Renders as missing.
  Template() = default;

  /// A text. One whole expression (white space around it ignored) keeps its type; in mixed text a missing or
  /// null part makes the whole value missing, other parts become text as by $string; `$${` is a literal `${`.
  /// Error offsets count in `text`; code `unclosed` for a `${{` without its end.
  static ParseResult<Template> scalar(std::string_view text, SourcePosition position = {},
                                      const ParseOptions& options = {});
  /// A value that is none of text (it is copied).
  static Template literal(Value value, SourcePosition position = {});
  /// A field whose value is missing is left out. Names are distinct.
  static Template object(std::vector<std::pair<std::string, Template>> fields, SourcePosition position = {});
  /// An element that is missing is left out.
  static Template list(std::vector<Template> items, SourcePosition position = {});
  /// `$each` and `$item`: always a list, one element for each of `over` (none if it is missing, one if it is
  /// no list). `item` sees $item and $index (from 0), so parse it with these among the variables; the root
  /// stays the root. An element that is missing is left out.
  static Template each(Template over, Template item, SourcePosition position = {});

  /// The value for `roots` (also bound as variables) and `bindings`. It borrows from the arena, the inputs
  /// and this template.
  RenderResult render(const Roots& roots, const Scope& bindings, Evaluation& evaluation) const;

  /// Every expression in it, with the place of its scalar; for checks.
  struct Use {
    Expression expression;
    SourcePosition position;
    std::string field;
  };
  std::vector<Use> expressions() const;

  /// True if it holds no expression.
  bool is_constant() const;
  SourcePosition position() const;

  struct Node;

 private:
  explicit Template(std::shared_ptr<const Node> node) : node_(std::move(node)) {}
  std::shared_ptr<const Node> node_;
};

}  // namespace tenon::mapping
