#include "delivery/resolve.hpp"

#include <gtest/gtest.h>

namespace tenon::delivery {
namespace {

using Kind = NextStep::Kind;

constexpr std::int64_t kSent = 1'000'000;

plugin::Capabilities plain(std::uint64_t lag_ms = 0) {
  plugin::Capabilities sink;
  sink.search_lag_ms = lag_ms;
  sink.max_server_time_ms = 30'000;
  return sink;
}

NextStep next(const plugin::Capabilities& sink, std::int64_t age_ms, const std::string& own = "mine",
              std::uint32_t attempts = 1) {
  return after_nothing_found(sink, Unresolved{"mine", kSent}, own, attempts, kSent + age_ms);
}

TEST(Resolve, TheQuietTimeIsAnExchangeTheServersTimeAndTheLag) {
  EXPECT_EQ(quiet_ms(plain()), 90'000);
  EXPECT_EQ(quiet_ms(plain(20'000)), 110'000);
  EXPECT_EQ(quiet_ms(plugin::Capabilities()), 120'000) << "what no plugin says is taken as a minute";
}

TEST(Resolve, WithoutAnEarlierCreateNothingIsWaitedFor) {
  EXPECT_EQ(after_nothing_found(plain(), std::nullopt, "mine", 0, kSent).kind, Kind::create);
}

TEST(Resolve, ASinkThatRecognisesNothingIsSearchedUntilTheQuietTimeIsOver) {
  const auto sink = plain(20'000);
  std::int64_t age = 0;
  std::vector<std::int64_t> searches;
  for (NextStep step = next(sink, age); step.kind == Kind::search; step = next(sink, age)) {
    ASSERT_GT(step.at_ms, kSent + age) << "no search may be due at once: that would never end";
    age = step.at_ms - kSent;
    searches.push_back(age);
  }
  EXPECT_EQ(searches,
            (std::vector<std::int64_t>{2'000, 5'000, 15'000, 30'000, 60'000, 110'000, 130'000, 150'000}));
  EXPECT_EQ(next(sink, age).kind, Kind::create);
}

TEST(Resolve, AKeyIsRepeatedWhileItLivesAndForItsOwnEventOnly) {
  auto sink = plain();
  sink.idempotency_key_ttl_ms = 3'600'000;
  EXPECT_EQ(next(sink, 0).kind, Kind::repeat);
  EXPECT_EQ(next(sink, 3'000'000).kind, Kind::repeat);
  EXPECT_EQ(next(sink, 3'550'000).kind, Kind::create)
      << "the key may be forgotten before the request arrives";
  EXPECT_EQ(next(sink, 0, "another").kind, Kind::search)
      << "another event's record under that key is another create";
}

TEST(Resolve, AKeyThatKeepsFailingIsGivenUpAfterTheQuietTime) {
  auto sink = plain();
  sink.idempotency_key_ttl_ms = 3'600'000;
  EXPECT_EQ(next(sink, 1'000, "mine", 4).kind, Kind::repeat);
  EXPECT_EQ(next(sink, 1'000, "mine", 5).kind, Kind::search);
  EXPECT_EQ(next(sink, 100'000, "mine", 5).kind, Kind::create);
}

TEST(Resolve, WhereTheNaturalKeyIsUniqueASecondCreateIsHarmless) {
  auto sink = plain(60'000);
  sink.unique_conflict = true;
  EXPECT_EQ(next(sink, 0).kind, Kind::create);
}

TEST(Resolve, AClockThatWasSetBackEndsNoQuietTimeEarly) {
  const NextStep step = next(plain(), -3'600'000);
  EXPECT_EQ(step.kind, Kind::search);
  EXPECT_EQ(step.at_ms, kSent - 3'600'000 + 90'000);
}

}  // namespace
}  // namespace tenon::delivery
