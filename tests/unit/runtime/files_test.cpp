#include "runtime/files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "runtime/real.hpp"

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

TEST_F(Files, ASecretIsReadOnlyIfNobodyElseCanReadIt) {
  std::ofstream(at("key")) << "s3cret\r\n";
  for (const mode_t mode : {0600U, 0400U, 0700U}) {
    ASSERT_EQ(::chmod(at("key").c_str(), mode), 0);
    const auto secret = read_secret_file(at("key"));
    ASSERT_TRUE(secret) << secret.error().text();
    EXPECT_EQ(secret->reveal(), "s3cret") << "one line end is not the secret's";
    EXPECT_TRUE(check_secret_file(at("key")));
  }
  for (const mode_t mode : {0604U, 0602U, 0644U, 0666U, 0660U, 0620U}) {
    ASSERT_EQ(::chmod(at("key").c_str(), mode), 0);
    for (const Error& error : {read_secret_file(at("key")).error(), check_secret_file(at("key")).error()}) {
      EXPECT_EQ(error.code, "secret_exposed") << mode;
      EXPECT_NE(error.message.find("chmod 600 " + at("key")), std::string::npos) << error.message;
      EXPECT_EQ(error.message.find("s3cret"), std::string::npos);
    }
  }
}

TEST_F(Files, AGroupMayReadASecretThatRootGaveIt) {
  std::ofstream(at("key")) << "s3cret";
  ASSERT_EQ(::chmod(at("key").c_str(), 0640), 0);
  EXPECT_EQ(static_cast<bool>(read_secret_file(at("key"))), ::geteuid() == 0);
  if (::geteuid() != 0) return;
  ASSERT_EQ(::chown(at("key").c_str(), 4711, 4711), 0);
  for (const mode_t mode : {0640U, 0600U}) {
    ASSERT_EQ(::chmod(at("key").c_str(), mode), 0);
    EXPECT_EQ(read_secret_file(at("key")).error().code, "secret_exposed") << "another user's";
  }
}

TEST_F(Files, ASecretIsAFileOfSomeSize) {
  std::ofstream(at("key")) << "s3cret";
  ASSERT_EQ(::chmod(at("key").c_str(), 0600), 0);
  ASSERT_EQ(::symlink(at("key").c_str(), at("link").c_str()), 0);
  EXPECT_TRUE(read_secret_file(at("link"))) << "mounted secrets are links";
  EXPECT_EQ(read_secret_file(at("key"), 5).error().code, "file_too_large");
  EXPECT_EQ(read_secret_file(at("none")).error().code, "file_failed");
  EXPECT_EQ(read_secret_file(folder_).error().code, "file_failed");
  ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0666), 0);
  EXPECT_EQ(read_secret_file(at("pipe")).error().code, "file_failed");
  EXPECT_TRUE(check_secret_file(at("pipe"))) << "of a shell's <(…)";
}

TEST(MemoryDeathTest, IsPrivateAndLeavesNoCore) {
  const auto look = [] {
    keep_memory_private();
    rlimit limit{1, 1};
    getrlimit(RLIMIT_CORE, &limit);
    std::exit(limit.rlim_cur == 0 && limit.rlim_max == 0 ? 0 : 1);
  };
  EXPECT_EXIT(look(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace tenon::runtime
