// A host that is paused, held and resumed, and dead letters that are tried again; on virtual time.
#include "virtual_host.hpp"

namespace tenon::pipeline {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class OperatedHost : public VirtualHost {
 protected:
  void add_customers(int count) {
    for (int i = 1; i <= count; ++i)
      remotes_.shop[std::to_string(i)] = {"u" + std::to_string(i) + "@example.com", "U", "X",
                                          "2024-05-14T09:34:00Z"};
  }
  journal::PipelineState set(journal::PipelineMode mode) {
    std::optional<journal::PipelineState> now;
    host_->set_mode("customers", mode, [&](Result<journal::PipelineState> state) {
      ASSERT_TRUE(state) << state.error().text();
      now = std::move(*state);
    });
    runtime_.run_until_idle();
    return now.value_or(journal::PipelineState());
  }
  std::vector<journal::PipelineState> states() {
    std::vector<journal::PipelineState> out;
    journal_->overview({&runtime_.delivery(), [&](Result<journal::Overview> got) { out = got->states; }});
    runtime_.run_until_idle();
    return out;
  }
  journal::Requeued requeue(std::vector<journal::Seq> seqs) {
    journal::Requeued out;
    journal_->requeue(std::move(seqs),
                      {&runtime_.delivery(), [&](Result<journal::Requeued> done) { out = *done; }});
    runtime_.run_until_idle();
    return out;
  }
  void answer_desk(int status) {
    remotes_.desk_fault = [status](const std::string&) -> runtime::ScriptedAnswer {
      if (status == 0) return {};
      return {status, "{}"};
    };
  }
};

TEST_F(OperatedHost, APausedPipelineJournalsAndDeliversNothingAlsoAfterARestart) {
  add_customers(3);
  start();
  set(journal::PipelineMode::paused);
  EXPECT_EQ(send("msg_1", "1"), 200);
  runtime_.advance(minutes(5));
  EXPECT_EQ(state("msg_1"), "waiting");
  EXPECT_TRUE(remotes_.log.empty());
  stop();
  host_.reset();
  start();
  EXPECT_EQ(send("msg_2", "2"), 200);
  runtime_.advance(minutes(5));
  EXPECT_TRUE(remotes_.log.empty());
  set(journal::PipelineMode::running);
  runtime_.advance(minutes(1));
  EXPECT_EQ(state("msg_1"), "delivered");
  EXPECT_EQ(state("msg_2"), "delivered");
  EXPECT_EQ(remotes_.count("POST /api/customers"), 2);
}

TEST_F(OperatedHost, WhatIsUnderWayFinishesAndRunsOnce) {
  add_customers(2);
  remotes_.shop_delay = seconds(10);
  start();
  send("msg_1", "1");
  runtime_.advance(seconds(1));
  set(journal::PipelineMode::paused);
  send("msg_2", "2");
  set(journal::PipelineMode::running);
  set(journal::PipelineMode::paused);
  set(journal::PipelineMode::running);
  runtime_.advance(minutes(2));
  EXPECT_EQ(state("msg_1"), "delivered");
  EXPECT_EQ(state("msg_2"), "delivered");
  EXPECT_EQ(show("msg_1").attempts.size(), 1U);
  EXPECT_EQ(remotes_.count("GET /stores/abc123/v3/customers"), 2);
}

TEST_F(OperatedHost, RefusedCredentialsHoldThePipelineAndLoseNothing) {
  add_customers(4);
  answer_desk(401);
  start();
  send("msg_1", "1");
  runtime_.run_until_idle();
  ASSERT_EQ(states().size(), 1U);
  EXPECT_EQ(states()[0].mode, journal::PipelineMode::held);
  EXPECT_NE(states()[0].reason.find("desk: HTTP 401"), std::string::npos) << states()[0].reason;
  EXPECT_EQ(state("msg_1"), "waiting");
  const auto asked = remotes_.log.size();
  for (int i = 2; i <= 4; ++i) send("msg_" + std::to_string(i), std::to_string(i));
  runtime_.advance(hours(80));
  EXPECT_EQ(remotes_.log.size(), asked) << "a held pipeline asks nobody";
  answer_desk(0);
  set(journal::PipelineMode::running);
  runtime_.advance(minutes(5));
  for (int i = 1; i <= 4; ++i) EXPECT_EQ(state("msg_" + std::to_string(i)), "delivered");
  EXPECT_EQ(remotes_.count("POST /api/customers"), 4);
  EXPECT_TRUE(states().empty());
}

TEST_F(OperatedHost, FiveForbiddenInARowHold) {
  add_customers(8);
  answer_desk(403);
  start();
  for (int i = 1; i <= 4; ++i) {
    send("msg_" + std::to_string(i), std::to_string(i));
    runtime_.advance(seconds(10));
  }
  EXPECT_TRUE(states().empty());
  EXPECT_EQ(state("msg_4"), "rejected");
  send("msg_5", "5");
  runtime_.advance(seconds(10));
  ASSERT_EQ(states().size(), 1U);
  EXPECT_EQ(states()[0].mode, journal::PipelineMode::held);
  send("msg_6", "6");
  runtime_.advance(minutes(1));
  EXPECT_EQ(state("msg_6"), "waiting");
}

TEST_F(OperatedHost, ADeadLetterTriedAgainRunsOnceAndIsNotTooOld) {
  add_customers(2);
  answer_desk(400);
  start();
  send("msg_1", "1");
  runtime_.run_until_idle();
  EXPECT_EQ(state("msg_1"), "rejected");
  runtime_.advance(hours(100));
  answer_desk(503);
  const journal::Seq seq = show("msg_1").row.seq;
  EXPECT_EQ(requeue({seq, seq}).seqs.size(), 1U);
  EXPECT_EQ(requeue({seq}).seqs.size(), 0U);
  runtime_.advance(seconds(1));
  EXPECT_EQ(state("msg_1"), "retrying") << "its age counts from the retry";
  answer_desk(0);
  runtime_.advance(hours(1));
  EXPECT_EQ(state("msg_1"), "delivered");
  EXPECT_EQ(remotes_.count("POST /api/customers"), 1);
}

TEST_F(OperatedHost, AnUnknownPipelineIsNotFound) {
  start();
  std::string code;
  host_->set_mode("nobody", journal::PipelineMode::paused,
                  [&](Result<journal::PipelineState> state) { code = state.error().code; });
  runtime_.run_until_idle();
  EXPECT_EQ(code, "not_found");
}

struct Remembered final : delivery::BudgetMemory {
  delivery::KeptBudgets all;
  delivery::KeptBudgets load() override { return all; }
  void save(const delivery::KeptBudgets& some, Lasting) override {
    for (const auto& [account, kept] : some) all.insert_or_assign(account, kept);
  }
};

TEST_F(OperatedHost, APauseThatARemoteAskedForHoldsInTheNextProcess) {
  add_customers(2);
  Remembered memory;
  options_.budgets = &memory;
  remotes_.desk_fault = [](const std::string&) -> runtime::ScriptedAnswer {
    return {429, "{}", {{"Retry-After", "600"}}};
  };
  start();
  send("a", "1");
  runtime_.advance(std::chrono::seconds(2));
  // The process is gone without a word: what it had saved by then must do.
  const delivery::KeptBudgets saved = memory.all;
  EXPECT_FALSE(saved.empty());
  stop();
  host_.reset();
  memory.all = saved;
  remotes_.desk_fault = nullptr;
  const std::size_t before = remotes_.log.size();
  const auto asked = [&] {
    return std::count_if(
        remotes_.log.begin() + static_cast<std::ptrdiff_t>(before), remotes_.log.end(),
        [](const std::string& line) { return line.find("/api/customers") != std::string::npos; });
  };
  start();
  send("b", "2");
  runtime_.advance(std::chrono::seconds(590));
  EXPECT_EQ(asked(), 0);
  runtime_.advance(std::chrono::minutes(30));
  EXPECT_EQ(state("b"), "delivered");
  stop();
  host_.reset();  // it knows the memory
}

}  // namespace
}  // namespace tenon::pipeline
