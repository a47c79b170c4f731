// tenon.yaml: what it sets, and what is said of mistakes in it.
#include "config/host_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.hpp"

namespace tenon::config {
namespace {

std::string faults(const std::string& text) {
  return render_text(load_host_text("etc/tenon.yaml", text).diagnostics, false);
}

TEST(HostOptions, KeysAreDistinctAndWhole) {
  for (const HostOption& option : kHostOptions) {
    EXPECT_EQ(std::count_if(kHostOptions.begin(), kHostOptions.end(),
                            [&](const HostOption& other) { return other.key == option.key; }),
              1)
        << option.key;
    EXPECT_FALSE(option.help.empty()) << option.key;
    EXPECT_EQ(option.value.empty(), option.type == HostOption::Type::boolean) << option.key;
    EXPECT_EQ(option.words.empty(), option.type != HostOption::Type::word) << option.key;
    if (!option.preset.empty()) {
      EXPECT_EQ(fault_of(option, std::string(option.preset)), std::nullopt) << option.key;
    }
    EXPECT_EQ(find_host_option(option.key), &option);
  }
  EXPECT_EQ(find_host_option("nothing"), nullptr);
}

TEST(HostOptions, AddressesAreCheckedByTheirForm) {
  const HostOption& option = *find_host_option("listen");
  for (const char* good : {"127.0.0.1:0", "0.0.0.0:65535", "[::]:8080", "[::1]:1", "unix:/run/tenon.sock"})
    EXPECT_EQ(fault_of(option, good), std::nullopt) << good;
  for (const char* bad : {"", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:80x",
                          "localhost:80", "[]:80", "unix:", "127.0.0.1:-1", "127.0.0.1:\n1"})
    EXPECT_NE(fault_of(option, bad), std::nullopt) << bad;
}

TEST(HostFile, SetsWhatItNamesAndTellsWhere) {
  const HostFile file = load_host_text("etc/tenon.yaml",
                                       "tenon: 1\nlisten: 127.0.0.1:9\n\ndata: journal\n"
                                       "pipelines: [a.yaml, /b]\n");
  ASSERT_TRUE(file.ok()) << render_text(file.diagnostics, false);
  EXPECT_EQ(file.settings.text("listen"), "127.0.0.1:9");
  EXPECT_EQ(file.settings.text("data"), "etc/journal");  // from the file's folder
  EXPECT_EQ(file.settings.list("pipelines"), (std::vector<std::string>{"etc/a.yaml", "/b"}));
  EXPECT_FALSE(file.settings.is_set("admin"));
  const auto& data = file.settings.setting("data");
  EXPECT_EQ(data.origin, HostSettings::Origin::file);
  EXPECT_EQ(data.place.line, 4);
  EXPECT_EQ(file.settings.setting("admin").origin, HostSettings::Origin::preset);
}

TEST(HostOptions, RangesAndPinsAreCheckedByTheirForm) {
  const std::string pin = "shop=sha256:" + std::string(64, 'a');
  for (const auto& [key, good] :
       std::vector<std::pair<std::string, std::string>>{{"trusted_proxy", "10.0.0.0/8"},
                                                        {"trusted_proxy", "::1"},
                                                        {"trusted_proxy", "fd00::/128"},
                                                        {"pin", pin}})
    EXPECT_EQ(fault_of(*find_host_option(key), good), std::nullopt) << good;
  for (const auto& [key, bad] :
       std::vector<std::pair<std::string, std::string>>{{"trusted_proxy", "10.0.0.0/33"},
                                                        {"trusted_proxy", "10.0.0/8"},
                                                        {"trusted_proxy", "::/129"},
                                                        {"trusted_proxy", "::/"},
                                                        {"trusted_proxy", "host"},
                                                        {"pin", pin.substr(1 + 4)},
                                                        {"pin", pin + "a"},
                                                        {"pin", "shop"},
                                                        {"pin", "shop=md5:a"}})
    EXPECT_NE(fault_of(*find_host_option(key), bad), std::nullopt) << bad;
}

TEST(HostFile, OnePathNeedsNoList) {
  const HostFile file = load_host_text("tenon.yaml", "tenon: 1\npipelines: a\n");
  EXPECT_EQ(file.settings.list("pipelines"), (std::vector<std::string>{"a"}));
}

TEST(HostFile, TellsAllMistakesAtOnceWithTheirPlaces) {
  EXPECT_EQ(
      faults("lisen: 127.0.0.1:0\nadmin: 8080\ndata: [a]\nenv_file:\nplugin_dir: ''\n"
             "pipelines: [a, 5]\n"),
      "etc/tenon.yaml:1:1: error: lisen: unknown key; did you mean `listen`?\n"
      "    lisen: 127.0.0.1:0\n    ^~~~~\n"
      "etc/tenon.yaml:1:1: error: tenon: is missing: the version of the language, `tenon: 1`\n"
      "    lisen: 127.0.0.1:0\n    ^\n"
      "etc/tenon.yaml:2:8: error: admin: expected text, found a number; in quotes it is text: \"8080\"\n"
      "    admin: 8080\n           ^~~~\n"
      "etc/tenon.yaml:3:7: error: data: expected text, found a list\n    data: [a]\n          ^\n"
      "etc/tenon.yaml:4:1: error: env_file: nothing stands behind this key\n    env_file:\n    ^~~~~~~~\n"
      "etc/tenon.yaml:5:13: error: plugin_dir: expected DIR, found nothing\n"
      "    plugin_dir: ''\n                ^~\n"
      "etc/tenon.yaml:6:16: error: pipelines[1]: expected text, found a number; in quotes it is text: "
      "\"5\"\n    pipelines: [a, 5]\n                   ^\n");
}

TEST(HostFile, HostileTextsAreRefusedWithAPlace) {
  for (const std::string& text :
       {std::string("\0tenon: 1", 9), std::string("tenon: 1\ntenon: 1\n"), std::string("[1]"), std::string(),
        std::string("tenon: &a 1\n"), std::string("tenon: !!int 1\n"), std::string("tenon: 2\n"),
        std::string("tenon: 1\n---\ntenon: 1\n"), std::string("tenon: 1\ndata: \xff\n"),
        "tenon: 1\npipelines: " + std::string(10'000, '['), std::string("tenon: '1'\n"),
        "tenon: 1\ndata: " + std::string(2'000'000, 'x')}) {
    const HostFile file = load_host_text("tenon.yaml", text);
    EXPECT_FALSE(file.ok()) << text.substr(0, 40);
    ASSERT_FALSE(file.diagnostics.empty());
    EXPECT_EQ(file.diagnostics.front().position.file, "tenon.yaml");
  }
  EXPECT_TRUE(load_host_text("tenon.yaml", "tenon: 1\n").ok());
}

TEST(HostFile, AFileThatIsNotThereIsAnError) {
  const HostFile file = load_host_file("/nonexistent/tenon.yaml");
  EXPECT_FALSE(file.ok());
  EXPECT_EQ(file.diagnostics.front().code, "unreadable");
}

}  // namespace
}  // namespace tenon::config
