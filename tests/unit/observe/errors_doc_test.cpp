// docs/errors.md is made from the table in the code; UPDATE=1 writes it anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "observe/error_codes.hpp"

namespace tenon {
namespace {

std::string page() {
  std::string out =
      "# Error codes\n\nEach line of the log that tells of an incident carries one of these words; so do "
      "errors of the command line. "
      "This page is\nmade from `core/observe/error_codes.hpp`.\n\n| code | what it means | what to do |\n| "
      "--- | --- | --- |\n";
  for (const ErrorCode& row : codes::kAll) {
    out += "| `" + std::string(row.code) + "` | " + std::string(row.meaning) + " | " +
           std::string(row.advice) + " |\n";
  }
  return out;
}

TEST(ErrorsDoc, SaysWhatTheTableSays) {
  const std::string path = std::string(TENON_SOURCE_DIR) + "/docs/errors.md";
  if (std::getenv("UPDATE") != nullptr) std::ofstream(path) << page();
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), page()) << "run this test with UPDATE=1";
}

}  // namespace
}  // namespace tenon
