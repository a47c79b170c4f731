// Every file of tests/diagnostics says what tests/diagnostics/<name>.expected holds. UPDATE=1 writes these
// anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "config/loader.hpp"
#include "tests/unit/config/registry.hpp"

namespace tenon::config {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = TENON_SOURCE_DIR "/tests/diagnostics";

/// Names without extension: a file `<name>.yaml`, or a folder of files.
std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (entry.is_directory() || entry.path().extension() == ".yaml") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string relative_to_folder(std::string text) {
  const std::string prefix = kFolder.string() + "/";
  for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
    text.erase(at, prefix.size());
  }
  return text;
}

class Diagnostics : public testing::TestWithParam<std::string> {};

TEST_P(Diagnostics, AreAsExpected) {
  const auto environment = parse_env_file((kFolder / "test.env").string());
  ASSERT_TRUE(environment) << environment.error().text();
  fs::path path = kFolder / GetParam();
  if (!fs::is_directory(path)) path += ".yaml";
  const std::vector<std::string> paths = {path.string()};
  Loaded loaded = load(paths, *environment, test::example_registry());
  const std::string text = relative_to_folder(render_text(loaded.diagnostics, false));
  const std::string expected_path = (kFolder / GetParam()).string() + ".expected";
  if (std::getenv("UPDATE") != nullptr) {
    std::ofstream(expected_path, std::ios::binary) << text;
    return;
  }
  EXPECT_EQ(text, test::read_text(expected_path));
  const bool good = GetParam().starts_with("good_");
  EXPECT_EQ(loaded.ok(), good || GetParam().starts_with("warn_"));
  EXPECT_EQ(text.empty(), good);
  for (const auto& [name, value] : *environment) {
    if (name.ends_with("KEY") || name.ends_with("SECRET") || name == "TOKEN") {
      EXPECT_EQ(text.find(value), std::string::npos) << name << " is shown";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Files, Diagnostics, testing::ValuesIn(cases()),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace tenon::config
