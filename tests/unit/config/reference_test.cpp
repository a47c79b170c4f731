// docs/pipeline-reference.md and docs/check.md say what is true: each YAML example loads, each error shown is
// one that comes.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include "config/loader.hpp"
#include "tests/unit/config/registry.hpp"

namespace tenon::config {
namespace {

const std::string kFolder = TENON_SOURCE_DIR "/tests/diagnostics/";

/// The blocks of one language, in order.
std::vector<std::string> blocks(const std::string& language, const std::string& page = "pipeline-reference") {
  std::istringstream in(test::read_text(TENON_SOURCE_DIR "/docs/" + page + ".md"));
  std::vector<std::string> all;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("```")) {
      inside = !inside && line == "```" + language;
      if (inside) all.emplace_back();
    } else if (inside) {
      all.back() += line + "\n";
    }
  }
  return all;
}

/// A file's top-level sections by key.
std::vector<std::pair<std::string, std::string>> sections(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> all;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    const bool begins = !line.empty() && line[0] != ' ' && line[0] != '#';
    if (begins) all.emplace_back(line.substr(0, line.find(':')), "");
    if (!all.empty()) all.back().second += line + "\n";
  }
  return all;
}

/// The first example with the sections of `fragment` in the place of its own.
std::string completed(const std::string& whole, const std::string& fragment) {
  std::set<std::string> given;
  for (const auto& [key, text] : sections(fragment)) given.insert(key);
  if (given.contains("actions")) given.insert({"action", "mapping"});
  // An example of a trigger has fetches of its own.
  if (given.contains("trigger")) given.insert("mapping");
  std::string out;
  for (const auto& [key, text] : sections(whole)) {
    if (!given.contains(key)) out += text;
  }
  if (given.contains("trigger")) out += "mapping: { external_id: \"${{ event.id }}\" }\n";
  return out + fragment;
}

TEST(PipelineReference, ItsExamplesLoad) {
  const Environment environment = parse_env_file(kFolder + "test.env").value();
  const std::vector<std::string> examples = blocks("yaml");
  ASSERT_GT(examples.size(), 8U);
  ASSERT_TRUE(examples[0].starts_with("tenon: 1"));
  for (const std::string& example : examples) {
    const std::string text = example.starts_with("tenon:") ? example : completed(examples[0], example);
    const Loaded loaded = load_text("example.yaml", text, environment, test::example_registry());
    // A fragment need not read all that it fetches.
    const bool quiet = std::all_of(loaded.diagnostics.begin(), loaded.diagnostics.end(),
                                   [](const Diagnostic& each) { return each.code == "unused"; });
    EXPECT_TRUE(loaded.ok() && quiet) << text << render_text(loaded.diagnostics, false);
  }
}

TEST(PipelineReference, ItsErrorsCome) {
  std::string all;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".expected") all += test::read_text(entry.path());
  }
  for (const char* page : {"pipeline-reference", "check"}) {
    const std::vector<std::string> shown = blocks("text", page);
    EXPECT_FALSE(shown.empty()) << page;
    for (const std::string& each : shown) EXPECT_NE(all.find(each), std::string::npos) << each;
  }
}

}  // namespace
}  // namespace tenon::config
