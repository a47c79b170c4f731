#include "delivery/pace.hpp"

#include <gtest/gtest.h>

namespace tenon::delivery {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class PaceTest : public ::testing::Test {
 protected:
  /// Tasks, one each millisecond.
  void reached(int tasks, runtime::Duration late) {
    for (int i = 0; i < tasks; ++i) pace_.reached(late, now_ += milliseconds(1));
  }

  Pace pace_{96};
  runtime::Duration now_ = std::chrono::seconds(1);
};

TEST_F(PaceTest, AnIdleThreadHoldsNothingBack) {
  EXPECT_EQ(pace_.allowed(), 96U);
  reached(1000, microseconds(20));
  EXPECT_EQ(pace_.allowed(), 96U);
}

TEST_F(PaceTest, ALateOneRunsFewButNeverNone) {
  reached(30, milliseconds(14));
  EXPECT_LT(pace_.allowed(), 50U);
  reached(1000, milliseconds(14));
  EXPECT_EQ(pace_.allowed(), 1U);
}

TEST_F(PaceTest, MoreAgainStepByStep) {
  reached(1000, milliseconds(14));
  reached(100, microseconds(20));
  EXPECT_GT(pace_.allowed(), 5U);
  EXPECT_LT(pace_.allowed(), 20U);
  reached(2000, microseconds(20));
  EXPECT_EQ(pace_.allowed(), 96U);
}

TEST_F(PaceTest, ASingleLateTaskIsNoReason) {
  for (int i = 0; i < 100; ++i) {
    reached(1, milliseconds(5));
    reached(30, microseconds(20));
  }
  EXPECT_GT(pace_.allowed(), 90U);
}

}  // namespace
}  // namespace tenon::delivery
