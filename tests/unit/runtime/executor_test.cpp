// The real executors: order, threads, timers, signals, stopping, the watchdog.
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <thread>

#include "runtime/asio_access.hpp"
#include "runtime/chance.hpp"
#include "runtime/real.hpp"
#include "runtime/timer_heap.hpp"
#include "runtime/virtual.hpp"

namespace tenon::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::unique_ptr<RealRuntime> real(RealOptions options = {}) {
  auto made = make_real(std::move(options));
  EXPECT_TRUE(made);
  return std::move(*made);
}

TEST(Executors, HaveAThreadAndANameEach) {
  auto runtime = real();
  runtime->start();
  std::vector<std::string> names;
  for (Executor* executor : {&runtime->ingress(), &runtime->delivery(), &runtime->writer()}) {
    std::promise<std::string> name;
    executor->post([&] {
      char text[32] = {};
      pthread_getname_np(pthread_self(), text, sizeof text);
      EXPECT_TRUE(executor->here());
      name.set_value(text);
    });
    names.push_back(name.get_future().get());
    EXPECT_FALSE(executor->here());
  }
  EXPECT_EQ(names, (std::vector<std::string>{"tenon-ingress", "tenon-delivery", "tenon-writer"}));
}

TEST(Executors, RunTasksInOrderFromEveryThread) {
  auto runtime = real();
  constexpr int kThreads = 4;
  constexpr int kTasks = 5000;
  std::array<int, kThreads> next{};
  std::atomic<int> left{kThreads * kTasks};
  std::promise<void> done;
  bool in_order = true;
  runtime->start();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kTasks; ++i) {
        runtime->delivery().post([&, t, i] {
          in_order = in_order && next[static_cast<std::size_t>(t)]++ == i;
          if (--left == 0) done.set_value();
        });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  done.get_future().get();
  EXPECT_TRUE(in_order);
}

TEST(Executors, NeverRunATaskInline) {
  auto runtime = real();
  runtime->start();
  std::promise<bool> done;
  runtime->delivery().post([&] {
    auto inside = std::make_shared<bool>(true);
    runtime->delivery().post([&, inside] { done.set_value(!*inside); });
    *inside = false;
  });
  EXPECT_TRUE(done.get_future().get());
}

TEST(Executors, TimersFireNotBeforeTheirTimeAndInOrder) {
  auto runtime = real();
  runtime->start();
  std::vector<int> fired;
  std::promise<void> done;
  const Duration start = runtime->clock().steady();
  runtime->delivery().post([&] {
    Executor& executor = runtime->delivery();
    for (const int ms : {30, 10, 20, 0, 15}) {
      executor.after(milliseconds(ms), [&, ms] {
        EXPECT_GE(runtime->clock().steady() - start, milliseconds(ms));
        fired.push_back(ms);
        if (ms == 30) done.set_value();
      });
    }
    const TimerId gone = executor.after(milliseconds(5), [&] { fired.push_back(-1); });
    executor.cancel(gone);
    executor.cancel(gone);
    executor.cancel(0);
    executor.cancel(~TimerId{0});
  });
  done.get_future().get();
  EXPECT_EQ(fired, (std::vector<int>{0, 10, 15, 20, 30}));
}

TEST(Executors, ATimerMayBeSetBeforeTheStart) {
  auto runtime = real();
  std::promise<void> done;
  runtime->delivery().after(milliseconds(1), [&] { done.set_value(); });
  runtime->start();
  done.get_future().get();
}

TEST(Executors, TensOfThousandsOfTimersAreCheap) {
  auto runtime = real();
  runtime->start();
  std::promise<void> done;
  int fired = 0;
  runtime->delivery().post([&] {
    std::vector<TimerId> far;
    for (int i = 0; i < 50'000; ++i)
      far.push_back(runtime->delivery().after(seconds(1000 + i), [] { FAIL(); }));
    for (const TimerId timer : far) runtime->delivery().cancel(timer);
    for (int i = 0; i < 20'000; ++i) {
      runtime->delivery().after(std::chrono::microseconds(i % 100), [&] {
        if (++fired == 20'000) done.set_value();
      });
    }
  });
  done.get_future().get();
}

TEST(Executors, DropTasksAfterStop) {
  auto runtime = real();
  runtime->start();
  std::promise<void> stopped;
  std::atomic<bool> ran{false};
  runtime->delivery().post([&] {
    runtime->stop();
    runtime->delivery().post([&] { ran = true; });
    EXPECT_EQ(runtime->delivery().after(Duration(), [&] { ran = true; }), 0U);
    stopped.set_value();
  });
  stopped.get_future().get();
  runtime->join();
  runtime->writer().post([&] { ran = true; });
  runtime.reset();
  EXPECT_FALSE(ran);
}

TEST(Executors, DroppedTasksMayStillUseTheRuntime) {
  struct Guard {
    explicit Guard(RealRuntime& r) : runtime(r) {}
    ~Guard() {
      for (Executor* executor : {&runtime.ingress(), &runtime.delivery(), &runtime.writer()}) {
        executor->cancel(timer);
        executor->post([] {});
      }
      runtime.http().cancel(1);
      runtime.http().start({}, [](HttpResult) {});
    }
    RealRuntime& runtime;
    TimerId timer = 0;
  };
  auto runtime = real();
  auto guard = std::make_shared<Guard>(*runtime);
  guard->timer = runtime->delivery().after(seconds(100), [guard] {});
  for (Executor* executor : {&runtime->ingress(), &runtime->delivery(), &runtime->writer()}) {
    executor->post([guard] {});
    executor->after(seconds(100), [guard] {});
  }
  guard.reset();
  runtime.reset();  // never started
}

TEST(Executors, GiveTheirLoopToListeners) {
  auto runtime = real();
  EXPECT_NE(&io_context_of(runtime->ingress()), &io_context_of(runtime->delivery()));
  VirtualRuntime other;
  EXPECT_THROW(io_context_of(other.ingress()), std::logic_error);
}

TEST(Signals, ReachTheMainThreadOneByOne) {
  const pid_t child = ::fork();
  if (child == 0) {
    hold_signals({SIGTERM, SIGHUP});
    auto runtime = real();
    runtime->start();
    runtime->delivery().post([] { ::kill(::getpid(), SIGHUP); });
    int hangups = 0;
    int terms = 0;
    runtime->wait_for_signal({SIGTERM, SIGHUP}, [&](int signal) {
      if (signal == SIGHUP) {
        ++hangups;
        ::kill(::getpid(), SIGTERM);
      } else {
        ++terms;
        runtime->ingress().post([&] { runtime->stop(); });
      }
    });
    runtime->join();
    runtime.reset();
    ::_exit(hangups == 1 && terms == 1 ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(Watch, AStuckExecutorIsNamedWithWhatItDoes) {
  RealOptions options;
  options.watch.interval = milliseconds(2);
  options.watch.limit = milliseconds(20);
  std::promise<std::pair<std::string, std::string>> stuck;
  std::atomic<int> calls{0};
  options.watch.on_stuck = [&](const std::string& executor, const std::string& doing) {
    // On a busy machine the others may be late as well.
    if (doing == "some-plugin find" && calls++ == 0) stuck.set_value({executor, doing});
  };
  auto runtime = real(std::move(options));
  runtime->start();
  const auto future = stuck.get_future().share();
  runtime->delivery().post([&runtime, future] {
    // Once it has been asked for the first time the watchdog knows the thread's note.
    runtime->delivery().after(milliseconds(20), [future] {
      const Doing doing("some-plugin", "find");
      future.wait();
    });
  });
  future.wait();
  EXPECT_EQ(future.get().first, "delivery");
}

TEST(WatchDeathTest, AStuckExecutorEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        RealOptions options;
        options.watch.interval = milliseconds(2);
        options.watch.limit = milliseconds(50);
        auto runtime = real(std::move(options));
        runtime->start();
        runtime->writer().post([] { std::promise<void>().get_future().wait(); });
        std::promise<void>().get_future().wait();
      },
      "executor_stuck: .*executor=.*doing=");
}

TEST(Notes, HoldWhoAndWhatAndAreCut) {
  StuckNote note;
  EXPECT_EQ(note.text(), "");
  note.set("plugin", "call");
  EXPECT_EQ(note.text(), "plugin call");
  note.set(std::string(500, 'p'), std::string(500, 'c'));
  EXPECT_EQ(note.text().size(), StuckNote::kCapacity);
  EXPECT_NE(note.text().find("p c"), std::string::npos);
  note.clear();
  EXPECT_EQ(note.text(), "");
}

TEST(TimerHeapTest, AgreesWithASortedList) {
  Xoshiro256 chance(7);
  TimerHeap heap;
  std::vector<std::tuple<Duration, int, TimerId>> expected;
  std::vector<int> ran;
  for (int i = 0; i < 3000; ++i) {
    const Duration due(static_cast<std::int64_t>(chance.next() % 500));
    expected.emplace_back(due, i, heap.add(due, [&ran, i] { ran.push_back(i); }));
    if (chance.next() % 3 == 0) {
      const auto victim = static_cast<std::ptrdiff_t>(chance.next() % expected.size());
      EXPECT_TRUE(heap.cancel(std::get<2>(expected[static_cast<std::size_t>(victim)])));
      EXPECT_FALSE(heap.cancel(std::get<2>(expected[static_cast<std::size_t>(victim)])));
      expected.erase(expected.begin() + victim);
    }
  }
  EXPECT_EQ(heap.size(), expected.size());
  std::sort(expected.begin(), expected.end());
  std::vector<int> order;
  for (const auto& entry : expected) order.push_back(std::get<1>(entry));
  for (Duration now{}; now < Duration(500); now += Duration(7)) {
    while (Function<void()> task = heap.pop(now)) task();
    EXPECT_TRUE(!heap.next_due() || *heap.next_due() > now);
  }
  while (Function<void()> task = heap.pop(Duration(500))) task();
  EXPECT_EQ(ran, order);
  EXPECT_FALSE(heap.next_due());
}

TEST(Chance, TwoThreadsDoNotDrawTheSame) {
  auto runtime = real();
  std::uint64_t other = 0;
  std::thread([&] { other = runtime->random().next(); }).join();
  EXPECT_NE(runtime->random().next(), other);
}

}  // namespace
}  // namespace tenon::runtime
