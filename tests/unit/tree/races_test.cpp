// docs/races.md names files and tests: all of them are there.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// `Suite.Name` of each TEST, TEST_F and TEST_P below tests/.
std::set<std::string> tests_of_the_tree() {
  static const std::regex kTest(R"(\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\))");
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(TENON_SOURCE_DIR) / "tests")) {
    if (entry.path().extension() != ".cpp") continue;
    const std::string text = text_of(entry.path());
    for (std::sregex_iterator at(text.begin(), text.end(), kTest), end; at != end; ++at)
      names.insert((*at)[1].str() + "." + (*at)[2].str());
  }
  return names;
}

/// Names in backquotes of the rows that are not there; and how many were looked at.
std::pair<std::set<std::string>, int> missing(const std::string& page, const std::set<std::string>& tests) {
  static const std::regex kName(R"(`([A-Z]\w+\.\w+|(?:core|tests)/[\w/.]+)`)");
  std::set<std::string> gone;
  int looked = 0;
  for (std::sregex_iterator at(page.begin(), page.end(), kName), end; at != end; ++at, ++looked) {
    const std::string name = (*at)[1].str();
    const bool is_file = name.find('/') != std::string::npos;
    if (is_file ? !fs::exists(fs::path(TENON_SOURCE_DIR) / name) : !tests.contains(name)) gone.insert(name);
  }
  return {gone, looked};
}

TEST(Races, EachHasARowAndWhatTheRowsNameIsThere) {
  const std::string page = text_of(fs::path(TENON_SOURCE_DIR) / "docs" / "races.md");
  for (int race = 1; race <= 15; ++race)
    EXPECT_NE(page.find("\n| " + std::to_string(race) + " |"), std::string::npos) << race;
  const auto [gone, looked] = missing(page, tests_of_the_tree());
  EXPECT_GT(looked, 40);
  for (const std::string& name : gone) ADD_FAILURE() << name << " is not there";
}

TEST(Races, WhatIsNotThereIsSeen) {
  const auto [gone, looked] =
      missing("`Races.WhatIsNotThereIsSeen` `Races.Nothing` `core/base/text.cpp` `core/nothing.cpp`",
              tests_of_the_tree());
  EXPECT_EQ(looked, 4);
  EXPECT_EQ(gone, (std::set<std::string>{"Races.Nothing", "core/nothing.cpp"}));
}

}  // namespace
