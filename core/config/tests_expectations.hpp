// TestExpectations: what a test expects: `expect:`, of the first form and as a step.
#pragma once

#include <set>
#include <string>

#include "config/fields.hpp"
#include "config/tests_reader.hpp"
#include "config/tests_values.hpp"

namespace tenon::config {

/// Everything wrong goes to the report; what was refused may be incomplete.
class TestExpectations {
 public:
  TestExpectations(const TestNames& names, Report& report)
      : names_(names), report_(report), values_(report) {}
  /// `expect:` beside `given:`.
  Expectation of_test(const Node& node, const std::string& path);
  /// `expect:` among steps; `sent` are the names of the events sent before it.
  Expectation of_step(const Node& node, const std::string& path, const std::set<std::string>& sent);

 private:
  Expectation expectation(Fields& fields, const Node& node, const KeySet& keys);
  ActionExpectation action(Fields& fields, const Node& node);
  void actions(const Node& node, const std::string& path, Expectation& made);
  void requests(const Node& node, const std::string& path, Expectation& made);

  const TestNames& names_;
  Report& report_;
  TestValues values_;
};

/// Reports a name that no `send` before has.
void check_sent(const Node& node, const std::string& path, const std::string& name,
                const std::set<std::string>& sent, Report& report);

}  // namespace tenon::config
