#include "delivery/disk_lanes.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace tenon::delivery {
namespace {

using Seqs = std::vector<journal::Seq>;
constexpr std::int64_t kNow = 1'800'000'000'000;

DiskLanes::Lane lane(int number) { return DiskLanes::of("orders-" + std::to_string(number)); }

TEST(DiskLanes, ALaneComesWhenItsTimeHasComeAndNotBefore) {
  DiskLanes lanes;
  lanes.rest(lane(1), EventClass::live, kNow + 1500, {7, 9});
  EXPECT_TRUE(lanes.holds(lane(1)));
  EXPECT_FALSE(lanes.holds(lane(2)));
  EXPECT_TRUE(lanes.take_due(kNow + 1499, 10).lanes.empty());
  EXPECT_GE(lanes.next_due_ms(), kNow + 1500);
  EXPECT_LE(lanes.next_due_ms(), kNow + 2500);
  const auto due = lanes.take_due(lanes.next_due_ms(), 10);
  EXPECT_EQ(due.lanes, std::vector<DiskLanes::Lane>{lane(1)});
  EXPECT_EQ(due.seqs, (Seqs{7, 9}));
  EXPECT_TRUE(lanes.take_due(kNow + 60'000, 10).lanes.empty()) << "it comes already";
  EXPECT_TRUE(lanes.came(lane(1)).empty());
  EXPECT_FALSE(lanes.holds(lane(1)));
  EXPECT_TRUE(lanes.empty());
  EXPECT_EQ(lanes.next_due_ms(), DiskLanes::kNever);
}

TEST(DiskLanes, WhatIsAddedWhileALaneComesComesBehindIt) {
  DiskLanes lanes;
  lanes.rest(lane(1), EventClass::retry, kNow, {7});
  lanes.add(lane(1), 8);
  lanes.add(lane(1), 8);
  EXPECT_EQ(lanes.count(lane(1)), 2U) << "twice is once";
  EXPECT_EQ(lanes.take_due(kNow + 1000, 10).seqs, (Seqs{7, 8}));
  EXPECT_TRUE(lanes.comes(lane(1)));
  lanes.add(lane(1), 11);
  lanes.add(lane(1), 10);
  EXPECT_EQ(lanes.came(lane(1)), (Seqs{10, 11}));
  lanes.add(lane(1), 12);
  EXPECT_EQ(lanes.came(lane(1)), Seqs{12});
  EXPECT_TRUE(lanes.came(lane(1)).empty());
  EXPECT_TRUE(lanes.empty());
}

TEST(DiskLanes, BetterClassesComeFirstAndAllHaveTurns) {
  DiskLanes lanes;
  for (int i = 0; i < 300; ++i) lanes.rest(lane(i), EventClass::reconcile, kNow, {Seqs::value_type(1 + i)});
  for (int i = 300; i < 600; ++i) lanes.rest(lane(i), EventClass::replay, kNow, {Seqs::value_type(1 + i)});
  for (int i = 600; i < 900; ++i) lanes.rest(lane(i), EventClass::retry, kNow, {Seqs::value_type(1 + i)});
  Seqs all;
  std::set<journal::Seq> seen;
  for (auto due = lanes.take_due(kNow + 1000, 7); !due.lanes.empty(); due = lanes.take_due(kNow + 1000, 7)) {
    EXPECT_LE(due.lanes.size(), 7U);
    for (const auto each : due.lanes) EXPECT_TRUE(lanes.came(each).empty());
    all.insert(all.end(), due.seqs.begin(), due.seqs.end());
    seen.insert(due.seqs.begin(), due.seqs.end());
  }
  EXPECT_EQ(seen.size(), 900U);
  ASSERT_EQ(all.size(), 900U);
  for (std::size_t i = 0; i < 294; ++i) EXPECT_GT(all[i], 600U) << i;
  for (std::size_t i = 606; i < 900; ++i) EXPECT_LE(all[i], 300U) << i;
  EXPECT_TRUE(lanes.empty());
}

TEST(DiskLanes, ALaneCanBeTakenEarlyAndRestAgain) {
  DiskLanes lanes;
  lanes.rest(lane(1), EventClass::retry, kNow + 60'000, {7});
  lanes.add(lane(1), 8);
  lanes.rest(lane(2), EventClass::retry, kNow, {3});
  std::int64_t until_ms = 0;
  EXPECT_EQ(lanes.take_now(lane(1), until_ms).seqs, (Seqs{7, 8}));
  EXPECT_EQ(until_ms, kNow + 60'000);
  EXPECT_TRUE(lanes.comes(lane(1)));
  EXPECT_TRUE(lanes.came(lane(1)).empty());
  EXPECT_FALSE(lanes.holds(lane(1)));
  ASSERT_EQ(lanes.take_due(kNow + 1000, 9).seqs, Seqs{3});
  lanes.rest_again(lane(2), kNow + 5000);
  EXPECT_TRUE(lanes.take_due(kNow + 4999, 9).lanes.empty());
  EXPECT_EQ(lanes.take_due(kNow + 5000, 9).seqs, Seqs{3});
}

TEST(DiskLanes, NotManyMoreEventsComeAtOnceThanThereAreLanes) {
  DiskLanes lanes;
  Seqs many(200);
  for (int i = 0; i < 10; ++i) {
    for (std::size_t j = 0; j < many.size(); ++j) many[j] = 1 + 1000 * Seqs::value_type(i) + j;
    lanes.rest(lane(i), EventClass::retry, kNow, many);
  }
  EXPECT_EQ(lanes.take_due(kNow + 1000, 10).lanes.size(), 2U);
  EXPECT_EQ(lanes.take_due(kNow + 1000, 10).lanes.size(), 2U);
}

/// Two names of one hash: neither is lost, whichever comes first.
TEST(DiskLanes, TwoLanesOfOneHashAreOne) {
  DiskLanes lanes;
  lanes.rest(lane(1), EventClass::retry, kNow, {7});
  lanes.rest(lane(1), EventClass::replay, kNow + 90'000, {5});
  EXPECT_EQ(lanes.take_due(kNow + 1000, 9).seqs, (Seqs{5, 7}));
  lanes.rest(lane(1), EventClass::retry, kNow, {20});
  EXPECT_TRUE(lanes.take_due(kNow + 1000, 9).lanes.empty());
  EXPECT_LE(lanes.next_due_ms(), kNow + 2000) << "it is looked at again";
  EXPECT_EQ(lanes.came(lane(1)), Seqs{20});
  EXPECT_TRUE(lanes.came(lane(1)).empty());
}

TEST(DiskLanes, AClockOfAnyYearIsTaken) {
  for (const std::int64_t now : {std::int64_t{0}, std::int64_t{-5}, std::int64_t{9'000'000'000'000'000}}) {
    DiskLanes lanes;
    lanes.rest(lane(1), EventClass::retry, now, {7});
    EXPECT_EQ(lanes.take_due(std::max<std::int64_t>(now, kNow) + 1000, 9).seqs, Seqs{7}) << now;
  }
}

}  // namespace
}  // namespace tenon::delivery
