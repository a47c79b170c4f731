// Expression: one JSONata expression, parsed and checked once, evaluated many times. The language is that of
// https://docs.jsonata.org (npm `jsonata` 2.x is the reference).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.hpp"
#include "mapping/jsonata/scope.hpp"

namespace tenon::mapping {

/// Why a text is no expression. `offset` and `length` are bytes in the parsed text. Codes S0xxx are the
/// reference's; our own are words: `unknown_variable`, `not_allowed`, `too_deep`, `too_long`, `unclosed`,
/// `regex`, `unknown_zone`.
struct ParseError {
  std::string code;
  std::string message;
  std::size_t offset = 0;
  std::size_t length = 0;
  std::string did_you_mean;  ///< with its `$`; empty if nothing is near
};

/// Why an evaluation failed. `offset` and `length` are bytes in the expression's text. Codes T and D are the
/// reference's (D1011: too deep, D1012: out of steps); our own are `need`, `prefix`, `decimal`, `time`,
/// `time_zone`, `memory_limit`, `output_limit`, `too_deep`. The message names types, never values (a
/// `$need`'s or `$error`'s words are the author's).
struct EvaluationError {
  std::string code;
  std::string message;
  std::size_t offset = 0;
  std::size_t length = 0;
};

[[noreturn]] void throw_exception_from_error(const ParseError& error, const boost::source_location& where);
[[noreturn]] void throw_exception_from_error(const EvaluationError& error,
                                             const boost::source_location& where);

template <class T>
using ParseResult = boost::system::result<T, ParseError>;
using EvaluationResult = boost::system::result<Value, EvaluationError>;

/// What an expression may name beside its own variables and the language's functions.
struct ParseOptions {
  std::vector<std::string> variables;  ///< without the `$`
  bool any_variable = false;           ///< as the reference: an unknown `$name` is missing, not an error
  bool allow_eval = false;             ///< `$eval` runs texts that nobody checked: refused unless asked for
};

struct Limits {
  std::size_t steps = 100'000;                 ///< of one expression; about 5 ms
  std::size_t render_steps = 1'000'000;        ///< of all expressions of a template together
  std::size_t depth = 500;                     ///< nested evaluations; each needs native stack
  std::size_t memory = std::size_t{64} << 20;  ///< bytes taken from the arena
  std::size_t output = std::size_t{4} << 20;   ///< bytes of the result as JSON text, about
  std::size_t string = std::size_t{4} << 20;   ///< bytes of one string
  std::size_t nesting = 64;                    ///< of the result's arrays and objects
};

class Trace;  // mapping/trace.hpp

/// What one evaluation runs on. Same root, bindings, time and seed: same result. One thread at a time.
struct Evaluation {
  Arena& arena;             ///< outlives the result
  std::int64_t now_ms = 0;  ///< $now and $millis: when the event was received, milliseconds since 1970
  std::uint64_t seed = 0;   ///< of $random and $shuffle
  Limits limits = {};
  std::size_t steps_used = 0;   ///< out, summed over evaluations
  std::size_t output_used = 0;  ///< out, bytes of results, summed
  Trace* trace = nullptr;       ///< told of each step, if there is one
};

/// A way an expression reads its input: `order.billing_address.email` or `$order.id`, as far as its steps are
/// plain names.
struct RootUse {
  std::vector<std::string> path;  ///< the root's name first, without `$`
  bool variable = false;          ///< written with `$`
  std::size_t offset = 0;         ///< of the first step
  std::size_t length = 0;         ///< to the last step's end
};

namespace jsonata {
struct Node;
struct Program;
}  // namespace jsonata

/// Immutable and cheap to copy; any thread may evaluate it.
class Expression {
 public:
  /// An expression that is all of `text`. Linear in its length; never overflows the stack.
  static ParseResult<Expression> parse(std::string_view text, const ParseOptions& options = {});

  struct Embedded;
  /// An expression inside a text, from `from` (just behind `${{`) to its `}}`, which the language's own
  /// parser finds: one in a string, a comment or an object constructor does not end it. Error offsets count
  /// from the start of `text`. Without an end: code `unclosed`.
  static ParseResult<Embedded> parse_embedded(std::string_view text, std::size_t from,
                                              const ParseOptions& options = {});

  /// The value for the input `root` ($$) and `bindings`. It borrows from the arena, from `root` and from this
  /// expression (its literals); a function as result is of
  /// no use to the caller.
  EvaluationResult evaluate(Value root, const Scope& bindings, Evaluation& evaluation) const;

  /// The text it was parsed from.
  std::string_view text() const;
  /// Where that stands in what was parsed: 0, or behind `${{` if it was embedded.
  std::size_t origin() const;
  /// Variables it needs from outside, sorted, without `$`.
  const std::vector<std::string>& free_variables() const;
  /// What it reads of its input and of outside variables.
  const std::vector<RootUse>& uses() const;

  explicit Expression(std::shared_ptr<const jsonata::Program> program) : program_(std::move(program)) {}
  const jsonata::Program& program() const { return *program_; }

 private:
  std::shared_ptr<const jsonata::Program> program_;
};

struct Expression::Embedded {
  Expression expression;  ///< its positions count from the start of the whole text
  std::size_t end = 0;    ///< the offset just behind `}}`
};

/// Names of all functions of the language, with `$`; for completion and "did you mean".
std::vector<std::string> function_names();

}  // namespace tenon::mapping
