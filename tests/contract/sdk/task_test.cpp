#include <gtest/gtest.h>
#include <tenon/task.hpp>

#include <memory>
#include <stdexcept>
#include <string>

namespace {

/// Waits until somebody calls resume().
struct gate {
  std::coroutine_handle<> waiter;
  auto wait() {
    struct awaiter {
      explicit awaiter(gate& g) : at(g) {}
      gate& at;
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> h) noexcept { at.waiter = h; }
      void await_resume() const noexcept {}
    };
    return awaiter(*this);
  }
};

tenon::sdk::detached run(tenon::task<std::string> work, std::string* out) {
  try {
    *out = co_await work;
  } catch (const std::exception& e) {
    *out = std::string("threw ") + e.what();
  }
}

tenon::task<int> at_once(int value) { co_return value; }

TEST(Task, MillionsThatNeverWaitNeedNoStack) {
  std::string out;
  const auto sum = []() -> tenon::task<std::string> {
    long total = 0;
    for (int i = 0; i < 1'000'000; ++i) total += co_await at_once(1);
    co_return std::to_string(total);
  };
  run(sum(), &out);
  EXPECT_EQ(out, "1000000");
}

TEST(Task, WaitsThroughSeveralFrames) {
  gate at;
  std::string out;
  const auto inner = [](gate& g) -> tenon::task<int> {
    co_await g.wait();
    co_await g.wait();
    co_return 7;
  };
  const auto outer = [&inner](gate& g) -> tenon::task<std::string> {
    const int got = co_await inner(g);
    co_return std::to_string(got + co_await at_once(1));
  };
  run(outer(at), &out);
  EXPECT_EQ(out, "");
  at.waiter.resume();
  EXPECT_EQ(out, "");
  at.waiter.resume();
  EXPECT_EQ(out, "8");
}

TEST(Task, ExceptionsPassFramesBeforeAndAfterWaiting) {
  gate at;
  std::string out;
  const auto nothing = [](gate& g, bool wait) -> tenon::task<> {
    if (wait) co_await g.wait();
    throw std::runtime_error("no");
  };
  const auto outer = [&nothing](gate& g, bool wait) -> tenon::task<std::string> {
    co_await nothing(g, wait);
    co_return "not reached";
  };
  run(outer(at, false), &out);
  EXPECT_EQ(out, "threw no");
  out.clear();
  run(outer(at, true), &out);
  EXPECT_EQ(out, "");
  at.waiter.resume();
  EXPECT_EQ(out, "threw no");
}

TEST(Task, DestroyedWithoutEverRunning) {
  auto held = std::make_shared<int>(1);
  {
    const auto keep = [](std::shared_ptr<int> h) -> tenon::task<std::string> {
      co_return std::to_string(*h);
    };
    auto never = keep(held);
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Task, DestroyedWhileWaitingFreesItsFrames) {
  gate at;
  auto held = std::make_shared<int>(1);
  const auto wait = [](gate& g, std::shared_ptr<int>) -> tenon::task<std::string> {
    co_await g.wait();
    co_return "";
  };
  {
    auto work = std::make_unique<tenon::task<std::string>>(wait(at, held));
    work->await_suspend(std::noop_coroutine());
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
