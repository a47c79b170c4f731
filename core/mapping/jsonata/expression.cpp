#include "mapping/jsonata/expression.hpp"

#include <stdexcept>

#include "mapping/jsonata/evaluator.hpp"
#include "mapping/jsonata/lexer.hpp"
#include "mapping/jsonata/parser.hpp"
#include "mapping/jsonata/resolve.hpp"
#include "mapping/jsonata/unicode.hpp"

namespace tenon::mapping {

void throw_exception_from_error(const ParseError& error, const boost::source_location&) {
  throw std::logic_error("unchecked error: " + error.code + ": " + error.message);
}

void throw_exception_from_error(const EvaluationError& error, const boost::source_location&) {
  throw std::logic_error("unchecked error: " + error.code + ": " + error.message);
}

namespace {

using jsonata::Program;

std::shared_ptr<Program> begin(std::string_view text) {
  auto program = std::make_shared<Program>();
  program->source = text;
  return program;
}

void finish(Program& program, std::string_view own_text, const ParseOptions& options) {
  program.text = own_text;
  program.source = {};
  jsonata::check(program, options);
}

/// Bounds a result as text, since sharing can make a small value a huge one, and cleans it of what only the
/// evaluator understands.
class Finisher {
 public:
  Finisher(Evaluation& evaluation, bool owned, bool surrogates)
      : evaluation_(evaluation),
        arena_(evaluation.arena),
        limits_(evaluation.limits),
        copies_(owned || surrogates),
        surrogates_(surrogates) {}

  Value finish(Value value) {
    measure(value, 0);
    evaluation_.output_used += bytes_;
    return copies_ ? clean(value) : value.with_flags(value.flags() & jsonata::kExact);
  }

 private:
  [[gnu::always_inline]] void add(std::size_t bytes) {
    bytes_ += bytes;
    if (bytes_ > limits_.output) too_large();
  }

  [[noreturn, gnu::noinline]] void too_large() const {
    fail("output_limit", "the result is larger than " + std::to_string(limits_.output) + " bytes");
  }

  [[noreturn]] static void fail(std::string code, std::string message) {
    throw jsonata::EvaluationFailure{{std::move(code), std::move(message), 0, 0}};
  }

  void measure(Value value, std::size_t depth) {
    if (depth > limits_.nesting) {
      fail("too_deep", "the result is nested deeper than " + std::to_string(limits_.nesting) + " levels");
    }
    switch (value.kind()) {
      case Kind::string:
        return add(value.size() + 2);
      case Kind::array:
        for (const Value item : value.items()) add(1), measure(item, depth + 1);
        return add(2);
      case Kind::object:
        for (const Member& member : value.members()) {
          add(member.name.size() + 4);
          measure(member.value, depth + 1);
        }
        return add(2);
      default:
        return add(value.is_number() ? 8 : 5);
    }
  }

  std::string_view clean(std::string_view text) {
    const bool broken = surrogates_ && jsonata::holds_surrogates(text);
    return arena_.copy(broken ? std::string_view(jsonata::without_surrogates(text)) : text);
  }

  Value clean(Value value) {
    if (value.is_string()) return Value::string(clean(value.as_string()));
    if (value.is_array()) {
      Value* items = arena_.array<Value>(value.size());
      for (std::size_t i = 0; i < value.size(); ++i) new (items + i) Value(clean(value.items()[i]));
      return Value::array({items, value.size()});
    }
    if (!value.is_object()) return value;
    Member* members = arena_.array<Member>(value.size());
    for (std::size_t i = 0; i < value.size(); ++i) {
      const Member& member = value.members()[i];
      new (members + i) Member{clean(member.name), clean(member.value)};
    }
    return Value::object({members, value.size()});
  }

  Evaluation& evaluation_;
  Arena& arena_;
  const Limits& limits_;
  bool copies_;      ///< the result points into what does not outlive the evaluation
  bool surrogates_;  ///< ... or may hold half characters
  std::size_t bytes_ = 0;
};

}  // namespace

ParseResult<Expression> Expression::parse(std::string_view text, const ParseOptions& options) {
  auto program = begin(text);
  try {
    program->root = jsonata::resolve(*program, jsonata::Parser(*program, 0).parse_all());
    finish(*program, text, options);
  } catch (jsonata::ParseFailure& failure) {
    return std::move(failure.error);
  }
  return Expression(std::move(program));
}

ParseResult<Expression::Embedded> Expression::parse_embedded(std::string_view text, std::size_t from,
                                                             const ParseOptions& options) {
  auto program = begin(text);
  std::size_t end = from;
  try {
    jsonata::Node* raw = jsonata::Parser(*program, from).parse_embedded(from, end);
    program->root = jsonata::resolve(*program, raw);
    program->origin = from;
    finish(*program, text.substr(from, end - 2 - from), options);
  } catch (jsonata::ParseFailure& failure) {
    ParseError& error = failure.error;
    const bool at_end = error.code == "S0203" || error.code == "S0101" || error.code == "S0106";
    if (at_end && text.find("}}", from) == std::string_view::npos) {
      error.message = "unclosed `${{`: no `}}` ends it (" + error.message + ")";
      error.code = "unclosed";
    }
    return std::move(error);
  }
  return Embedded{Expression(std::move(program)), end};
}

EvaluationResult Expression::evaluate(Value root, const Scope& bindings, Evaluation& evaluation) const {
  try {
    jsonata::Evaluator evaluator(*program_, bindings, evaluation);
    const Value result = evaluator.run(root);
    return Finisher(evaluation, evaluator.has_evaluated(),
                    program_->has_surrogates || evaluator.has_evaluated())
        .finish(result);
  } catch (jsonata::EvaluationFailure& failure) {
    return std::move(failure.error);
  }
}

std::string_view Expression::text() const { return program_->text; }
std::size_t Expression::origin() const { return program_->origin; }
const std::vector<std::string>& Expression::free_variables() const { return program_->free_variables; }
const std::vector<RootUse>& Expression::uses() const { return program_->uses; }

}  // namespace tenon::mapping
