// What the journal hands out, shared by several takers.
#include "delivery/feed.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/virtual.hpp"

namespace tenon::delivery {
namespace {

class SharedFeed : public ::testing::Test {
 protected:
  SharedFeed()
      : runtime_({.seed = 1, .shuffle = false, .start_wall_ms = 1'767'225'600'000, .deliveries = 3}) {
    journal_ = journal::open_memory(runtime_, {});
    feed_.emplace(*journal_, runtime_.ingress(), 3);
    feed_->own("a", 0);
    feed_->own("b", 1);
    feed_->own("c", 2);
    for (std::size_t i = 0; i < 3; ++i)
      feed_->on_appended(i, runtime_.at_delivery(i).delivery(), [this, i] { ++told_[i]; });
  }
  ~SharedFeed() override { journal_->close(); }

  void append(const std::string& pipeline, int count) {
    for (int i = 0; i < count; ++i) {
      journal::Append request;
      journal::NewEvent event;
      event.pipeline = pipeline;
      event.event.id = pipeline + std::to_string(next_++);
      event.event.key = event.event.id;
      request.events.push_back(std::move(event));
      journal_->append(std::move(request),
                       {&runtime_.ingress(), [](Result<journal::Appended> done) { EXPECT_TRUE(done); }});
    }
    runtime_.run_until_idle();
  }

  void ask(std::size_t taker, std::uint32_t limit = 256, std::set<std::string> full = {}) {
    answers_.erase(taker);
    runtime_.at_delivery(taker).delivery().post([this, taker, limit, full = std::move(full)] {
      feed_->take(taker, journal::TakeQuery(limit, full),
                  {&runtime_.at_delivery(taker).delivery(), [this, taker](Result<journal::Taken> got) {
                     EXPECT_TRUE(runtime_.at_delivery(taker).delivery().here());
                     ASSERT_TRUE(got);
                     answers_[taker] = std::move(*got);
                   }});
    });
  }

  /// Of what one turn of a taker gave: how many, all of that pipeline.
  std::size_t took(std::size_t taker, const std::string& pipeline) {
    if (!answers_.contains(taker)) return SIZE_MAX;
    for (const auto& waiting : answers_[taker].events) EXPECT_EQ(waiting.pipeline, pipeline);
    return answers_[taker].events.size();
  }

  runtime::VirtualRuntime runtime_;
  std::unique_ptr<journal::Journal> journal_;
  std::optional<Feed> feed_;
  std::map<std::size_t, int> told_;
  std::map<std::size_t, journal::Taken> answers_;
  int next_ = 0;
};

TEST_F(SharedFeed, EachGetsItsOwnWhoeverAsked) {
  append("a", 2);
  append("b", 3);
  ask(0);
  runtime_.run_until_idle();
  EXPECT_EQ(took(0, "a"), 2U);
  told_.clear();
  ask(2);
  runtime_.run_until_idle();
  EXPECT_EQ(took(2, "c"), 0U);
  ask(1);
  runtime_.run_until_idle();
  EXPECT_EQ(took(1, "b"), 3U);
}

TEST_F(SharedFeed, WhoeverDidNotAskIsToldOfWhatCame) {
  append("b", 1);
  told_.clear();
  ask(0);
  runtime_.run_until_idle();
  EXPECT_EQ(told_[1], 1);
  EXPECT_EQ(told_[2], 0);
}

TEST_F(SharedFeed, AllAreToldOfAppends) {
  for (std::size_t i = 0; i < 3; ++i) ask(i);
  runtime_.run_until_idle();
  told_.clear();
  append("c", 1);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_GE(told_[i], 1) << i;
}

TEST_F(SharedFeed, OneThatDoesNotComeHidesNothingAndLosesNothing) {
  append("b", 700);
  append("a", 10);
  std::size_t of_a = 0;
  for (int turn = 0; turn < 10; ++turn) {
    ask(0);
    runtime_.run_until_idle();
    of_a += took(0, "a");
  }
  EXPECT_EQ(of_a, 10U);
  std::size_t of_b = 0;
  journal::Seq before = 0;
  for (int turn = 0; turn < 10; ++turn) {
    ask(1);
    runtime_.run_until_idle();
    of_b += took(1, "b");
    for (const auto& waiting : answers_[1].events) {
      EXPECT_GT(waiting.seq, before);
      before = waiting.seq;
    }
  }
  EXPECT_EQ(of_b, 700U);
}

TEST_F(SharedFeed, WhatOneIsFullOfTheOthersMissNot) {
  append("b", 5);
  append("c", 5);
  ask(1, 256, {"b"});
  runtime_.run_until_idle();
  EXPECT_EQ(took(1, "b"), 0U);
  ask(2);
  runtime_.run_until_idle();
  EXPECT_EQ(took(2, "c"), 5U);
  ask(1);
  runtime_.run_until_idle();
  EXPECT_EQ(took(1, "b"), 5U);
}

TEST_F(SharedFeed, WhatIsHandedOutAgainComesOnce) {
  append("b", 3);
  // On its way in every way: kept for its taker, and in an answer that has not come.
  for (const int steps : {0, 1, 2, 3, 4, 5, 6, 7, 8}) {
    SCOPED_TRACE(steps);
    ask(0);
    for (int i = 0; i < steps; ++i) runtime_.step();
    for (const auto mode : {journal::PipelineMode::paused, journal::PipelineMode::running}) {
      runtime_.at_delivery(1).delivery().post([this, mode] {
        journal::PipelineState state;
        state.pipeline = "b";
        state.mode = mode;
        feed_->set_pipeline(state, {&runtime_.at_delivery(1).delivery(),
                                    [](Result<journal::PipelineState> now) { EXPECT_TRUE(now); }});
      });
    }
    runtime_.run_until_idle();
    std::size_t of_b = 0;
    for (int turn = 0; turn < 3; ++turn) {
      ask(1);
      runtime_.run_until_idle();
      of_b += took(1, "b");
    }
    EXPECT_EQ(of_b, 3U);
  }
}

TEST_F(SharedFeed, AStoreThatFailedIsToldToAllThatWait) {
  journal_->close();
  int failed = 0;
  for (const std::size_t taker : {0U, 1U}) {
    runtime_.at_delivery(taker).delivery().post([this, taker, &failed] {
      feed_->take(taker, journal::TakeQuery(1),
                  {&runtime_.at_delivery(taker).delivery(), [&](Result<journal::Taken> got) {
                     EXPECT_FALSE(got);
                     ++failed;
                   }});
    });
  }
  runtime_.run_until_idle();
  EXPECT_EQ(failed, 2);
}

}  // namespace
}  // namespace tenon::delivery
