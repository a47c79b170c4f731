#include "delivery/gate.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "runtime/virtual.hpp"

namespace tenon::delivery {
namespace {

using std::chrono::seconds;

TEST(BudgetGate, TheSmallestBucketServesWhatIsNotLiveToo) {
  runtime::VirtualRuntime runtime;
  runtime.network().on_request(
      [](const runtime::HttpRequest&) { return runtime::ScriptedAnswer(200, "{}"); });
  BudgetGate gate(runtime, nullptr);
  plugin::Budget one;
  one.limit = 1;
  one.window_ms = 1000;
  gate.add_account("desk", one);
  plugin::ConnectionSpec connection;
  connection.account = "desk";
  int answered = 0;
  for (const EventClass event_class : {EventClass::retry, EventClass::replay, EventClass::reconcile}) {
    runtime::HttpRequest request;
    request.method = "GET";
    request.url = "https://desk.test/";
    gate.send(connection, event_class, std::move(request), [&](const runtime::HttpResult&) { ++answered; });
  }
  runtime.advance(seconds(4));
  EXPECT_EQ(answered, 3);
}

/// Gates that come and go over one memory, as processes do that are killed.
class KilledGate : public ::testing::Test {
 protected:
  struct Memory final : BudgetMemory {
    KeptBudgets all;
    int saves = 0, synced = 0;
    KeptBudgets load() override { return all; }
    void save(const KeptBudgets& some, Lasting lasting) override {
      ++saves;
      synced += lasting == Lasting::power_cut ? 1 : 0;
      for (const auto& [account, kept] : some) all.insert_or_assign(account, kept);
    }
  };
  KilledGate() {
    runtime_.network().on_request([this](const runtime::HttpRequest&) {
      ++asked_;
      return answer_;
    });
  }
  void start(std::uint32_t limit = 40, std::uint32_t window_ms = 20'000) {
    gate_.reset();  // without a word
    gate_ = std::make_unique<BudgetGate>(runtime_, &memory_);
    plugin::Budget budget;
    budget.limit = limit;
    budget.window_ms = window_ms;
    gate_->add_account("desk", budget);
  }
  void ask(int requests, const std::string& account = "desk") {
    plugin::ConnectionSpec connection;
    connection.account = account;
    for (int i = 0; i < requests; ++i) {
      runtime::HttpRequest request;
      request.method = "GET";
      request.url = "https://desk.test/";
      gate_->send(connection, EventClass::live, std::move(request), [](const runtime::HttpResult&) {});
    }
    runtime_.run_until_idle();
  }
  runtime::VirtualRuntime runtime_;
  Memory memory_;
  std::unique_ptr<BudgetGate> gate_;
  runtime::ScriptedAnswer answer_{200, "{}"};
  int asked_ = 0;
};

TEST_F(KilledGate, WhateverWasSpentThenItsBucketIsNotGivenBack) {
  for (const std::uint32_t limit : {1U, 7U, 40U, 1000U}) {
    for (const std::uint32_t before : {0U, 1U, 3U, limit / 2, limit - 1, limit, 2 * limit}) {
      memory_.all.clear();
      asked_ = 0;
      start(limit);
      ask(static_cast<int>(before));
      start(limit);
      ask(static_cast<int>(2 * limit));
      EXPECT_LE(asked_, std::max<int>(static_cast<int>(limit * 1.05), static_cast<int>(limit) + 1))
          << before << " of " << limit;
      EXPECT_GE(asked_, static_cast<int>(limit * 0.95) - 1) << before << " of " << limit;
    }
  }
}

TEST_F(KilledGate, NorIsItByOneKillAfterTheOther) {
  start();
  for (int i = 0; i < 30; ++i) {
    ask(3);
    start();
  }
  EXPECT_LE(asked_, 42);
  const int before = asked_;
  runtime_.advance(seconds(40));
  start();
  ask(100);
  EXPECT_GE(asked_ - before, 38) << "time gives it back";
}

TEST_F(KilledGate, OfALargeBucketATwentiethIsSavedAtATimeAndWithoutASync) {
  start(1000);
  ask(1000);
  EXPECT_EQ(asked_, 1000);
  EXPECT_GE(memory_.saves, 19);
  EXPECT_LE(memory_.saves, 20);
  EXPECT_EQ(memory_.synced, 0);
  gate_->keep();
  EXPECT_EQ(memory_.synced, 1);
}

TEST_F(KilledGate, OfManyAccountsTheyAreNotAllWrittenEachTime) {
  start(20);
  plugin::Budget budget;
  budget.limit = 20;
  budget.window_ms = 20'000;
  for (int i = 0; i < 100; ++i) gate_->add_account("shop " + std::to_string(i), budget);
  for (int i = 0; i < 100; ++i) ask(5, "shop " + std::to_string(i));
  EXPECT_EQ(asked_, 500);
  EXPECT_LE(memory_.saves, 1) << "all in one moment";
}

TEST_F(KilledGate, APauseIsSpreadOverMoreThanTheMomentThatWasAskedFor) {
  std::set<runtime::Duration> ends;
  answer_ = {429, "", {{"Retry-After", "10"}}};
  start();
  for (int i = 0; i < 20; ++i) {
    const std::string account = "shop " + std::to_string(i);
    const auto told = runtime_.clock().steady();
    ask(1, account);
    ask(1, account);
    const int before = asked_;
    runtime_.advance(seconds(10));
    EXPECT_EQ(asked_, before) << "never earlier than asked";
    ASSERT_TRUE(runtime_.run_until([&] { return asked_ > before; }, seconds(3)));
    const auto over = runtime_.clock().steady() - told - seconds(10);
    EXPECT_LE(over, seconds(2));
    ends.insert(over);
  }
  EXPECT_GT(ends.size(), 15U);
}

}  // namespace
}  // namespace tenon::delivery
