// Live events go first: a pile of others that shares their account does not hold them up.
#include <algorithm>

#include "virtual_host.hpp"

namespace tenon::pipeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Classes : public VirtualHost {
 protected:
  static constexpr int kPile = 300;
  static constexpr int kLive = 60;

  void SetUp() override {
    VirtualHost::SetUp();
    remotes_.desk_delay = milliseconds(400);
  }
  void customer(int number) {
    const std::string id = std::to_string(number);
    remotes_.shop[id] = {"c" + id + "@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  }
  /// A pile of dead letters that somebody has just asked for again.
  void requeue_a_pile() {
    remotes_.desk_fault = [](const std::string&) -> runtime::ScriptedAnswer { return {400, "{}"}; };
    std::vector<journal::Seq> dead;
    for (int i = 0; i < kPile; ++i) {
      customer(1000 + i);
      const std::string id = "pile_" + std::to_string(i);
      send(id, std::to_string(1000 + i));
    }
    runtime_.advance(std::chrono::minutes(10));
    for (int i = 0; i < kPile; ++i) dead.push_back(show("pile_" + std::to_string(i)).row.seq);
    remotes_.desk_fault = nullptr;
    std::size_t requeued = 0;
    journal_->requeue(
        dead, {&runtime_.delivery(), [&](Result<journal::Requeued> done) { requeued = done->seqs.size(); }});
    runtime_.run_until_idle();
    ASSERT_EQ(requeued, static_cast<std::size_t>(kPile));
  }
  /// A pile of delivered events that somebody replays.
  void replay_a_pile() {
    std::vector<journal::Seq> seqs;
    for (int i = 0; i < kPile; ++i) {
      customer(1000 + i);
      send("pile_" + std::to_string(i), std::to_string(1000 + i));
    }
    runtime_.advance(std::chrono::minutes(10));
    for (int i = 0; i < kPile; ++i) {
      seqs.push_back(show("pile_" + std::to_string(i)).row.seq);
      remotes_.shop[std::to_string(1000 + i)].first = "Anna";
    }
    std::size_t replayed = 0;
    host_->replay("customers", seqs, true,
                  [&](Result<journal::Requeued> done) { replayed = done->seqs.size(); });
    runtime_.run_until_idle();
    ASSERT_EQ(replayed, static_cast<std::size_t>(kPile));
  }
  /// An event every two seconds; how long each took, in milliseconds, sorted.
  std::vector<std::int64_t> live_events() {
    std::vector<std::int64_t> took;
    for (int i = 0; i < kLive; ++i) {
      customer(i);
      send("live_" + std::to_string(i), std::to_string(i));
      runtime_.advance(seconds(2));
    }
    runtime_.advance(std::chrono::minutes(20));
    for (int i = 0; i < kLive; ++i) {
      const auto detail = show("live_" + std::to_string(i));
      EXPECT_EQ(detail.row.state, "delivered") << i;
      took.push_back(detail.attempts.back().finished_ms - detail.row.event.received_ms);
    }
    std::sort(took.begin(), took.end());
    return took;
  }
};

TEST_F(Classes, ARetriedOrReplayedPileDoesNotHoldUpLiveEvents) {
  start();
  const std::int64_t calm = live_events()[kLive * 99 / 100];
  RecordProperty("p99_ms_calm", static_cast<int>(calm));
  for (const bool replayed : {false, true}) {
    TearDown();
    remotes_ = Remotes();
    SetUp();
    start();
    replayed ? replay_a_pile() : requeue_a_pile();
    const std::int64_t beside = live_events()[kLive * 99 / 100];
    RecordProperty(replayed ? "p99_ms_beside_a_replay" : "p99_ms_beside_the_pile", static_cast<int>(beside));
    EXPECT_LE(beside, calm * 3 / 2) << "calm " << calm << (replayed ? ", replayed" : ", retried");
  }
}

class Priorities : public Classes {
 protected:
  /// How long an event that comes behind a hundred others takes, in seconds.
  std::int64_t waits(const std::string& priority) {
    start(std::string(kPipeline) + "delivery: { priority: \"" + priority + "\" }\n");
    for (int i = 0; i < 100; ++i) {
      customer(1000 + i);
      send("pile_" + std::to_string(i), std::to_string(1000 + i));
    }
    // All run, and wait for the account: two requests a second.
    runtime_.advance(seconds(1));
    customer(1);
    send("urgent", "1");
    runtime_.advance(std::chrono::minutes(10));
    EXPECT_EQ(state("urgent"), "delivered");
    EXPECT_EQ(state("pile_99"), "delivered") << "nobody is left behind";
    const auto row = show("urgent").row;
    return (row.ended_ms.value_or(0) - row.event.received_ms) / 1000;
  }
};

TEST_F(Priorities, AnUrgentEventGoesBeforeThoseThatWaitForTheBudget) {
  EXPECT_LE(waits("${{ event.id = 'urgent' ? 'high' : 'normal' }}"), 10);
}

// The control: of one priority they are served as they came.
TEST_F(Priorities, OfOnePriorityItTakesItsTurn) { EXPECT_GT(waits("normal"), 60); }

}  // namespace
}  // namespace tenon::pipeline
