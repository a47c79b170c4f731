// docs/diagnostics.md lists every code that there is, and tests/diagnostics has a file for each.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <set>

#include "config/loader.hpp"
#include "tests/unit/config/registry.hpp"

namespace tenon::config {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = TENON_SOURCE_DIR "/tests/diagnostics";

/// What no file in a folder can show: other tests do.
const std::set<std::string> kElsewhere = {"more",           "no_account", "secret_empty",
                                          "secret_exposed", "unreadable", "yaml_size"};
/// First texts in calls that report, and no codes.
const std::set<std::string> kNoCodes = {
    "as",   "connection", "connector", "contains", "error", "expect", "i_understand_unauthenticated",
    "name", "operation",  "pipelines"};

std::set<std::string> matches(const std::string& text, const std::regex& pattern) {
  std::set<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) {
    found.insert((*at)[1]);
  }
  return found;
}

std::set<std::string> documented() {
  const std::string page = test::read_text(TENON_SOURCE_DIR "/docs/diagnostics.md");
  return matches(page.substr(page.find("| code |")), std::regex(R"(\n\| `([a-z_]+)` \| [^|]+\|)"));
}

/// The codes of every file and folder in tests/diagnostics.
std::set<std::string> seen() {
  const Environment environment = parse_env_file((kFolder / "test.env").string()).value();
  std::set<std::string> codes;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (!entry.is_directory() && entry.path().extension() != ".yaml") continue;
    const std::vector<std::string> paths = {entry.path().string()};
    for (const Diagnostic& d : load(paths, environment, test::example_registry()).diagnostics) {
      codes.insert(d.code);
    }
  }
  return codes;
}

TEST(DiagnosticCodes, EachInTheSourceIsDocumented) {
  const std::regex reported(R"((?:error|warning|of_path)\([^;"]*"([a-z_]+)\")");
  const std::set<std::string> known = documented();
  std::set<std::string> found;
  for (const auto& entry : fs::directory_iterator(TENON_SOURCE_DIR "/core/config")) {
    if (entry.path().extension() != ".cpp") continue;
    found.merge(matches(test::read_text(entry.path()), reported));
  }
  EXPECT_GT(found.size(), 40U);
  for (const std::string& code : found) {
    EXPECT_TRUE(kNoCodes.contains(code) || known.contains(code)) << code;
  }
}

TEST(DiagnosticCodes, EachDocumentedOneIsShownByAFile) {
  const std::set<std::string> shown = seen();
  const std::set<std::string> known = documented();
  EXPECT_GT(known.size(), 50U);
  for (const std::string& code : known) {
    EXPECT_TRUE(kElsewhere.contains(code) || shown.contains(code)) << code;
  }
  for (const std::string& code : shown) EXPECT_TRUE(known.contains(code)) << code;
}

}  // namespace
}  // namespace tenon::config
