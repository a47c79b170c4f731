#include "runtime/virtual.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "runtime/task.hpp"

namespace tenon::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string order_of(VirtualOptions options) {
  VirtualRuntime runtime(options);
  std::string order;
  for (int i = 0; i < 8; ++i) {
    runtime.ingress().post([&] { order += 'i'; });
    runtime.delivery().post([&] { order += 'd'; });
    runtime.writer().post([&] { order += 'w'; });
  }
  runtime.run_until_idle();
  return order;
}

TEST(Virtual, TasksRunInTheOrderPosted) { EXPECT_EQ(order_of({}), "idwidwidwidwidwidwidwidw"); }

TEST(Virtual, AShuffledOrderIsTheSeeds) {
  VirtualOptions options;
  options.shuffle = true;
  const std::string first = order_of(options);
  EXPECT_EQ(order_of(options), first);
  EXPECT_NE(first, order_of({}));
  EXPECT_EQ(std::count(first.begin(), first.end(), 'd'), 8);
  options.seed = 2;
  EXPECT_NE(order_of(options), first);
}

TEST(Virtual, PostNeverRunsInline) {
  VirtualRuntime runtime;
  bool ran = false;
  runtime.delivery().post([&] {
    runtime.delivery().post([&] { ran = true; });
    EXPECT_FALSE(ran);
  });
  EXPECT_FALSE(ran);
  EXPECT_EQ(runtime.run_until_idle(), 2U);
  EXPECT_TRUE(ran);
}

TEST(Virtual, TimersFireInOrderAsTheClockTurns) {
  VirtualRuntime runtime;
  const Duration start = runtime.clock().steady();
  const auto wall = runtime.clock().wall_ms();
  std::vector<std::pair<char, std::int64_t>> fired;
  const auto note = [&](char name) {
    return [&fired, &runtime, start, name] {
      fired.emplace_back(name, (runtime.clock().steady() - start).count());
    };
  };
  Executor& executor = runtime.delivery();
  executor.after(milliseconds(20), note('b'));
  executor.after(milliseconds(10), note('a'));
  executor.after(milliseconds(20), note('c'));
  const TimerId gone = executor.after(milliseconds(15), note('x'));
  executor.after(seconds(60), note('z'));
  executor.after(milliseconds(-5), note('0'));
  executor.cancel(gone);
  executor.cancel(gone);
  executor.cancel(0);
  runtime.run_until_idle();
  const std::vector<std::pair<char, std::int64_t>> at_once{{'0', 0}};
  EXPECT_EQ(fired, at_once);
  runtime.advance(milliseconds(30));
  const std::vector<std::pair<char, std::int64_t>> expected{
      {'0', 0}, {'a', 10'000'000}, {'b', 20'000'000}, {'c', 20'000'000}};
  EXPECT_EQ(fired, expected);
  EXPECT_EQ(runtime.clock().steady() - start, milliseconds(30));
  EXPECT_EQ(runtime.clock().wall_ms() - wall, 30);
  EXPECT_EQ(runtime.timers(), 1U);
}

TEST(Virtual, ATimerThatIsDueCanStillBeCancelledUntilItRuns) {
  VirtualRuntime runtime;
  Executor& executor = runtime.delivery();
  bool ran = false;
  TimerId second = 0;
  executor.after(seconds(1), [&] { executor.cancel(second); });
  second = executor.after(seconds(1), [&] { ran = true; });
  runtime.advance(seconds(2));
  EXPECT_FALSE(ran);
}

TEST(Virtual, TheWallClockStartsAtAFixedDateAndCanJump) {
  VirtualRuntime runtime;
  EXPECT_EQ(runtime.clock().wall_ms(), 1'767'225'600'000);
  runtime.jump_wall(-std::chrono::hours(1));
  EXPECT_EQ(runtime.clock().wall_ms(), 1'767'222'000'000);
  const auto steady = runtime.clock().steady();
  runtime.jump_wall(std::chrono::hours(2));
  EXPECT_EQ(runtime.clock().steady(), steady);
}

TEST(Virtual, RunUntilTurnsTheClockAsFarAsNeeded) {
  VirtualRuntime runtime;
  int ticks = 0;
  Function<void()> tick;
  tick = [&] {
    ++ticks;
    runtime.delivery().after(seconds(10), [&] { tick(); });
  };
  runtime.delivery().post([&] { tick(); });
  EXPECT_TRUE(runtime.run_until([&] { return ticks == 7; }));
  EXPECT_FALSE(runtime.run_until([&] { return ticks == 1000; }, seconds(60)));
  EXPECT_EQ(ticks, 13);
}

TEST(Virtual, ATaskKnowsItsExecutorAndMisuseIsAnError) {
  VirtualRuntime runtime;
  EXPECT_TRUE(runtime.ingress().here());
  runtime.ingress().post([&] {
    EXPECT_TRUE(runtime.ingress().here());
    EXPECT_FALSE(runtime.delivery().here());
    EXPECT_THROW(runtime.delivery().after(seconds(1), [] {}), std::logic_error);
    EXPECT_THROW(runtime.http().start({}, [](HttpResult) {}), std::logic_error);
    runtime.delivery().post([] {});
  });
  runtime.run_until_idle();
}

TEST(Virtual, TasksWithoutEndAreAnError) {
  VirtualRuntime runtime;
  Function<void()> again;
  again = [&] { runtime.delivery().post([&] { again(); }); };
  again();
  EXPECT_THROW(runtime.run_until_idle(1000), std::logic_error);
}

TEST(Virtual, ChanceIsTheSeeds) {
  VirtualRuntime a;
  VirtualRuntime b;
  VirtualRuntime c({.seed = 9});
  const auto first = a.random().next();
  EXPECT_EQ(first, b.random().next());
  EXPECT_NE(first, c.random().next());
  for (int i = 0; i < 1000; ++i) {
    const double u = a.random().uniform();
    EXPECT_TRUE(u >= 0 && u < 1);
  }
}

TEST(Virtual, TheNetworkIsAScript) {
  VirtualRuntime runtime;
  std::vector<std::pair<std::string, Duration>> seen;
  const auto ask = [&](std::string url, Duration timeout = seconds(60)) {
    HttpRequest request;
    request.url = std::move(url);
    request.timeout = timeout;
    return runtime.http().start(std::move(request), [&](HttpResult result) {
      seen.emplace_back(result.response ? result.response->body : result.error.code, result.elapsed);
    });
  };
  ask("http://a.example/none");
  runtime.run_until_idle();
  runtime.network().on_request([](const HttpRequest& request) {
    if (request.url == "http://a.example/slow") return ScriptedAnswer(200, "slow", {}, seconds(5));
    if (request.url == "http://a.example/lost")
      return ScriptedAnswer(Error("connection_lost", "x"), RequestSent::maybe, seconds(1));
    return ScriptedAnswer(200, "quick");
  });
  ask("http://a.example/slow");
  ask("http://a.example/slow", seconds(2));
  ask("http://a.example/quick");
  ask("http://a.example/lost");
  ask("nonsense");
  EXPECT_EQ(seen.size(), 1U);
  runtime.advance(seconds(10));
  const std::vector<std::pair<std::string, Duration>> expected{
      {"connect_failed", Duration()},  {"bad_url", Duration()}, {"quick", Duration()},
      {"connection_lost", seconds(1)}, {"timeout", seconds(2)}, {"slow", seconds(5)}};
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(runtime.network().requests().size(), 5U);
  EXPECT_EQ(runtime.network().requests()[1].request.url, "http://a.example/slow");
  EXPECT_EQ(runtime.network().open(), 0U);
}

TEST(Virtual, ACancelledRequestCompletesOnce) {
  VirtualRuntime runtime;
  runtime.network().on_request(
      [](const HttpRequest&) { return ScriptedAnswer(200, "late", {}, seconds(5)); });
  std::string seen;
  HttpRequest request;
  request.url = "http://a.example/";
  const auto handle = runtime.http().start(request, [&](HttpResult result) { seen += result.error.code; });
  runtime.http().cancel(handle);
  runtime.http().cancel(handle);
  EXPECT_EQ(seen, "");
  runtime.advance(seconds(10));
  EXPECT_EQ(seen, "cancelled");
}

Task<int> after_two_waits(VirtualRuntime& runtime) {
  int sum = 0;
  for (int i = 1; i <= 2; ++i) {
    Async<int> wait([&runtime, i](Function<void(int)> done) {
      runtime.delivery().after(seconds(i), [done = std::move(done), i] { done(i); });
    });
    sum += co_await wait;
  }
  co_return sum;
}

Task<> keep(VirtualRuntime& runtime, int& into) {
  Task<int> task = after_two_waits(runtime);
  into = co_await task;
}

TEST(Virtual, CoroutinesWaitOnTimers) {
  VirtualRuntime runtime;
  int got = 0;
  spawn(keep(runtime, got));
  runtime.advance(milliseconds(2999));
  EXPECT_EQ(got, 0);
  runtime.advance(milliseconds(1));
  EXPECT_EQ(got, 3);
}

TEST(Virtual, DroppedTasksMayStillUseTheRuntime) {
  struct Guard {
    Guard(VirtualRuntime& r, TimerId t) : runtime(r), timer(t) {}
    VirtualRuntime& runtime;
    TimerId timer;
    ~Guard() {
      runtime.delivery().cancel(timer);
      runtime.delivery().post([] {});
      runtime.http().cancel(1);
    }
  };
  auto runtime = std::make_unique<VirtualRuntime>();
  const TimerId timer = runtime->delivery().after(seconds(1), [] {});
  auto guard = std::make_shared<Guard>(*runtime, timer);
  runtime->delivery().post([guard] {});
  runtime->ingress().post([guard] {});
  runtime->delivery().after(seconds(2), [guard] {});
  guard.reset();
  runtime.reset();
}

}  // namespace
}  // namespace tenon::runtime
