// EventFilter: `--where`, an expression that is asked of each event of a list.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "base/value.hpp"
#include "mapping/jsonata/expression.hpp"

namespace tenon::app {

/// Expressions see `event` as those of pipelines do, and beside it what became of it: `state`, `reason`,
/// `attempts`, `pipeline`, `seq`.
class EventFilter {
 public:
  /// Errors: `bad_argument`, with the expression and a caret below.
  static Result<EventFilter> parse(const std::string& expression);

  /// `row`: an event of the host's lists, with its data. True is a match; false, missing and null are none,
  /// and neither is an event that the expression fails for (they are counted). Errors: `bad_argument`, the
  /// expression gives something else.
  Result<bool> test(Value row);

  std::uint64_t failed() const { return failed_; }
  /// Why the first of them failed, with a caret.
  const std::string& first_failure() const { return first_failure_; }

 private:
  explicit EventFilter(mapping::Expression expression) : expression_(std::move(expression)) {}
  mapping::Expression expression_;
  std::uint64_t failed_ = 0;
  std::string first_failure_;
};

}  // namespace tenon::app
