// `on_exhausted: block_key` in the whole host, on virtual time: what a dead letter holds up, and what frees
// it.
#include "journal/upkeep.hpp"
#include "virtual_host.hpp"

namespace tenon::pipeline {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class BlockedHost : public VirtualHost {
 protected:
  /// What reads ids does not fold.
  static constexpr const char* kBlock =
      "delivery: { on_exhausted: block_key, priority: \"${{ event.id = 'x' ? 'high' : 'normal' }}\" }\n";

  void SetUp() override {
    VirtualHost::SetUp();
    for (int i = 1; i <= 3; ++i)
      remotes_.shop[std::to_string(i)] = {"u" + std::to_string(i) + "@example.com", "U", "X",
                                          "2024-05-14T09:34:00Z"};
  }
  void start_blocking() { start(kPipeline + std::string(kBlock)); }
  void answer_desk(int status) {
    remotes_.desk_fault = [status](const std::string&) -> runtime::ScriptedAnswer {
      if (status == 0) return {};
      return {status, "{}"};
    };
  }
  /// msg_1 of customer 1 dies; then two more of it come, and one of customer 2.
  void one_dies() {
    answer_desk(422);
    send("msg_1", "1");
    runtime_.advance(seconds(5));
    EXPECT_EQ(state("msg_1"), "rejected");
    answer_desk(0);
    send("msg_2", "1", "store/customer/created");
    send("msg_3", "1");
    send("msg_4", "2");
    runtime_.advance(minutes(1));
    EXPECT_EQ(state("msg_4"), "delivered") << "another key goes on";
  }
  void expect_waiting() {
    for (const char* id : {"msg_2", "msg_3"}) EXPECT_EQ(state(id), "waiting") << id;
  }
  /// In their order, one after the other.
  void expect_ended(const std::vector<std::string>& ids) {
    std::int64_t before = 0;
    for (const auto& id : ids) {
      const auto detail = show(id);
      ASSERT_TRUE(detail.row.ended_ms) << id << " is " << detail.row.state;
      EXPECT_GE(detail.attempts.back().started_ms, before) << id;
      before = *detail.row.ended_ms;
    }
  }
  journal::Seq seq_of(const std::string& id) { return show(id).row.seq; }
  void retry(const std::string& id) {
    std::size_t count = 0;
    journal_->requeue({seq_of(id)}, {&runtime_.delivery(),
                                     [&](Result<journal::Requeued> got) { count = got->seqs.size(); }});
    runtime_.advance(minutes(1));
    EXPECT_EQ(count, 1U);
  }
  void skip(const std::string& id) {
    const auto seq = seq_of(id);
    journal_->skip({seq}, {&runtime_.delivery(),
                           [&](Result<journal::Skipped> got) { host_->look_at_blockers(got->seqs); }});
    runtime_.advance(minutes(1));
  }
};

TEST_F(BlockedHost, ADeadLetterHoldsUpItsKeyOnlyAndRunsFirstWhenItIsRetried) {
  start_blocking();
  one_dies();
  expect_waiting();
  runtime_.advance(hours(100));
  expect_waiting();
  remotes_.shop_delay = seconds(2);
  retry("msg_1");
  EXPECT_EQ(state("msg_1"), "delivered");
  expect_ended({"msg_1", "msg_2", "msg_3"});
}

/// The control: so it is without.
TEST_F(BlockedHost, ByDefaultTheNextEventGoesOn) {
  start();
  one_dies();
  expect_ended({"msg_2", "msg_3"});
}

TEST_F(BlockedHost, ARetryThatDiesAgainGoesOnBlocking) {
  start_blocking();
  one_dies();
  answer_desk(422);
  retry("msg_1");
  EXPECT_EQ(state("msg_1"), "rejected");
  expect_waiting();
  answer_desk(0);
  retry("msg_1");
  expect_ended({"msg_1", "msg_2", "msg_3"});
}

TEST_F(BlockedHost, OneThatIsSkippedLetsTheNextRun) {
  start_blocking();
  one_dies();
  skip("msg_1");
  const auto detail = show("msg_1");
  EXPECT_EQ(detail.row.state, "skipped");
  EXPECT_EQ(detail.row.reason, "skipped by an operator");
  ASSERT_FALSE(detail.notes.empty());
  EXPECT_EQ(detail.notes.back().what, "skipped");
  EXPECT_NE(detail.notes.back().text.find("rejected: "), std::string::npos);
  expect_ended({"msg_2", "msg_3"});
}

TEST_F(BlockedHost, TwoThatDiedHoldUntilBothAreResolved) {
  start_blocking();
  one_dies();
  answer_desk(422);
  skip("msg_1");  // now msg_2 runs, and dies too
  EXPECT_EQ(state("msg_2"), "rejected");
  EXPECT_EQ(state("msg_3"), "waiting");
  answer_desk(0);
  send("msg_5", "1", "store/customer/created");
  runtime_.advance(minutes(1));
  EXPECT_EQ(state("msg_5"), "waiting");
  skip("msg_2");
  expect_ended({"msg_3", "msg_5"});
}

TEST_F(BlockedHost, OneThatIsForgottenLetsTheNextRun) {
  start_blocking();
  one_dies();
  const std::string key = show("msg_1").row.event.key;
  journal::ForgetQuery query;
  query.key = key;
  journal::forget(*journal_, query, {&runtime_.delivery(), [](Result<journal::Forgotten>) {}});
  runtime_.run_until_idle();
  host_->look_at_blockers(key);
  runtime_.advance(minutes(1));
  // Forgotten themselves as soon as they have ended; the desk has what they wrote.
  EXPECT_EQ(remotes_.count("POST /api/customers"), 2);
}

TEST_F(BlockedHost, APauseBetweenKeepsTheOrder) {
  start_blocking();
  one_dies();
  const auto set = [&](journal::PipelineMode mode) {
    host_->set_mode("customers", mode, [](Result<journal::PipelineState>) {});
    runtime_.advance(seconds(10));
  };
  set(journal::PipelineMode::paused);
  send("msg_5", "1", "store/customer/created");
  set(journal::PipelineMode::running);
  expect_waiting();
  EXPECT_EQ(state("msg_5"), "waiting");
  retry("msg_1");
  expect_ended({"msg_1", "msg_2", "msg_3", "msg_5"});
}

TEST_F(BlockedHost, OneThatIsRetriedAndHasToRestIsNotLeftOnDisk) {
  options_.delivery.memory_events = 0;  // the least there is: what rests would go to disk
  start(kPipeline + std::string(kBlock) + "classify: [{ status: 418, as: retry }]\n");
  one_dies();
  answer_desk(422);
  for (int i = 0; i < 300; ++i) {
    const std::string id = std::to_string(1000 + i);
    remotes_.shop[id] = {"v" + id + "@example.com", "V", "X", ""};
    send("pile_" + id, id);
  }
  runtime_.advance(hours(1));
  std::vector<journal::Seq> seqs{seq_of("msg_1")};
  for (int i = 0; i < 300; ++i) seqs.push_back(seq_of("pile_" + std::to_string(1000 + i)));
  answer_desk(418);  // they all have to rest
  journal_->requeue(seqs, {&runtime_.delivery(), [](Result<journal::Requeued>) {}});
  runtime_.advance(minutes(30));
  expect_waiting();
  answer_desk(0);
  runtime_.advance(hours(5));
  expect_ended({"msg_1", "msg_2", "msg_3"});
  EXPECT_EQ(state("msg_1"), "delivered");
}

TEST_F(BlockedHost, MoreThanFitIntoMemoryWaitOnDiskInTheirOrder) {
  start_blocking();
  one_dies();
  for (int i = 0; i < 1500; ++i)
    send("more_" + std::to_string(i), "1", i % 2 == 0 ? "store/customer/created" : "store/customer/updated");
  runtime_.advance(minutes(1));
  EXPECT_EQ(state("more_1499"), "waiting");
  retry("msg_1");
  runtime_.advance(minutes(10));
  expect_ended({"msg_1", "msg_2", "msg_3", "more_0", "more_1", "more_998", "more_1499"});
}

}  // namespace
}  // namespace tenon::pipeline
