#include "delivery/budget.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "delivery/budget_memory.hpp"

namespace tenon::delivery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

plugin::Budget forty_in_twenty() {
  plugin::Budget spec;
  spec.limit = 40;
  spec.window_ms = 20'000;
  spec.limit_header = "X-Call-Limit";
  return spec;
}

runtime::HttpResponse answer(int status, runtime::Headers headers) {
  runtime::HttpResponse response;
  response.status = status;
  response.headers = std::move(headers);
  return response;
}

TEST(AccountBudget, SpendsTheBucketThenTheDrip) {
  AccountBudget budget(forty_in_twenty(), seconds(100));
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(budget.take(seconds(100))) << i;
  EXPECT_FALSE(budget.take(seconds(100)));
  const auto ready = budget.ready_at(seconds(100));
  EXPECT_GE(ready, seconds(100) + milliseconds(500));
  EXPECT_LE(ready, seconds(100) + milliseconds(501));
  EXPECT_FALSE(budget.take(ready - milliseconds(10)));
  EXPECT_TRUE(budget.take(ready));
}

TEST(AccountBudget, AReserveIsLeftForOthers) {
  AccountBudget budget(forty_in_twenty(), seconds(100));
  int taken = 0;
  while (budget.take(seconds(100), 8)) ++taken;
  EXPECT_EQ(taken, 32);
  const auto ready = budget.ready_at(seconds(100), 8);
  EXPECT_EQ(budget.ready_at(seconds(100)), seconds(100)) << "who needs no reserve goes on";
  EXPECT_FALSE(budget.take(ready - milliseconds(10), 8));
  EXPECT_TRUE(budget.take(ready, 8));
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(budget.take(ready)) << i;
  EXPECT_FALSE(budget.take(ready));
}

TEST(AccountBudget, NeverExceedsItsRateOverAnyWindow) {
  AccountBudget budget(forty_in_twenty(), seconds(0));
  int sent = 0;
  for (auto now = runtime::Duration(0); now < seconds(200); now += milliseconds(10)) {
    while (budget.take(now)) ++sent;
  }
  EXPECT_LE(sent, 40 + 400);
  EXPECT_GE(sent, 40 + 398);
}

TEST(AccountBudget, UnlimitedIsUnlimited) {
  AccountBudget budget({}, seconds(0));
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(budget.take(seconds(0)));
}

TEST(AccountBudget, LearnsUsedAndLimitFromOneHeader) {
  AccountBudget budget(forty_in_twenty(), seconds(0));
  budget.learn(answer(200, {{"x-call-limit", "79/80"}}), seconds(0), 0);
  EXPECT_EQ(budget.limit(), 80U);
  EXPECT_TRUE(budget.take(seconds(0)));
  EXPECT_FALSE(budget.take(seconds(0)));
}

TEST(AccountBudget, TooManyRequestsPausesTheWholeAccount) {
  AccountBudget budget(forty_in_twenty(), seconds(0));
  budget.learn(answer(429, {{"Retry-After", "7"}}), seconds(10), 0);
  EXPECT_FALSE(budget.take(seconds(16)));
  EXPECT_EQ(budget.ready_at(seconds(11)), seconds(17));
  EXPECT_TRUE(budget.take(seconds(17)));
}

TEST(AccountBudget, APauseEndsLaterThanAskedAndByNoMoreThanATenthAndASecond) {
  for (const double chance : {0.0, 0.5, 0.999}) {
    AccountBudget budget(forty_in_twenty(), seconds(0));
    budget.learn(answer(429, {{"Retry-After", "7"}}), seconds(10), 0, chance);
    const auto over = std::chrono::duration_cast<milliseconds>(budget.ready_at(seconds(10)) - seconds(17));
    EXPECT_EQ(over.count(), static_cast<std::int64_t>(1700 * chance));
    // The others that were under way say the same: that is no new pause.
    budget.learn(answer(429, {{"Retry-After", "7"}}), seconds(10), 0, 0.9999);
    if (chance > 0) {
      EXPECT_EQ(budget.ready_at(seconds(10)), seconds(17) + over);
    }
  }
  AccountBudget budget(forty_in_twenty(), seconds(0));
  budget.learn(answer(429, {{"Retry-After", "3600"}}), seconds(0), 0, 0.999);
  EXPECT_GT(budget.ready_at(seconds(0)), seconds(3629));
  EXPECT_LE(budget.ready_at(seconds(0)), seconds(3630));
}

TEST(AccountBudget, WhatIsSpreadIsPartOfThePauseThatIsKept) {
  AccountBudget budget(forty_in_twenty(), seconds(0));
  budget.learn(answer(429, {{"Retry-After", "3600"}}), seconds(100), 0, 0.999);
  AccountBudget next(forty_in_twenty(), seconds(5));
  next.recall(budget.keep(seconds(100), 1'000'000), seconds(5), 1'000'000);
  EXPECT_FALSE(next.take(seconds(5 + 3629)));
  EXPECT_TRUE(next.take(seconds(5 + 3631)));
}

TEST(AccountBudget, SoDoesA503ThatNamesATime) {
  AccountBudget budget(forty_in_twenty(), seconds(0));
  budget.learn(answer(503, {}), seconds(10), 0);
  EXPECT_TRUE(budget.take(seconds(10))) << "one that names none is a failure, and no pause";
  budget.learn(answer(503, {{"Retry-After", "7"}}), seconds(10), 0);
  EXPECT_FALSE(budget.take(seconds(16)));
  EXPECT_TRUE(budget.take(seconds(17)));
}

TEST(AccountBudget, ALimitThatOnlyAnswersTellIsKept) {
  plugin::Budget spec;
  spec.limit_header = "X-Limit";
  spec.remaining_header = "X-Left";
  spec.window_ms_header = "X-Window-Ms";
  AccountBudget budget(spec, seconds(0));
  budget.learn(answer(200, {{"X-Limit", "10"}, {"X-Left", "3"}}), seconds(0), 0);
  EXPECT_EQ(budget.limit(), 0U) << "in which time, nobody says";
  budget.learn(answer(200, {{"X-Limit", "10"}, {"X-Left", "3"}, {"X-Window-Ms", "5000"}}), seconds(60), 0);
  EXPECT_EQ(budget.limit(), 10U);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(budget.take(seconds(60))) << i;
  EXPECT_FALSE(budget.take(seconds(60)));
  EXPECT_TRUE(budget.take(seconds(61))) << "two a second from then on";
}

TEST(AccountBudget, ResetHeaderPausesToo) {
  plugin::Budget spec = forty_in_twenty();
  spec.reset_ms_header = "X-Reset-Ms";
  spec.remaining_header = "X-Left";
  AccountBudget budget(spec, seconds(0));
  budget.learn(answer(429, {{"X-Reset-Ms", "12000"}, {"X-Left", "0"}}), seconds(0), 0);
  EXPECT_FALSE(budget.take(milliseconds(11'999)));
  EXPECT_TRUE(budget.take(milliseconds(12'000)));
}

TEST(AccountBudget, WhatIsKeptGoesOnInTheNextProcess) {
  AccountBudget budget(forty_in_twenty(), seconds(100));
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(budget.take(seconds(100)));
  budget.learn(answer(429, {{"Retry-After", "30"}}), seconds(100), 1'000'000);
  const auto kept = read_budgets(budgets_text({{"shop \"1\"", budget.keep(seconds(100), 1'000'000)}}));
  ASSERT_EQ(kept.size(), 1U);
  // Ten seconds later, and the steady clock began anew.
  AccountBudget next(forty_in_twenty(), seconds(5));
  next.recall(kept.at("shop \"1\""), seconds(5), 1'010'000);
  EXPECT_NEAR(next.tokens_at(seconds(5)), 18, 0.1) << "two may have been spent since then";
  EXPECT_FALSE(next.take(seconds(24)));
  EXPECT_TRUE(next.take(seconds(26)));
}

TEST(AccountBudget, WhatWasDamagedIsNotTakenOver) {
  for (const char* text :
       {"", "{", "[]", "null", R"({"a":1})", R"({"a":{"limit":-5,"window_ms":1,"tokens":1,"at_ms":1}})",
        R"({"a":{"limit":1e99,"window_ms":1,"tokens":1,"at_ms":1,"paused_until_ms":0}})"})
    EXPECT_TRUE(read_budgets(text).empty()) << text;
  for (const char* text :
       {R"({"a":{"limit":0,"window_ms":0,"tokens":0,"at_ms":0,"paused_until_ms":0}})",
        R"({"a":{"limit":4000000000,"window_ms":5,"tokens":9,"at_ms":1,"paused_until_ms":0}})"}) {
    AccountBudget budget(forty_in_twenty(), seconds(0));
    budget.recall(read_budgets(text).at("a"), seconds(0), 1000);
    EXPECT_EQ(budget.limit(), 40U) << text;
    EXPECT_TRUE(budget.take(seconds(0))) << text;
  }
  // A pause is believed for an hour and what it may be spread by, a clock that went back for no time at all.
  AccountBudget budget(forty_in_twenty(), seconds(0));
  budget.recall({40, 20'000, 3, 900'000'000, 900'000'000}, seconds(0), 1000);
  EXPECT_FALSE(budget.take(seconds(3629)));
  EXPECT_TRUE(budget.take(seconds(3631)));
}

TEST(AccountBudget, HostileHeadersChangeNothing) {
  for (const char* value :
       {"", "/", "x/y", "-1/40", "1e9/40", "99999999999999999999/40", "40/0", "0/99999999999", "1/2/3"}) {
    AccountBudget budget(forty_in_twenty(), seconds(0));
    budget.learn(answer(200, {{"X-Call-Limit", value}, {"Retry-After", "soon"}}), seconds(0), 0);
    EXPECT_EQ(budget.limit(), 40U) << value;
    EXPECT_TRUE(budget.take(seconds(60))) << value;
  }
}

}  // namespace
}  // namespace tenon::delivery
