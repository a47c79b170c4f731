// A desk that is down for hours: its events wait, cost nothing, and go on by themselves.
#include "virtual_host.hpp"

namespace tenon::pipeline {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class Outage : public VirtualHost {
 protected:
  void fill_shop(int customers) {
    for (int i = 1; i <= customers; ++i)
      remotes_.shop[std::to_string(i)] = {"u" + std::to_string(i) + "@example.com", "U", "X",
                                          "2024-05-14T09:34:00Z"};
  }
  std::ptrdiff_t desk_calls() {
    return std::count_if(remotes_.log.begin(), remotes_.log.end(),
                         [](const auto& line) { return line.find("/api/") != std::string::npos; });
  }
  static runtime::ScriptedAnswer refused() {
    return {Error("connect_failed", "refused"), runtime::RequestSent::no};
  }
};

class OutageOf : public Outage, public ::testing::WithParamInterface<bool> {};

TEST_P(OutageOf, SixHoursWithAnEventAMinuteMakeNoDeadLetter) {
  constexpr int kEvents = 6 * 60;
  fill_shop(kEvents);
  bool down = true;
  remotes_.desk_fault = [&](const std::string&) -> runtime::ScriptedAnswer {
    if (!down) return {};
    return GetParam() ? refused() : runtime::ScriptedAnswer{500, "broken"};
  };
  start();
  for (int i = 1; i <= kEvents; ++i) {
    ASSERT_EQ(send("msg_" + std::to_string(i), std::to_string(i)), 200);
    runtime_.advance(minutes(1));
  }
  // A probe a minute, and what it took to see that the desk is down.
  if (GetParam()) {
    EXPECT_LE(desk_calls(), 6 * 60 + 40);
  }
  for (int i = 1; i <= kEvents; ++i) {
    const std::string now = state("msg_" + std::to_string(i));
    EXPECT_TRUE(now == "waiting" || now == "retrying") << now;
  }
  down = false;
  runtime_.advance(hours(1));
  for (int i = 1; i <= kEvents; ++i) EXPECT_EQ(state("msg_" + std::to_string(i)), "delivered");
  EXPECT_EQ(remotes_.desk.size(), static_cast<std::size_t>(kEvents));
}

INSTANTIATE_TEST_SUITE_P(Kinds, OutageOf, ::testing::Bool(),
                         [](const auto& each) { return std::string(each.param ? "refused" : "broken"); });

TEST_F(Outage, ADeskThatIsDownIsNotAskedInABusyLoop) {
  fill_shop(200);
  remotes_.desk_fault = [](const std::string&) { return refused(); };
  start();
  for (int i = 1; i <= 200; ++i) send("msg_" + std::to_string(i), std::to_string(i));
  runtime_.advance(minutes(2));
  const auto before = desk_calls();
  const auto fetched = remotes_.log.size();
  runtime_.advance(minutes(10));
  EXPECT_LE(desk_calls() - before, 11);
  EXPECT_GE(desk_calls() - before, 9) << "the probes stopped";
  EXPECT_LE(remotes_.log.size() - fetched, 30U) << "the shop is asked though nothing can be written";
}

/// What never left is no attempt, so its wait does not grow: it is drawn from sixteen seconds each time.
TEST_F(Outage, WhatNeverLeftIsTriedAgainWithinSixteenSecondsAndNotAllAtOnce) {
  fill_shop(80);
  std::vector<std::int64_t> waits;
  for (int round = 0; round < 20; ++round) {
    remotes_.desk_fault = [](const std::string&) { return refused(); };
    start();
    // The breaker opens at the fifth: that one has no say any more.
    for (int i = 1; i <= 4; ++i) {
      const int number = round * 4 + i;
      const std::string id = "msg_" + std::to_string(number);
      send(id, std::to_string(number));
      for (int turn = 0; turn < 100 && state(id) != "retrying"; ++turn)
        runtime_.advance(std::chrono::milliseconds(1));
      const auto detail = show(id);
      ASSERT_TRUE(detail.row.next_ms) << detail.row.state;
      EXPECT_EQ(detail.row.attempts, 0U);
      EXPECT_EQ(detail.attempts.back().cause, "not_sent");
      waits.push_back(*detail.row.next_ms - detail.attempts.back().finished_ms);
    }
    remotes_.desk_fault = nullptr;
    runtime_.advance(minutes(2));
    stop();
  }
  std::sort(waits.begin(), waits.end());
  EXPECT_GE(waits.front(), 0);
  EXPECT_LE(waits.back(), 16'000);
  EXPECT_GT(waits.back(), 12'000);
  EXPECT_GT(waits[waits.size() / 2], 5'000);
  EXPECT_LT(waits[waits.size() / 2], 11'000);
  EXPECT_LT(waits.front(), 3'000);
}

TEST_F(Outage, OnceItAnswersAgainAllGoesOnWithinSeconds) {
  fill_shop(30);
  bool down = true;
  remotes_.desk_fault = [&](const std::string&) -> runtime::ScriptedAnswer {
    if (down) return refused();
    return {};
  };
  start();
  for (int i = 1; i <= 30; ++i) send("msg_" + std::to_string(i), std::to_string(i));
  runtime_.advance(hours(1));
  down = false;
  runtime_.advance(seconds(70));  // the next probe is at most a minute away
  EXPECT_EQ(remotes_.desk.size(), 30U);
}

}  // namespace
}  // namespace tenon::pipeline
