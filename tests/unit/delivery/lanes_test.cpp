#include "delivery/lanes.hpp"

#include <gtest/gtest.h>

namespace tenon::delivery {
namespace {

journal::Waiting event(journal::Seq seq, const std::string& pipeline, const std::string& key,
                       EventClass event_class = EventClass::live) {
  journal::Waiting waiting;
  waiting.seq = seq;
  waiting.pipeline = pipeline;
  waiting.event.key = key;
  waiting.event.event_class = event_class;
  return waiting;
}

class LanesTest : public ::testing::Test {
 protected:
  bool add(journal::Waiting waiting) {
    const std::string lane = Lanes::name(waiting.pipeline, waiting.event.key);
    return lanes_.add(lane, std::move(waiting));
  }
  journal::Seq next() {
    auto head = lanes_.next([](const std::string&, EventClass) { return true; });
    if (!head) return 0;
    last_ = head->lane;
    waiting_ = std::move(head->waiting);
    return waiting_.seq;
  }
  Lanes lanes_;
  std::string last_;
  journal::Waiting waiting_;
};

TEST_F(LanesTest, OneAtATimePerKeyInOrder) {
  add(event(1, "p", "a"));
  add(event(2, "p", "a"));
  add(event(3, "p", "b"));
  EXPECT_EQ(next(), 1U);
  const std::string lane_a = last_;
  EXPECT_EQ(next(), 3U);
  EXPECT_EQ(next(), 0U);
  lanes_.finish(lane_a);
  EXPECT_EQ(next(), 2U);
}

TEST_F(LanesTest, SameKeyOfTwoPipelinesAreTwoLanes) {
  add(event(1, "p", "a"));
  add(event(2, "q", "a"));
  EXPECT_EQ(next(), 1U);
  EXPECT_EQ(next(), 2U);
}

TEST_F(LanesTest, WhatIsTakenBehindAHeadLeavesItsLane) {
  for (journal::Seq seq = 1; seq <= 5; ++seq) add(event(seq, "p", "a"));
  EXPECT_EQ(next(), 1U);
  const auto behind = lanes_.take_behind(last_, 1, [](const journal::Waiting& each, const auto* newest) {
    EXPECT_EQ(newest == nullptr ? 1U : newest->seq, each.seq - 1);
    return each.seq < 4 ? Lanes::Look::take : Lanes::Look::stop;
  });
  ASSERT_EQ(behind.taken.size(), 2U);
  EXPECT_EQ(behind.taken.front().seq, 2U);
  EXPECT_EQ(behind.passed, 0U);
  EXPECT_EQ(lanes_.size(), 2U);
  lanes_.finish(last_);
  EXPECT_EQ(next(), 4U);
}

TEST_F(LanesTest, WhatStepsBackComesBehindThoseThatWerePassed) {
  for (journal::Seq seq = 1; seq <= 6; ++seq) add(event(seq, "p", "a"));
  EXPECT_EQ(next(), 1U);
  const auto odd = [](const journal::Waiting& each, const auto*) {
    return each.seq % 2 == 1 ? Lanes::Look::take : Lanes::Look::pass;
  };
  auto behind = lanes_.take_behind(last_, 1, odd);
  EXPECT_EQ(behind.taken.size(), 2U);
  EXPECT_EQ(behind.passed, 2U) << "2 and 4; 6 stands behind the newest";
  EXPECT_EQ(lanes_.step_back(last_, std::move(waiting_), std::move(behind)).seq, 2U);
  EXPECT_EQ(lanes_.size(), 5U);
  for (const journal::Seq seq : {4U, 1U, 3U, 5U, 6U}) {
    lanes_.finish(last_);
    EXPECT_EQ(next(), seq);
  }
}

TEST_F(LanesTest, WhatCameSinceABatchBeganIsNotSteppedBackTo) {
  const auto odd = [](const journal::Waiting& each, const auto*) {
    return each.seq % 2 == 1 ? Lanes::Look::take : Lanes::Look::pass;
  };
  for (journal::Seq seq = 1; seq <= 4; ++seq) add(event(seq, "p", "a"));
  EXPECT_EQ(next(), 1U);
  auto behind = lanes_.take_behind(last_, 1, odd);
  EXPECT_EQ(lanes_.step_back(last_, std::move(waiting_), std::move(behind)).seq, 2U);
  add(event(5, "p", "a"));
  lanes_.finish(last_);
  EXPECT_EQ(next(), 1U);
  behind = lanes_.take_behind(last_, 1, odd);
  EXPECT_EQ(behind.taken.size(), 1U) << "3, but not 5, behind 4";
  EXPECT_EQ(behind.passed, 0U);
}

TEST_F(LanesTest, ARestingHeadKeepsItsPlace) {
  add(event(1, "p", "a"));
  add(event(2, "p", "a"));
  EXPECT_EQ(next(), 1U);
  const auto rest = lanes_.rest(last_, std::move(waiting_));
  EXPECT_EQ(next(), 0U);
  lanes_.wake(last_, rest + 1);
  EXPECT_FALSE(next()) << "woken by another rest than its own";
  lanes_.wake(last_, rest);
  EXPECT_EQ(next(), 1U);
}

TEST_F(LanesTest, LiveGoesBeforeReplayAndPipelinesTakeTurns) {
  add(event(1, "p", "a", EventClass::replay));
  add(event(2, "p", "b"));
  add(event(3, "q", "c", EventClass::reconcile));
  EXPECT_EQ(next(), 2U);
  EXPECT_EQ(next(), 3U);
  EXPECT_EQ(next(), 1U);
}

TEST_F(LanesTest, PriorityChoosesInsideAClassOnly) {
  lanes_ = Lanes([](const journal::Waiting& waiting) {
    return config::priority_of(waiting.event.type).value_or(config::Priority::normal);
  });
  const auto typed = [](journal::Seq seq, const std::string& type, EventClass event_class) {
    journal::Waiting waiting = event(seq, "p", std::to_string(seq), event_class);
    waiting.event.type = type;
    return waiting;
  };
  add(typed(1, "low", EventClass::live));
  add(typed(2, "normal", EventClass::live));
  add(typed(3, "high", EventClass::replay));
  add(typed(4, "high", EventClass::live));
  add(typed(5, "high", EventClass::live));
  for (const journal::Seq seq : {4U, 5U, 2U, 1U, 3U}) EXPECT_EQ(next(), seq);
}

TEST_F(LanesTest, APipelineThatIsNotAdmittedHidesNobody) {
  add(event(1, "p", "a"));
  add(event(2, "q", "b"));
  const auto head = lanes_.next([](const std::string& pipeline, EventClass) { return pipeline == "q"; });
  ASSERT_TRUE(head);
  EXPECT_EQ(head->waiting.seq, 2U);
}

TEST_F(LanesTest, AFullLaneIsParkedAndComesBackInOrder) {
  journal::Seq seq = 1;
  for (; seq <= Lanes::kMostInLane; ++seq) ASSERT_TRUE(add(event(seq, "p", "a")));
  EXPECT_FALSE(add(event(seq, "p", "a")));
  const std::string lane = Lanes::name("p", "a");
  lanes_.note_parked(lane, 1);
  EXPECT_EQ(next(), 1U);
  EXPECT_FALSE(lanes_.finish(lane));
  EXPECT_FALSE(add(event(seq + 1, "p", "a"))) << "newer than what is parked";
  lanes_.note_parked(lane, 1);
  bool wants_parked = false;
  journal::Seq expected = 2;
  while (!wants_parked) {
    EXPECT_EQ(next(), expected++);
    wants_parked = lanes_.finish(lane);
  }
  lanes_.unpark(lane, {});
  std::vector<journal::Waiting> back;
  back.push_back(event(seq, "p", "a"));
  back.push_back(event(seq + 1, "p", "a"));
  lanes_.unpark(lane, std::move(back));
  for (; expected <= seq + 1; ++expected) {
    EXPECT_EQ(next(), expected);
    lanes_.finish(lane);
  }
  EXPECT_EQ(next(), 0U);
  EXPECT_EQ(lanes_.lanes(), 0U);
  EXPECT_EQ(lanes_.size(), 0U);
}

TEST_F(LanesTest, AHeadThatRestsOnDiskTakesItsLaneThere) {
  for (journal::Seq seq = 1; seq <= 3; ++seq) add(event(seq, "p", "a"));
  EXPECT_EQ(next(), 1U);
  const auto resting = lanes_.rest_on_disk(last_, 1);
  EXPECT_EQ(resting.seqs, (std::vector<journal::Seq>{1, 2, 3}));
  lanes_.note_parked(last_, 3);
  EXPECT_EQ(lanes_.size(), 0U);
  EXPECT_FALSE(add(event(4, "p", "a"))) << "behind those on disk";
  lanes_.note_parked(last_, 1);
  EXPECT_FALSE(lanes_.wake(last_, resting.rest + 1)) << "another rest";
  EXPECT_TRUE(lanes_.wake(last_, resting.rest));
  EXPECT_EQ(next(), 0U);
  lanes_.unpark(last_, {event(1, "p", "a"), event(2, "p", "a"), event(3, "p", "a"), event(4, "p", "a")});
  EXPECT_EQ(next(), 1U);
}

TEST_F(LanesTest, ALaneLeavesWholeOrStays) {
  const auto lane = [](const char* key) { return Lanes::name("p", key); };
  for (const char* key : {"whole", "long", "parked", "blocked"}) {
    add(event(1, "p", key));
    EXPECT_EQ(next(), 1U);
    add(event(2, "p", key));
    add(event(3, "p", key));
  }
  EXPECT_EQ(lanes_.leave(lane("whole"), 1, 3), (std::vector<journal::Seq>{1, 2, 3}));
  EXPECT_FALSE(lanes_.knows(lane("whole")));
  EXPECT_EQ(lanes_.leave(lane("long"), 1, 2), std::nullopt);
  lanes_.note_parked(lane("parked"), 1);
  EXPECT_EQ(lanes_.leave(lane("parked"), 1, 9), std::nullopt) << "a newer one would not know of the older";
  EXPECT_EQ(lanes_.block(lane("blocked")).size(), 2U);
  EXPECT_EQ(lanes_.leave(lane("blocked"), 1, 9), std::nullopt);
  EXPECT_TRUE(lanes_.knows(lane("long")) && lanes_.knows(lane("parked")) && lanes_.knows(lane("blocked")));
}

TEST_F(LanesTest, ALaneThatIsParkedFromTheStartComesBackInItsTime) {
  const std::string lane = Lanes::name("p", "a");
  const std::uint64_t rest = lanes_.rest_parked(lane);
  lanes_.note_parked(lane, 2);
  EXPECT_FALSE(add(event(9, "p", "a"))) << "behind those on disk";
  EXPECT_TRUE(lanes_.rests_on_disk(lane));
  EXPECT_FALSE(lanes_.wake(lane, rest + 1));
  EXPECT_TRUE(lanes_.wake(lane, rest));
  lanes_.unpark(lane, {event(4, "p", "a"), event(5, "p", "a")});
  EXPECT_EQ(next(), 4U);
}

TEST_F(LanesTest, ABlockedLaneRunsWhatPassesOnly) {
  for (journal::Seq seq = 1; seq <= 3; ++seq) add(event(seq, "p", "a"));
  add(event(4, "p", "b"));
  EXPECT_EQ(next(), 1U);
  const std::string lane = last_;
  EXPECT_EQ(lanes_.block(lane), (std::vector<journal::Seq>{2, 3}));
  EXPECT_TRUE(lanes_.block(lane).empty()) << "once";
  lanes_.note_parked(lane, 2);
  EXPECT_FALSE(lanes_.finish(lane)) << "nothing is fetched from disk";
  EXPECT_EQ(next(), 4U);
  EXPECT_FALSE(add(event(5, "p", "a"))) << "to be parked";
  lanes_.note_parked(lane, 1);
  EXPECT_TRUE(lanes_.add(lane, event(1, "p", "a"), true));
  EXPECT_EQ(next(), 1U);
  EXPECT_TRUE(lanes_.unblock(lane)) << "its parked ones are wanted";
  EXPECT_FALSE(lanes_.finish(lane));
  lanes_.unpark(lane, {event(2, "p", "a"), event(3, "p", "a"), event(5, "p", "a")});
  EXPECT_EQ(next(), 2U);
}

TEST_F(LanesTest, WhatIsDroppedIsBlockedNoMore) {
  add(event(1, "p", "a"));
  EXPECT_EQ(next(), 1U);
  static_cast<void>(lanes_.block(last_));
  lanes_.finish(last_);
  lanes_.drop("p");
  EXPECT_FALSE(lanes_.blocked(last_));
  EXPECT_EQ(lanes_.lanes(), 0U);
  EXPECT_TRUE(add(event(2, "p", "a")));
}

}  // namespace
}  // namespace tenon::delivery
