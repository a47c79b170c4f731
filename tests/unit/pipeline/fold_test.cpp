// A burst of equal thin events for one customer: one read and one write stand for all that waited.
#include <gmock/gmock.h>

#include "virtual_host.hpp"

namespace tenon::pipeline {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

class Fold : public VirtualHost {
 protected:
  void SetUp() override {
    VirtualHost::SetUp();
    remotes_.shop["7"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
    remotes_.shop_delay = seconds(2);
  }
  int reads() const { return remotes_.count("GET /stores/abc123/v3/customers"); }
};

TEST_F(Fold, ABurstIsOneReadAndOneWriteMore) {
  start();
  for (int i = 1; i <= 500; ++i) ASSERT_EQ(send("msg_" + std::to_string(i), "7"), 200);
  runtime_.advance(seconds(1));
  remotes_.shop["7"].last = "Newest";
  runtime_.advance(seconds(60));
  EXPECT_EQ(reads(), 2) << "the one that ran when the others came, and the newest of those";
  EXPECT_EQ(state("msg_1"), "delivered");
  for (int i = 2; i < 500; ++i) {
    const auto detail = show("msg_" + std::to_string(i));
    ASSERT_EQ(detail.row.state, "superseded") << i;
    ASSERT_THAT(detail.row.reason, HasSubstr("msg_500"));
  }
  const auto newest = show("msg_500");
  EXPECT_EQ(newest.row.state, "delivered");
  ASSERT_FALSE(newest.attempts.empty());
  EXPECT_EQ(newest.attempts.front().outcome, "folded");
  EXPECT_THAT(newest.attempts.front().reason, HasSubstr("msg_2, msg_3"));
  EXPECT_THAT(newest.attempts.front().reason, HasSubstr("and 398 more"));
  ASSERT_EQ(remotes_.puts.size(), 1U);
  EXPECT_THAT(remotes_.puts.back().second, HasSubstr("Newest"));
}

TEST_F(Fold, OnlyEqualNeighboursFold) {
  remotes_.shop["8"] = {"bob@example.com", "Bob", "Ray", "2024-05-14T09:34:00Z"};
  start();
  send("a", "7");
  send("b", "7", "store/customer/created");
  send("c", "7");
  send("d", "7", "store/customer/created");
  send("e", "8");
  runtime_.advance(seconds(60));
  for (const char* id : {"a", "b", "c", "d", "e"}) EXPECT_NE(state(id), "superseded") << id;
  EXPECT_EQ(reads(), 5);
}

TEST_F(Fold, WhatWaitsForAnotherTryIsNotFolded) {
  int failures = 1;
  remotes_.desk_fault = [&](const std::string&) -> runtime::ScriptedAnswer {
    if (failures-- > 0) return {503, "busy"};
    return {};
  };
  start();
  send("a", "7");
  runtime_.advance(std::chrono::milliseconds(2500));
  EXPECT_EQ(state("a"), "retrying");
  send("b", "7");
  send("c", "7");
  runtime_.advance(seconds(120));
  EXPECT_EQ(state("a"), "delivered");
  EXPECT_EQ(state("b"), "superseded");
  EXPECT_EQ(show("c").row.state, "skipped") << "unchanged since";
}

TEST_F(Fold, APauseInBetweenLosesNoneAndRunsNoneTwice) {
  start();
  for (int i = 1; i <= 20; ++i) send("msg_" + std::to_string(i), "7");
  const auto set = [&](journal::PipelineMode mode) {
    host_->set_mode("customers", mode, [](Result<journal::PipelineState> now) { EXPECT_TRUE(now); });
  };
  for (int i = 0; i < 3; ++i) {
    set(journal::PipelineMode::paused);
    runtime_.advance(std::chrono::milliseconds(1500));
    set(journal::PipelineMode::running);
    runtime_.advance(std::chrono::milliseconds(700));
    send("late_" + std::to_string(i), "7");
  }
  runtime_.advance(seconds(60));
  for (int i = 1; i <= 20; ++i) {
    const std::string now = state("msg_" + std::to_string(i));
    EXPECT_TRUE(now == "delivered" || now == "superseded" || now == "skipped") << i << " " << now;
  }
  EXPECT_LE(reads(), 6);
  EXPECT_EQ(remotes_.desk.size(), 1U);
}

TEST_F(Fold, AStopLeavesEachEndedOrWaiting) {
  start();
  for (int i = 1; i <= 20; ++i) send("msg_" + std::to_string(i), "7");
  runtime_.advance(std::chrono::milliseconds(2100));
  stop();
  for (int i = 1; i <= 20; ++i) {
    const std::string now = state("msg_" + std::to_string(i));
    EXPECT_TRUE(now == "delivered" || now == "superseded" || now == "waiting" || now == "skipped") << now;
    // Whoever was folded has somebody who stands for it.
    if (now == "superseded") {
      EXPECT_THAT(show("msg_" + std::to_string(i)).row.reason, HasSubstr("msg_20"));
      EXPECT_NE(state("msg_20"), "superseded");
    }
  }
  EXPECT_EQ(state("msg_1"), "delivered");
}

}  // namespace
}  // namespace tenon::pipeline
