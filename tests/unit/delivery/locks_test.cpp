#include "delivery/locks.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace tenon::delivery {
namespace {

/// Keeps posted tasks until told to run them.
class Queue final : public runtime::Executor {
 public:
  void post(Function<void()> task) override { tasks_.push_back(std::move(task)); }
  runtime::TimerId after(runtime::Duration, Function<void()>) override { return 0; }
  void cancel(runtime::TimerId) override {}
  bool here() const override { return true; }
  void run() {
    while (!tasks_.empty()) {
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
  }

 private:
  std::deque<Function<void()>> tasks_;
};

journal::IdentityKey key(const std::string& name) { return {"account", "customer", name}; }

TEST(IdentityLocks, FirstComeFirstServedOnEveryKey) {
  Queue queue;
  IdentityLocks locks(queue);
  std::string order;
  const auto note = [&](const char* name) {
    return [&order, name](bool waited) { order += std::string(name) + (waited ? "w " : " "); };
  };
  const auto a = locks.acquire({key("x"), key("y")}, note("a"));
  const auto b = locks.acquire({key("y"), key("z")}, note("b"));
  const auto c = locks.acquire({key("z")}, note("c"));
  const auto d = locks.acquire({key("q")}, note("d"));
  EXPECT_EQ(order, "a d ");
  locks.release(a);
  queue.run();
  EXPECT_EQ(order, "a d bw ");
  locks.release(b);
  queue.run();
  EXPECT_EQ(order, "a d bw cw ");
  locks.release(c);
  locks.release(d);
  EXPECT_EQ(locks.held(), 0U);
}

TEST(IdentityLocks, CrossedOrdersDoNotDeadlock) {
  Queue queue;
  IdentityLocks locks(queue);
  int granted = 0;
  const auto count = [&](bool) { ++granted; };
  const auto a = locks.acquire({key("x"), key("y"), key("x")}, count);
  const auto b = locks.acquire({key("y"), key("x")}, count);
  locks.release(a);
  queue.run();
  EXPECT_EQ(granted, 2);
  locks.release(b);
  EXPECT_EQ(locks.held(), 0U);
}

TEST(IdentityLocks, GivingUpBeforeTheGrantLetsOthersPass) {
  Queue queue;
  IdentityLocks locks(queue);
  std::string order;
  const auto a = locks.acquire({key("x")}, [&](bool) { order += 'a'; });
  const auto b = locks.acquire({key("x")}, [&](bool) { order += 'b'; });
  const auto c = locks.acquire({key("x")}, [&](bool) { order += 'c'; });
  locks.release(b);
  locks.release(a);
  queue.run();
  EXPECT_EQ(order, "ac");
  locks.release(c);
}

}  // namespace
}  // namespace tenon::delivery
