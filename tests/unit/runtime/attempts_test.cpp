// What a process was at when it died, read by the next one. Each life is a forked child that ends itself.
#include "runtime/attempts.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "runtime/crash.hpp"
#include "runtime/doing.hpp"

namespace tenon::runtime {
namespace {

class Attempts : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "tenon-attempts-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    file_ = folder_ + "/attempts";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// A process that opens the file and does that. Gives the status of waitpid.
  int live(const std::function<void(const FormerAttempts&)>& what) {
    const pid_t child = fork();
    if (child == 0) {
      if (freopen((folder_ + "/stderr").c_str(), "w", stderr) == nullptr) _exit(90);
      watch_for_crashes(false);
      const auto former = open_attempts(file_);
      if (!former) _exit(91);
      what(*former);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status;
  }
  std::string said() const {
    std::ifstream file(folder_ + "/stderr");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string folder_, file_;
};

TEST_F(Attempts, AFaultIsMarkedAndToldAndCounted) {
  for (unsigned marks = 1; marks <= 3; ++marks) {
    const int status = live([](const FormerAttempts&) {
      const Doing doing("acme", "find", 42);
      raise(SIGSEGV);
    });
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    EXPECT_NE(status, 0);  // a sanitizer, which takes the signal after us, makes an exit of it
#else
    EXPECT_TRUE(WIFSIGNALED(status)) << status;
#endif
    EXPECT_NE(said().find("error plugin_crashed: the process ends inside of a plugin or mapping "
                          "doing=\"acme find\" how=\"SIGSEGV\" event=42"),
              std::string::npos)
        << said();
    const int next = live([&](const FormerAttempts& former) {
      if (former.crashes.size() != 1 || former.marked.size() != 1) _exit(1);
      const Crash& crash = former.crashes.front();
      if (crash.event != 42 || crash.doing != "acme find" || crash.how != "SIGSEGV" || !crash.counted)
        _exit(2);
      if (crash.marks != marks || former.marked.front().marks != marks) _exit(3);
    });
    EXPECT_EQ(next, 0) << marks;
  }
}

TEST_F(Attempts, WhatEndedWellLeavesNothing) {
  live([](const FormerAttempts&) { const Doing doing("acme", "find", 42); });
  EXPECT_EQ(live([](const FormerAttempts& former) { _exit(former.crashes.empty() ? 0 : 1); }), 0);
}

TEST_F(Attempts, AKillIsToldAndCountsNothing) {
  const int status = live([](const FormerAttempts&) {
    const Doing doing("acme", "find", 42);
    raise(SIGKILL);
  });
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_EQ(live([](const FormerAttempts& former) {
              if (former.crashes.size() != 1 || !former.marked.empty()) _exit(1);
              if (former.crashes.front().counted || former.crashes.front().doing != "acme find") _exit(2);
            }),
            0);
}

TEST_F(Attempts, ASignalThatSomebodySentCountsNothing) {
  live([](const FormerAttempts&) {
    const Doing doing("acme", "find", 42);
    kill(getpid(), SIGSEGV);
    for (;;) pause();
  });
  EXPECT_EQ(live([](const FormerAttempts& former) { _exit(former.marked.empty() ? 0 : 1); }), 0);
}

TEST_F(Attempts, AnExitInsideIsAFailure) {
  // A static whose destructor would run before a handler of atexit: it may not.
  struct Loud {
    ~Loud() { static_cast<void>(!write(STDERR_FILENO, "destroyed", 9)); }
  };
  void (*const ends[])(int) = {&std::exit, &std::quick_exit, &_exit};
  for (const auto end : ends) {
    const int status = live([end](const FormerAttempts&) {
      static const Loud loud;
      const Doing doing("acme", "find", 7);
      end(0);
    });
    EXPECT_EQ(WEXITSTATUS(status), EXIT_FAILURE);
    EXPECT_NE(said().find("a plugin ended the process"), std::string::npos) << said();
    EXPECT_EQ(said().find("destroyed"), std::string::npos);
    EXPECT_EQ(
        live([](const FormerAttempts& former) {
          _exit(former.marked.size() == 1 && former.marked.front().how == "called exit or _exit" ? 0 : 1);
        }),
        0);
  }
}

TEST_F(Attempts, MarksAreForgotten) {
  for (int i = 0; i < 2; ++i) {
    live([](const FormerAttempts&) {
      const Doing doing("acme", "find", 42);
      abort();
    });
  }
  EXPECT_EQ(live([](const FormerAttempts& former) {
              if (former.marked.size() != 1 || former.marked.front().marks != 2) _exit(1);
              forget_marks(42);
            }),
            0);
  EXPECT_EQ(live([](const FormerAttempts& former) { _exit(former.marked.empty() ? 0 : 1); }), 0);
}

TEST_F(Attempts, AFileOfAnotherKindIsMadeAnew) {
  std::ofstream(file_) << "not ours";
  EXPECT_EQ(live([](const FormerAttempts& former) { _exit(former.crashes.empty() ? 0 : 1); }), 0);
  struct stat status {};
  ASSERT_EQ(stat(file_.c_str(), &status), 0);
  EXPECT_GT(status.st_size, 4096);
}

TEST_F(Attempts, MoreEventsThanThereIsRoomForPushOutTheLeastMarked) {
  for (std::uint64_t event = 1; event <= 70; ++event) {
    for (int i = 0; i < (event == 1 ? 2 : 1); ++i) {
      live([&](const FormerAttempts&) {
        const Doing doing("acme", "find", event);
        abort();
      });
    }
  }
  EXPECT_EQ(live([](const FormerAttempts& former) {
              if (former.marked.size() != 64) _exit(1);
              for (const Marked& marked : former.marked) {
                if (marked.event == 1) _exit(marked.marks == 2 ? 0 : 2);
              }
              _exit(3);
            }),
            0);
}

}  // namespace
}  // namespace tenon::runtime
