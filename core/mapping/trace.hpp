// Trace: sees what an evaluation does, for coverage and explanations. Costs one test per step when it is off.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/template.hpp"

namespace tenon::mapping {

/// Called by the thread that evaluates. Values are valid as long as the evaluation's arena.
class Trace {
 public:
  virtual ~Trace() = default;
  /// An expression of a template begins. `field` is that of the output, as in RenderError.
  virtual void begins(const Expression&, const std::string& /*field*/, SourcePosition) {}
  /// The current expression reads a variable that is made now, by other expressions, until `leaves`.
  virtual void enters(std::string_view /*variable*/) {}
  virtual void leaves() {}
  /// A part of the current expression has its value.
  virtual void evaluated(const jsonata::Node&, Value) {}
  /// The text that held the expressions begun last has its value; not called if one of them fails.
  virtual void gave(Value) {}
};

/// A stretch of an expression. Offset and length are bytes in Expression::text().
struct Part {
  const jsonata::Node* node = nullptr;
  std::string_view what;  ///< of a branch: `then`, `else`, `default`, `right side`
  std::size_t offset = 0;
  std::size_t length = 0;
};

/// The parts that an evaluation may leave out: both arms of a condition, defaults, the right sides of `and`
/// and `or`. In the order written.
std::vector<Part> branches_of(const Expression& expression);

/// Where the node stands if it reads the input or an outside variable by a path; nullopt for all others.
std::optional<Part> read_of(const Expression& expression, const jsonata::Node& node);

}  // namespace tenon::mapping
