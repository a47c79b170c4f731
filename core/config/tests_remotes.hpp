// TestRemotes: what remotes answer in a test: `fetch:` and `remote:`.
#pragma once

#include <string>
#include <vector>

#include "config/tests_reader.hpp"
#include "config/tests_values.hpp"

namespace tenon::config {

/// Everything wrong goes to the report; what was refused may be incomplete.
class TestRemotes {
 public:
  TestRemotes(const TestNames& names, Report& report) : names_(names), report_(report), values_(report) {}
  FetchAnswers fetches(const Node& node, const std::string& path);
  /// One rule, or a list of them.
  std::vector<RemoteRule> remotes(const Node& node, const std::string& path);
  RemoteRule remote(const Node& node, const std::string& path);

 private:
  RemoteAnswer answer(const Node& node, const std::string& path);
  void answer_headers(const Node& node, const std::string& path, RemoteAnswer& made);

  const TestNames& names_;
  Report& report_;
  TestValues values_;
};

}  // namespace tenon::config
