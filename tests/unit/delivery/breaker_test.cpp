#include "delivery/breaker.hpp"

#include <gtest/gtest.h>

namespace tenon::delivery {
namespace {

using std::chrono::seconds;
using Result = Breaker::Result;
using State = Breaker::State;

TEST(Breaker, OpensAtHalfOfTwentyWithinHalfAMinute) {
  Breaker breaker;
  for (int i = 0; i < 10; ++i) breaker.record(Result::worked, seconds(100));
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(breaker.record(Result::failed, seconds(101)));
  EXPECT_TRUE(breaker.admit(seconds(101)));
  EXPECT_TRUE(breaker.record(Result::failed, seconds(101)));
  EXPECT_FALSE(breaker.admit(seconds(101)));
}

TEST(Breaker, ForgetsWhatIsOlderThanHalfAMinute) {
  Breaker breaker;
  for (int i = 0; i < 19; ++i) breaker.record(Result::failed, seconds(100));
  for (int i = 0; i < 19; ++i) breaker.record(Result::failed, seconds(131));
  EXPECT_EQ(breaker.state(), State::closed);
}

TEST(Breaker, FiveUnansweredInARowOpenItHoweverSlowlyTheyCome) {
  Breaker breaker;
  for (int i = 0; i < 4; ++i) breaker.record(Result::unanswered, seconds(100 + 60 * i));
  EXPECT_EQ(breaker.state(), State::closed);
  EXPECT_TRUE(breaker.record(Result::unanswered, seconds(400)));
  Breaker another;
  for (int i = 0; i < 9; ++i)
    another.record(i % 4 == 3 ? Result::worked : Result::unanswered, seconds(100 + 60 * i));
  EXPECT_EQ(another.state(), State::closed) << "an answer begins the row anew";
}

TEST(Breaker, ProbesOneAtATimeAndDoublesThePauseUpToAMinute) {
  Breaker breaker;
  for (int i = 0; i < 5; ++i) breaker.record(Result::unanswered, seconds(100));
  runtime::Duration now = seconds(100);
  for (const int pause : {5, 10, 20, 40, 60, 60}) {
    EXPECT_EQ(breaker.probe_at(), now + seconds(pause));
    EXPECT_FALSE(breaker.admit(breaker.probe_at() - runtime::Duration(1)));
    now = breaker.probe_at();
    EXPECT_TRUE(breaker.admit(now));
    EXPECT_FALSE(breaker.admit(now)) << "one probe at a time";
    EXPECT_FALSE(breaker.record(Result::failed, now));
  }
  now = breaker.probe_at();
  EXPECT_TRUE(breaker.admit(now));
  EXPECT_TRUE(breaker.record(Result::worked, now));
  EXPECT_TRUE(breaker.admit(now));
  EXPECT_TRUE(breaker.admit(now));
}

TEST(Breaker, ACancelledProbeLeavesThePlaceToAnother) {
  Breaker breaker;
  for (int i = 0; i < 5; ++i) breaker.record(Result::unanswered, seconds(100));
  EXPECT_TRUE(breaker.admit(seconds(105)));
  breaker.forget();
  EXPECT_TRUE(breaker.admit(seconds(105)));
}

TEST(Breaker, WhatLeftBeforeItOpenedMayCloseItButNotCountAgainstIt) {
  Breaker breaker;
  for (int i = 0; i < 5; ++i) breaker.record(Result::unanswered, seconds(100));
  EXPECT_FALSE(breaker.record(Result::unanswered, seconds(101)));
  EXPECT_EQ(breaker.probe_at(), seconds(105));
  EXPECT_TRUE(breaker.record(Result::worked, seconds(102)));
  EXPECT_EQ(breaker.state(), State::closed);
}

}  // namespace
}  // namespace tenon::delivery
