#include "config/environment.hpp"

#include <gtest/gtest.h>

namespace tenon::config {
namespace {

TEST(EnvFile, ReadsTheUsualForms) {
  const auto good = parse_env_text(
      "\xef\xbb\xbf# a comment\nA=1\r\nB= two words  # behind\nexport C='it is #1 $HOME'   # three\n"
      "D=\"line\\n\\\"quoted\\\" \\$x \\\\ # no comment\"\nE=\nF=a#b\nG=http://127.0.0.1:80/?x=y\nH= # "
      "nothing\n\nI=last",
      "x.env");
  ASSERT_TRUE(good) << good.error().text();
  EXPECT_EQ(good->at("A"), "1");
  EXPECT_EQ(good->at("B"), "two words");
  EXPECT_EQ(good->at("C"), "it is #1 $HOME");
  EXPECT_EQ(good->at("D"), "line\n\"quoted\" $x \\ # no comment");
  EXPECT_EQ(good->at("E"), "");
  EXPECT_EQ(good->at("F"), "a#b");
  EXPECT_EQ(good->at("G"), "http://127.0.0.1:80/?x=y");
  EXPECT_EQ(good->at("H"), "");
  EXPECT_EQ(good->at("I"), "last");
}

TEST(EnvFile, NamesTheLineAndNeverTheValue) {
  const auto fails = [](std::string_view text, std::string_view place) {
    const auto env = parse_env_text(text, "x.env");
    ASSERT_FALSE(env) << text;
    EXPECT_EQ(env.error().code, "invalid_env_file");
    EXPECT_EQ(env.error().message.find(place), 0U) << env.error().message;
    EXPECT_EQ(env.error().message.find("hush"), std::string::npos) << env.error().message;
  };
  fails("A=1\nhush\n", "x.env:2: ");
  fails("A =hush\n", "x.env:1: ");
  fails("1A=hush\n", "x.env:1: ");
  fails("=hush\n", "x.env:1: ");
  fails("A=\"hush\n", "x.env:1: ");
  fails("A='hush\nB=1\n", "x.env:1: ");
  fails("A=\"hush\"x\n", "x.env:1: ");
  fails("A=\"hush\\q\"\n", "x.env:1: ");
  fails("A=\"hush\\", "x.env:1: ");
  fails("A=hush\nB=2\nA=hush\n", "x.env:3: ");
  fails(std::string_view("A=hu\0sh\n", 8), "x.env:1: ");
  fails("A=\xff\n", "x.env:1: ");
}

TEST(EnvFile, AMissingFileIsAnError) {
  const auto env = parse_env_file("/nowhere/.env");
  ASSERT_FALSE(env);
  EXPECT_EQ(env.error().code, "env_file_unreadable");
  EXPECT_EQ(parse_env_file("/tmp").error().code, "env_file_unreadable");
}

}  // namespace
}  // namespace tenon::config
