// Each code that an error of the host, the command line or a plugin carries has its row in the table, and
// each row its use.
#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "observe/error_codes.hpp"

namespace tenon {
namespace {

namespace fs = std::filesystem;

struct Source {
  std::string path;  ///< from the root
  std::string text;
};

/// Errors that never come out under their code: they become the words of a diagnostic with file, line and
/// column, or of another error.
const std::set<std::string> kWordsOnly = {"invalid_csv", "invalid_pattern", "invalid_schema"};

std::vector<Source> sources() {
  std::vector<Source> out;
  const fs::path root(TENON_SOURCE_DIR);
  for (const char* folder : {"core", "plugins", "sdk"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".cpp" && extension != ".hpp" && extension != ".h") continue;
      if (entry.path().filename() == "error_codes.hpp") continue;
      std::ifstream file(entry.path());
      out.push_back(
          {fs::relative(entry.path(), root).string(), std::string(std::istreambuf_iterator<char>(file), {})});
    }
  }
  return out;
}

void collect(const Source& source, const std::regex& pattern, std::map<std::string, std::string>& found) {
  for (std::sregex_iterator at(source.text.begin(), source.text.end(), pattern), end; at != end; ++at)
    found.emplace((*at)[1], source.path);
}

/// Code and a file that makes an error of it.
std::map<std::string, std::string> made(const std::vector<Source>& all) {
  const std::regex error(R"re(\bError(?:\s+\w+)?[({]\s*"([a-z_]+)")re");
  const std::regex given(R"re(\bgive\([^;]*,\s*"([a-z_]+)"\))re");
  const std::regex told(R"re(\boutput\(\)\.fail\(\s*"([a-z_]+)")re");
  std::map<std::string, std::string> found;
  for (const Source& source : all) {
    collect(source, error, found);
    collect(source, given, found);
    if (source.path.rfind("core/app/", 0) == 0) collect(source, told, found);
  }
  return found;
}

std::set<std::string> without_row(const std::vector<Source>& all) {
  std::set<std::string> out;
  for (const auto& [code, path] : made(all)) {
    if (find_error_code(code) == nullptr && !kWordsOnly.contains(code)) out.insert(code + " in " + path);
  }
  return out;
}

/// A row is used where its code stands as a literal, or by its name.
bool is_used(const std::string& name, std::string_view code, const std::vector<Source>& all) {
  const std::string literal = "\"" + std::string(code) + "\"";
  const std::string by_name = "codes::" + name;
  for (const Source& source : all) {
    if (source.text.find(literal) != std::string::npos) return true;
    const auto at = source.text.find(by_name);
    if (at != std::string::npos &&
        std::isalnum(static_cast<unsigned char>(source.text[at + by_name.size()])) == 0)
      return true;
  }
  return false;
}

TEST(CodesInUse, EachErrorsCodeHasARow) {
  const auto all = sources();
  EXPECT_GT(made(all).size(), 40U);
  for (const std::string& missing : without_row(all)) ADD_FAILURE() << missing << " has no row";
}

TEST(CodesInUse, ACodeWithoutARowIsFound) {
  const std::vector<Source> bad = {{"core/a.cpp", "return Error(\n    \"made_up\", \"why\");"},
                                   {"core/app/b.cpp", "return output().fail(\"made_up_too\", \"why\");"},
                                   {"core/c.cpp", "TENON_TRY(auto v, give(*formula, \"made_up_three\"));"}};
  EXPECT_EQ(without_row(bad), (std::set<std::string>{"made_up in core/a.cpp", "made_up_three in core/c.cpp",
                                                     "made_up_too in core/app/b.cpp"}));
}

TEST(CodesInUse, EachRowIsUsed) {
  const auto all = sources();
#define TENON_ROW(name, code, meaning, advice) \
  EXPECT_TRUE(is_used(#name, code, all)) << code << " is used by nobody";
  TENON_ERROR_CODES(TENON_ROW)
#undef TENON_ROW
  EXPECT_FALSE(is_used("kMadeUp", "made_up", all)) << "an unused one is not found";
}

TEST(CodesInUse, RowsAreSorted) {
  for (std::size_t i = 1; i < codes::kAll.size(); ++i)
    EXPECT_LT(codes::kAll[i - 1].code, codes::kAll[i].code);
}

}  // namespace
}  // namespace tenon
