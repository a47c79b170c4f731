// The rules of the tree that no compiler holds: one seam for time and threads, one home per library, who may
// include whom. Each rule is first shown something that breaks it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Source {
  std::string path;  ///< from the root: core/base/text.cpp
  std::string text;
};

/// The files of a folder with comments and the insides of literals left as they are; people write rules there
/// too, so a rule's pattern must not match prose.
std::vector<Source> sources_of(const std::string& folder) {
  std::vector<Source> sources;
  const fs::path root(TENON_SOURCE_DIR);
  if (!fs::exists(root / folder)) return sources;
  for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".cpp" && extension != ".hpp" && extension != ".h") continue;
    std::ifstream file(entry.path());
    std::string text{std::istreambuf_iterator<char>(file), {}};
    sources.push_back({fs::relative(entry.path(), root).string(), std::move(text)});
  }
  return sources;
}

bool starts_with(const std::string& text, const std::string& start) { return text.rfind(start, 0) == 0; }

/// core/<folder>/… -> folder
std::string folder_of(const std::string& path) {
  const auto start = path.find('/') + 1;
  return path.substr(start, path.find('/', start) - start);
}

std::string without_comment(const std::string& line) {
  const auto comment = line.find("//");
  return comment == std::string::npos ? line : line.substr(0, comment);
}

using Breaks = std::vector<std::string>;
using Rule = std::function<void(const Source&, Breaks&)>;

void each_line(const Source& source,
               const std::function<void(const std::string&, const std::string&)>& look) {
  std::istringstream text(source.text);
  std::string line;
  for (int number = 1; std::getline(text, line); ++number) {
    look(without_comment(line), source.path + ":" + std::to_string(number) + ": " + line);
  }
}

void no_time_threads_or_chance_outside_the_runtime(const Source& source, Breaks& breaks) {
  if (starts_with(source.path, "core/runtime/")) return;
  // Plain words, not a regular expression: the whole tree is looked through.
  static const std::vector<std::string> kForbidden{
      "steady_timer",   "system_timer",     "high_resolution_timer",
      "deadline_timer", "::now(",           "::now (",
      "std::thread",    "std::this_thread", "std::jthread",
      "std::async",     "random_device",    "mt19937",
      "sleep_for",      "sleep_until",      "usleep(",
      "nanosleep(",     "pthread_create",   "gettimeofday(",
      "clock_gettime(", "getrandom(",       "std::time(",
      "time(nullptr)",  "time(NULL)",       "time(0)"};
  // The log stamps its own lines: it stands below the runtime.
  const bool is_log = source.path == "core/observe/log.cpp";
  each_line(source, [&](const std::string& line, const std::string& where) {
    const auto holds = [&](const std::string& word) { return line.find(word) != std::string::npos; };
    if (std::none_of(kForbidden.begin(), kForbidden.end(), holds)) return;
    if (is_log && line.find("steady_clock::now()") != std::string::npos) return;
    breaks.push_back(where);
  });
}

void one_home_per_library(const Source& source, Breaks& breaks) {
  struct Home {
    const char* header;  ///< pattern of what stands between < and >
    std::vector<std::string> homes;
  };
  static const std::vector<Home> kHomes{
      {"yaml-cpp/", {"core/config/"}},
      {"curl/", {"core/runtime/"}},
      {"boost/dll", {"core/plugin/"}},
      {"spdlog/", {"core/observe/"}},
      {"fmt/", {"core/observe/"}},
      {"boost/beast", {"core/ingress/", "core/admin/"}},
      {"boost/asio", {"core/runtime/", "core/ingress/", "core/admin/"}},
      {"sqlite3", {"core/journal/sqlite/"}},
      {"hiredis/", {"core/journal/redis/"}},
      {"simdjson", {"core/base/"}},
      {"re2/", {"core/mapping/"}},
      {"CLI/", {"core/app/"}},
      {"histedit.h", {"core/app/"}},
      {"nlohmann/", {"core/plugin/", "core/config/", "core/admin/", "plugins/"}},
      {"dlfcn.h", {"core/plugin/", "core/runtime/crash.cpp"}},
  };
  each_line(source, [&](const std::string& line, const std::string& where) {
    const auto open = line.find('<');
    if (!starts_with(line, "#include") || open == std::string::npos) return;
    const std::string header = line.substr(open + 1);
    for (const Home& home : kHomes) {
      if (!starts_with(header, home.header)) continue;
      const bool at_home = std::any_of(home.homes.begin(), home.homes.end(), [&](const std::string& start) {
        return starts_with(source.path, start);
      });
      if (!at_home) breaks.push_back(where);
    }
  });
}

/// Each folder may use itself and those before it.
const std::vector<std::string> kOrder{"base",     "observe",  "event",  "runtime", "mapping",
                                      "plugin",   "auth",     "config", "journal", "ingress",
                                      "delivery", "pipeline", "trial",  "admin",   "app"};

void folders_use_only_what_stands_above(const Source& source, Breaks& breaks) {
  static const std::regex kInclude(R"rx(^\s*#\s*include\s*"([^"]+)")rx");
  const bool core = starts_with(source.path, "core/");
  const auto own = std::find(kOrder.begin(), kOrder.end(), core ? folder_of(source.path) : "");
  each_line(source, [&](const std::string& line, const std::string& where) {
    std::smatch match;
    if (line.find("include") == std::string::npos || !std::regex_search(line, match, kInclude)) return;
    const std::string header = match[1];
    const auto used = std::find(kOrder.begin(), kOrder.end(), header.substr(0, header.find('/')));
    if (core) {
      // Written from core/'s root, or the SDK's; no ".." and no plugin.
      const bool sdk = starts_with(header, "tenon/");
      if (!sdk && (used == kOrder.end() || used > own || own == kOrder.end())) breaks.push_back(where);
    } else if (used != kOrder.end() || header.find("core/") != std::string::npos ||
               header.find("..") != std::string::npos) {
      breaks.push_back(where);
    }
  });
}

void core_names_no_plugin(const Source& source, Breaks& breaks) {
  if (!starts_with(source.path, "core/")) return;
  const auto lower = [](std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
  };
  std::istringstream text(source.text);
  std::string line;
  for (int number = 1; std::getline(text, line); ++number) {  // comments too
    const std::string small = lower(line);
    const bool names =
        small.find("bigcommerce") != std::string::npos || small.find("gorgias") != std::string::npos;
    if (names) breaks.push_back(source.path + ":" + std::to_string(number) + ": " + line);
  }
}

/// What a plugin must not do itself: the host does its I/O.
void plugins_do_no_io(const Source& source, Breaks& breaks) {
  if (!starts_with(source.path, "plugins/") || source.path.find("/tests/") != std::string::npos) return;
  static const std::regex kForbidden(
      R"(#\s*include\s*<(fstream|filesystem|iostream|cstdio|thread|mutex|random|unistd\.h|sys/.*|netinet/.*)>|\bgetenv\s*\()");
  each_line(source, [&](const std::string& line, const std::string& where) {
    if (std::regex_search(line, kForbidden)) breaks.push_back(where);
  });
}

Breaks breaks_in(const Rule& rule, const std::vector<std::string>& folders) {
  Breaks breaks;
  std::size_t looked = 0;
  for (const std::string& folder : folders) {
    for (const Source& source : sources_of(folder)) {
      rule(source, breaks);
      ++looked;
    }
  }
  EXPECT_GT(looked, 10U) << "the tree was not found";
  return breaks;
}

Breaks shown(const Rule& rule, const std::string& path, const std::string& text) {
  Breaks breaks;
  rule({path, text}, breaks);
  return breaks;
}

std::string list(const Breaks& breaks) {
  std::string out;
  for (const std::string& line : breaks) out += "  " + line + "\n";
  return out;
}

TEST(Seam, TimeThreadsAndChanceComeFromTheRuntime) {
  const Rule rule = no_time_threads_or_chance_outside_the_runtime;
  for (const char* bad :
       {"boost::asio::steady_timer timer;", "auto t = std::chrono::steady_clock::now();", "std::thread t(f);",
        "std::random_device seed;", "std::this_thread::sleep_for(1s);", "usleep(5);", "time(nullptr);",
        "std::mt19937 engine;", "pthread_create(&t, nullptr, f, nullptr);"}) {
    EXPECT_EQ(shown(rule, "core/delivery/x.cpp", bad).size(), 1U) << bad;
    EXPECT_EQ(shown(rule, "plugins/a/connector.cpp", bad).size(), 1U) << bad;
    EXPECT_EQ(shown(rule, "core/runtime/x.cpp", bad).size(), 0U) << bad;
  }
  EXPECT_EQ(shown(rule, "core/delivery/x.cpp", "clock.steady(); runtime_now(); // std::thread").size(), 0U);
  EXPECT_EQ(shown(rule, "core/observe/log.cpp", "std::thread t;").size(), 1U);
  const Breaks breaks = breaks_in(rule, {"core", "plugins"});
  EXPECT_TRUE(breaks.empty()) << list(breaks);
}

TEST(Seam, EachLibraryHasOneHome) {
  const Rule rule = one_home_per_library;
  for (const char* bad :
       {"#include <yaml-cpp/yaml.h>", "#include <curl/curl.h>", "#include <boost/dll/shared_library.hpp>",
        "#include <spdlog/spdlog.h>", "#include <boost/beast/http.hpp>", "#include <sqlite3.h>",
        "#include <simdjson.h>", "#include <re2/re2.h>", "#include <hiredis/hiredis.h>",
        "#include <boost/asio.hpp>"}) {
    EXPECT_EQ(shown(rule, "core/event/x.hpp", bad).size(), 1U) << bad;
  }
  EXPECT_EQ(shown(rule, "core/runtime/real/x.cpp", "#include <curl/curl.h>").size(), 0U);
  EXPECT_EQ(shown(rule, "core/journal/memory/x.cpp", "#include <sqlite3.h>").size(), 1U);
  EXPECT_EQ(shown(rule, "core/journal/sqlite/x.cpp", "#include <sqlite3.h>").size(), 0U);
  const Breaks breaks = breaks_in(rule, {"core", "plugins"});
  EXPECT_TRUE(breaks.empty()) << list(breaks);
}

TEST(Seam, FoldersUseOnlyWhatStandsAboveThem) {
  const Rule rule = folders_use_only_what_stands_above;
  EXPECT_EQ(shown(rule, "core/base/x.cpp", "#include \"runtime/clock.hpp\"").size(), 1U);
  EXPECT_EQ(shown(rule, "core/runtime/x.cpp", "#include \"journal/journal.hpp\"").size(), 1U);
  EXPECT_EQ(shown(rule, "core/runtime/x.cpp", "#include \"../app/run.hpp\"").size(), 1U);
  EXPECT_EQ(shown(rule, "core/plugin/x.cpp", "#include \"plugins/a/b.hpp\"").size(), 1U);
  EXPECT_EQ(
      shown(rule, "core/runtime/x.cpp", "#include \"base/text.hpp\"\n#include \"runtime/http.hpp\"").size(),
      0U);
  EXPECT_EQ(shown(rule, "plugins/a/x.cpp", "#include \"base/text.hpp\"").size(), 1U);
  EXPECT_EQ(shown(rule, "plugins/a/x.cpp", "#include \"../../core/base/text.hpp\"").size(), 1U);
  EXPECT_EQ(shown(rule, "plugins/a/x.cpp", "#include \"helper.hpp\"\n#include <tenon/sink.hpp>").size(), 0U);
  const Breaks breaks = breaks_in(rule, {"core", "plugins", "sdk"});
  EXPECT_TRUE(breaks.empty()) << list(breaks);
}

TEST(Seam, CoreNamesNoPlugin) {
  const Rule rule = core_names_no_plugin;
  EXPECT_EQ(shown(rule, "core/app/x.cpp", "// as BigCommerce does").size(), 1U);
  EXPECT_EQ(shown(rule, "core/app/x.cpp", "if (name == \"gorgias\")").size(), 1U);
  EXPECT_EQ(shown(rule, "plugins/gorgias/x.cpp", "gorgias").size(), 0U);
  const Breaks breaks = breaks_in(rule, {"core"});
  EXPECT_TRUE(breaks.empty()) << list(breaks);
}

TEST(Seam, PluginsDoNoInputOrOutput) {
  const Rule rule = plugins_do_no_io;
  EXPECT_EQ(shown(rule, "plugins/a/x.cpp", "#include <fstream>").size(), 1U);
  EXPECT_EQ(shown(rule, "plugins/a/x.cpp", "#include <sys/socket.h>").size(), 1U);
  EXPECT_EQ(shown(rule, "plugins/a/x.cpp", "auto key = std::getenv(\"KEY\");").size(), 1U);
  EXPECT_EQ(shown(rule, "plugins/a/x.cpp", "#include <string>").size(), 0U);
  Breaks breaks;
  for (const Source& source : sources_of("plugins")) rule(source, breaks);
  EXPECT_TRUE(breaks.empty()) << list(breaks);
}

}  // namespace
