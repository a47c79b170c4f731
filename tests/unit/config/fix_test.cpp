// Fixes over all files of tests/diagnostics: what they change is in tests/diagnostics/fixes.diff, which
// UPDATE=1 writes anew.
#include "config/fix.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/loader.hpp"
#include "tests/unit/config/registry.hpp"

namespace tenon::config {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(TENON_SOURCE_DIR) / "tests" / "diagnostics";

Environment environment() {
  auto read = parse_env_file((kFolder / "test.env").string());
  if (!read) throw std::runtime_error(read.error().text());
  return *read;
}

Mended mended(const std::string& text) {
  return mend((kFolder / "made.yaml").string(), text, environment(), test::example_registry());
}

TEST(Fix, OfAllFilesIsAsExpected) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::string all;
  for (const fs::path& file : files) {
    const std::string text = test::read_text(file.string());
    const Mended made = mend(file.string(), text, environment(), test::example_registry());
    EXPECT_EQ(made.text == text, made.diff.empty()) << file;
    if (made.text == text) continue;
    all += "--- " + file.filename().string() + "\n" + made.diff;
    EXPECT_EQ(std::count(made.text.begin(), made.text.end(), '\n'),
              std::count(text.begin(), text.end(), '\n'));
    const Mended again = mend(file.string(), made.text, environment(), test::example_registry());
    EXPECT_EQ(again.text, made.text) << file;
    for (const auto& [name, value] : environment()) {
      if (name.ends_with("KEY") || name.ends_with("SECRET")) {
        EXPECT_EQ(made.diff.find(value), std::string::npos) << name;
      }
    }
  }
  const std::string expected = (kFolder / "fixes.diff").string();
  if (std::getenv("UPDATE") != nullptr) std::ofstream(expected, std::ios::binary) << all;
  EXPECT_EQ(all, test::read_text(expected));
  EXPECT_GT(std::count(all.begin(), all.end(), '@'), 40);
}

TEST(Fix, LeavesAllOtherBytes) {
  const std::string before =
      "# Über\r\ntenon: 1\r\nname: a   # why\r\n\r\nconections: { store: { connector: shop } }  \r\n";
  const Mended made = mended(before);
  std::string expected = before;
  expected.replace(expected.find("conections"), 10, "connections");
  EXPECT_EQ(made.text, expected);
}

TEST(Fix, LeavesWhatMayMeanTwoThings) {
  // `iten` is no nearer to one name than to the other, so that none is proposed.
  Diagnostic diagnostic;
  diagnostic.code = "unknown_key";
  diagnostic.message = "x: unknown key; known here: `item`, `iter`";
  diagnostic.position = {"made.yaml", 1, 1};
  diagnostic.length = 4;
  EXPECT_FALSE(fix_of(diagnostic, "iten: 1"));
  diagnostic.message = "x: unknown key; did you mean `item`?";
  ASSERT_TRUE(fix_of(diagnostic, "iten: 1"));
  EXPECT_EQ(fix_of(diagnostic, "iten: 1")->text, "item");
  diagnostic.severity = Diagnostic::Severity::warning;
  EXPECT_FALSE(fix_of(diagnostic, "iten: 1")) << "a file that runs keeps its meaning";
}

}  // namespace
}  // namespace tenon::config
