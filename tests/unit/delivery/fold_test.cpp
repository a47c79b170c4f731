// Which waiting event the run of a newer one may stand for; what a pipeline reads is told by hand here.
#include "delivery/fold.hpp"

#include <gtest/gtest.h>

namespace tenon::delivery {
namespace {

using Look = Lanes::Look;

class LookAt : public ::testing::Test {
 protected:
  LookAt() {
    auto pipeline = std::make_shared<config::Pipeline>();
    pipeline->deletions = {"deleted"};
    flow_.pipeline = std::move(pipeline);
    flow_.folding = {true, true, false, false, false, false, false};
    for (journal::Waiting* each : {&a_, &b_}) {
      each->event.thin = true;
      each->event.connection = "store";
      each->event.type = "updated";
      each->event.key = "7";
      each->event.keys = {{"customer", "7"}};
      each->event.data = "null";
    }
  }
  Look look() const { return look_at(flow_, a_, a_, b_); }

  Flow flow_;
  journal::Waiting a_, b_;
};

TEST_F(LookAt, WhatNothingReadsMayDiffer) {
  b_.event.id = "another";
  b_.event.type = "created";
  b_.event.data = "{}";
  b_.event.received_ms = 5;
  EXPECT_EQ(look(), Look::take);
  flow_.folding.data = true;
  EXPECT_EQ(look(), Look::pass);
  flow_.folding.past_others = false;
  EXPECT_EQ(look(), Look::stop);
}

TEST_F(LookAt, AnotherObjectOrClassIsNotPassed) {
  b_.event.keys = {{"customer", "8"}};
  EXPECT_EQ(look(), Look::stop);
  b_ = a_;
  b_.event.event_class = EventClass::reconcile;
  EXPECT_EQ(look(), Look::stop);
}

TEST_F(LookAt, WhatHasBegunIsNotTakenAndNotPassed) {
  b_.attempts = 1;
  EXPECT_EQ(look(), Look::stop);
  b_ = a_;
  b_.requeued_ms = 1;
  EXPECT_EQ(look(), Look::stop);
  b_ = a_;
  b_.event.thin = false;
  EXPECT_EQ(look(), Look::stop);
}

// What was written before is measured against the version of the one that runs.
TEST_F(LookAt, AnOlderVersionDoesNotStandForANewerOne) {
  b_.event.version = "3";
  EXPECT_EQ(look(), Look::pass) << "it may be held back where one without a version is not";
  a_.event.version = "5";
  EXPECT_EQ(look(), Look::pass);
  b_.event.version = "5";
  EXPECT_EQ(look(), Look::take);
  b_.event.version = "10";
  EXPECT_EQ(look(), Look::take);
  b_.event.version.reset();
  EXPECT_EQ(look(), Look::pass) << "nor does none";
  b_.event.version = "10";
  flow_.folding.version = true;
  EXPECT_EQ(look(), Look::pass);
}

TEST_F(LookAt, ATimeIsNotLost) {
  a_.event.time_ms = 1;
  EXPECT_EQ(look(), Look::pass);
  b_.event.time_ms = 2;
  EXPECT_EQ(look(), Look::take);
  flow_.folding.time = true;
  EXPECT_EQ(look(), Look::pass);
}

TEST_F(LookAt, ADeletionFoldsWithItsLikeOnly) {
  b_.event.type = "deleted";
  EXPECT_EQ(look(), Look::stop);
  a_.event.type = "deleted";
  EXPECT_EQ(look(), Look::take);
  b_.event.type = "created";
  EXPECT_EQ(look(), Look::stop);
}

}  // namespace
}  // namespace tenon::delivery
