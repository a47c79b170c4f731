// The reference's own test suite (https://github.com/jsonata-js/jsonata, test/test-suite), if
// TENON_CONFORMANCE names a directory with jsonata/groups and jsonata/datasets. Cases that fail today are
// listed in jsonata_expected_failures.txt; the list may only shrink.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "base/json.hpp"
#include "mapping/jsonata/expression.hpp"

namespace tenon::mapping {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

JsonLimits generous() {
  JsonLimits limits;
  limits.depth = 1000;
  limits.members = 1'000'000;
  limits.number_length = 1000;
  return limits;
}

class Datasets {
 public:
  explicit Datasets(fs::path directory) : directory_(std::move(directory)) {}

  Value get(const std::string& name) {
    auto found = documents_.find(name);
    if (found == documents_.end()) {
      auto parsed = parse_json(read_file(directory_ / (name + ".json")), generous());
      if (!parsed) return {};
      found = documents_.emplace(name, std::move(*parsed)).first;
    }
    return found->second.root;
  }

 private:
  fs::path directory_;
  std::map<std::string, Document> documents_;
};

/// Nearly equal numbers are equal: the suite's results are written by another engine's arithmetic.
bool matches(Value expected, Value actual, bool unordered) {
  if (actual.is_array() && unordered && expected.is_array() && expected.size() == actual.size()) {
    return std::all_of(expected.items().begin(), expected.items().end(), [&](Value wanted) {
      return std::any_of(actual.items().begin(), actual.items().end(),
                         [&](Value item) { return matches(wanted, item, false); });
    });
  }
  if (expected.is_number() && actual.is_number()) return expected.as_double() == actual.as_double();
  // Functions and missing values are no JSON: compare as text would.
  auto text = parse_json(to_json(actual), generous());
  return text && equal(expected, text->root);
}

/// Empty if the case passes, else what was wrong.
std::string run_case(Value test, const fs::path& group, Datasets& datasets) {
  std::string source(test.get("expr").as_string());
  if (test.get("expr-file").is_string()) {
    source = read_file(group / std::string(test.get("expr-file").as_string()));
  }
  Value input = test.get("data");
  if (test.get("dataset").is_string()) input = datasets.get(std::string(test.get("dataset").as_string()));
  std::string code(test.get("code").as_string());
  if (code.empty()) code = test.get("error").get("code").as_string();

  ParseOptions options;
  options.any_variable = true;
  options.allow_eval = true;
  Scope scope;
  if (test.get("bindings").is_object()) {
    for (const Member& member : test.get("bindings").members()) {
      options.variables.emplace_back(member.name);
      scope.bind(member.name, member.value);
    }
  }
  const auto expression = Expression::parse(source, options);
  if (!expression) {
    if (expression.error().code == code) return {};
    return "parse: " + expression.error().code + " " + expression.error().message + ", wanted " + code;
  }
  Arena arena;
  Evaluation evaluation{arena};
  evaluation.now_ms = 1'700'000'000'000;
  evaluation.limits.steps = 20'000'000;
  evaluation.limits.memory = std::size_t{2} << 30;
  evaluation.limits.output = std::size_t{1} << 30;
  // A case that must run into its limit gets it; the others need no more than ours.
  if (code == "U1001" && test.get("depth").is_number()) {
    evaluation.limits.depth = static_cast<std::size_t>(test.get("depth").as_double());
  }
  const auto result = expression->evaluate(input, scope, evaluation);
  if (!result) {
    const std::string& got = result.error().code;
    // The suite gives its own limit (timelimit, depth) a code of its own.
    const bool limit = code == "U1001" && (got == "D1011" || got == "D1012");
    if (got == code || limit) return {};
    return "evaluate: " + got + " " + result.error().message + ", wanted " + code;
  }
  if (!code.empty()) return "no error, wanted " + code + ", got " + to_json(*result).substr(0, 200);
  if (test.get("undefinedResult").is_boolean()) {
    return result->is_missing() ? "" : "wanted nothing, got " + to_json(*result).substr(0, 200);
  }
  const Value expected = test.get("result");
  const bool unordered = test.get("unordered").is_boolean();
  if (expected.is_missing() || matches(expected, *result, unordered)) return {};
  return "wanted " + to_json(expected).substr(0, 300) + ", got " + to_json(*result).substr(0, 300) +
         (result->is_missing() ? " (missing)" : "");
}

TEST(JsonataConformance, NothingRegresses) {
  const char* root = std::getenv("TENON_CONFORMANCE");
  if (root == nullptr) GTEST_SKIP() << "TENON_CONFORMANCE is not set";
  const fs::path base = fs::path(root) / "jsonata";
  ASSERT_TRUE(fs::is_directory(base / "groups")) << base;
  std::set<std::string> expected_failures;
  std::ifstream list(std::string(TENON_SOURCE_DIR) + "/tests/unit/mapping/jsonata_expected_failures.txt");
  for (std::string line; std::getline(list, line);) {
    if (!line.empty() && line[0] != '#') expected_failures.insert(line);
  }
  Datasets datasets(base / "datasets");
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(base / "groups")) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::size_t total = 0;
  std::size_t passed = 0;
  for (const fs::path& file : files) {
    const auto parsed = parse_json(read_file(file), generous());
    const std::string name = file.parent_path().filename() / file.stem();
    if (!parsed) {
      ++total;
      if (!expected_failures.contains(name)) ADD_FAILURE() << name << ": " << parsed.error().text();
      continue;
    }
    const Value root_value = parsed->root;
    const std::span<const Value> cases =
        root_value.is_array() ? root_value.items() : std::span<const Value>(&root_value, 1);
    for (std::size_t i = 0; i < cases.size(); ++i) {
      ++total;
      const std::string id = root_value.is_array() ? name + "#" + std::to_string(i) : name;
      const std::string wrong = run_case(cases[i], file.parent_path(), datasets);
      if (wrong.empty()) ++passed;
      const bool listed = expected_failures.contains(id);
      if (wrong.empty() && listed) ADD_FAILURE() << id << " passes now: take it from the list";
      if (!wrong.empty() && !listed) ADD_FAILURE() << id << ": " << wrong;
    }
  }
  std::cout << "jsonata conformance: " << passed << " of " << total << " cases pass\n";
  EXPECT_GT(total, 0U);
}

}  // namespace
}  // namespace tenon::mapping
