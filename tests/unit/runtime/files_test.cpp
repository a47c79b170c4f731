#include "runtime/files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace tenon::runtime {
namespace {

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "tenon-files-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string at(const std::string& name) const { return folder_ + "/" + name; }
  static mode_t mode_of(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
  }
  std::string folder_;
};

TEST_F(Files, WrittenContentIsReadBack) {
  const std::string content("a\0b\n", 4);
  ASSERT_TRUE(write_private_file(at("x"), content));
  EXPECT_EQ(*read_file(at("x")), content);
  EXPECT_EQ(mode_of(at("x")), 0600U);
  ASSERT_TRUE(write_private_file(at("x"), ""));
  EXPECT_EQ(*read_file(at("x")), "");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1) << "no draft stays behind";
}

TEST_F(Files, ReplacingTightensTheMode) {
  std::ofstream(at("x")) << "old";
  ::chmod(at("x").c_str(), 0644);
  ASSERT_TRUE(write_private_file(at("x"), "new"));
  EXPECT_EQ(mode_of(at("x")), 0600U);
}

TEST_F(Files, TheLimitHolds) {
  ASSERT_TRUE(write_private_file(at("x"), "12345"));
  EXPECT_EQ(*read_file(at("x"), 5), "12345");
  EXPECT_EQ(read_file(at("x"), 4).error().code, "file_too_large");
  // A file whose size says nothing.
  EXPECT_EQ(read_file("/proc/self/maps", 10).error().code, "file_too_large");
  EXPECT_FALSE(read_file("/proc/self/maps")->empty());
}

TEST_F(Files, WhatIsNoFileIsRefused) {
  EXPECT_EQ(read_file(at("none")).error().code, "file_failed");
  EXPECT_NE(read_file(at("none")).error().message.find("none"), std::string::npos);
  EXPECT_EQ(read_file(folder_).error().code, "file_failed");
  ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
  EXPECT_EQ(read_file(at("pipe")).error().code, "file_failed");
  EXPECT_EQ(read_file("/dev/zero").error().code, "file_failed");
  EXPECT_EQ(write_private_file(at("none/x"), "x").error().code, "file_failed");
  std::filesystem::create_directory(at("folder"));
  EXPECT_EQ(write_private_file(at("folder"), "x").error().code, "file_failed");
}

TEST_F(Files, DirectoriesAreMadePrivate) {
  ASSERT_TRUE(make_private_directory(at("a/b/c")));
  EXPECT_EQ(mode_of(at("a")), 0700U);
  EXPECT_EQ(mode_of(at("a/b/c")), 0700U);
  EXPECT_TRUE(make_private_directory(at("a/b/c")));
  ::chmod(at("a").c_str(), 0777);
  EXPECT_EQ(make_private_directory(at("a")).error().code, "file_failed");
  std::ofstream(at("file")) << "x";
  EXPECT_EQ(make_private_directory(at("file")).error().code, "file_failed");
  EXPECT_EQ(make_private_directory(at("file/below")).error().code, "file_failed");
}

TEST_F(Files, ALockIsHeldByOne) {
  {
    auto first = FileLock::take(at("lock"));
    ASSERT_TRUE(first);
    auto second = FileLock::take(at("lock"));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, "locked");
    EXPECT_NE(second.error().message.find("process " + std::to_string(getpid())), std::string::npos);
    FileLock moved = std::move(*first);
    EXPECT_FALSE(FileLock::take(at("lock")));
  }
  EXPECT_TRUE(FileLock::take(at("lock")));
}

TEST_F(Files, ADeadProcessHoldsNoLock) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto lock = FileLock::take(at("lock"));
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(FileLock::take(at("lock")));
}

TEST_F(Files, ALockIsNoLink) {
  ASSERT_EQ(::symlink(at("target").c_str(), at("lock").c_str()), 0);
  EXPECT_EQ(FileLock::take(at("lock")).error().code, "file_failed");
  EXPECT_FALSE(std::filesystem::exists(at("target")));
}

}  // namespace
}  // namespace tenon::runtime
