#include "delivery/retry.hpp"

#include <gtest/gtest.h>

#include "delivery/version.hpp"

namespace tenon::delivery {
namespace {

constexpr std::int64_t kNov6 = 784'111'777'000;  // Sun, 06 Nov 1994 08:49:37 GMT

TEST(Retry, ReadsTheThreeDatesOfRfc9110) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), kNov6);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), kNov6);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), kNov6);
  for (const char* bad :
       {"", "tomorrow", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET", "Sun Nov", ", ", "Sun,"}) {
    EXPECT_FALSE(parse_http_date(bad)) << bad;
  }
}

TEST(Retry, RetryAfterInAllForms) {
  EXPECT_EQ(parse_retry_after("7", 0), 7000);
  EXPECT_EQ(parse_retry_after(" 7 ", 0), 7000);
  EXPECT_EQ(parse_retry_after("0", 0), 0);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", kNov6 - 9000), 9000);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", kNov6 + 9000), 0);
  EXPECT_EQ(parse_retry_after("315360000", 0), kRetryAfterCapMs);
  EXPECT_EQ(parse_retry_after("99999999999999999999999", 0), kRetryAfterCapMs);
  for (const char* bad : {"", "-1", "1.5", "7s", "soon", "+7"})
    EXPECT_FALSE(parse_retry_after(bad, 0)) << bad;
}

TEST(Retry, TheDateOfTheAnswerBeatsOurClock) {
  runtime::HttpResponse response;
  response.headers = {{"date", "Sun, 06 Nov 1994 08:49:27 GMT"},
                      {"retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"}};
  EXPECT_EQ(retry_after_ms(response, 0), 10'000);
}

TEST(Retry, BackoffIsFullJitterAndNeverEarlierThanAsked) {
  EXPECT_EQ(backoff_ms(0, std::nullopt, 0.5, 0), 500);
  EXPECT_EQ(backoff_ms(3, std::nullopt, 0.5, 0), 4000);
  EXPECT_EQ(backoff_ms(40, std::nullopt, 0.999999, 0), 1'799'998);
  EXPECT_EQ(backoff_ms(0, 7000, 0.9, 0), 7000);
  EXPECT_EQ(backoff_ms(0, 7000, 0.9, 0.5), 7850);
  EXPECT_LE(backoff_ms(0, kRetryAfterCapMs, 0.9, 0.999), kRetryAfterCapMs + 30'000);
}

TEST(Retry, WhatWasAskedForIsSpreadByATenthAndASecondThirtyAtMost) {
  EXPECT_EQ(spread_ms(0, 0.999), 999);
  EXPECT_EQ(spread_ms(7000, 0), 0);
  EXPECT_EQ(spread_ms(7000, 0.5), 850);
  EXPECT_EQ(spread_ms(kRetryAfterCapMs, 0.5), 15'000);
}

TEST(Retry, OnlyAnswersUseAttempts) {
  EXPECT_TRUE(counts_as_attempt(Outcome::retry(Cause::remote_error, "")));
  EXPECT_TRUE(counts_as_attempt(Outcome::retry(Cause::ambiguous, "", Sent::maybe)));
  EXPECT_FALSE(counts_as_attempt(Outcome::retry(Cause::ambiguous, ""))) << "only searched";
  EXPECT_FALSE(counts_as_attempt(Outcome::retry(Cause::not_sent, "")));
  EXPECT_FALSE(counts_as_attempt(Outcome::retry(Cause::throttled, "")));
}

TEST(Version, OlderOnlyWhereItIsCertain) {
  EXPECT_TRUE(strictly_older("9", "10"));
  EXPECT_FALSE(strictly_older("10", "10"));
  EXPECT_TRUE(strictly_older("009", "10"));
  EXPECT_TRUE(strictly_older("2024-05-14T09:34:00Z", "2024-05-14T09:34:00.5Z"));
  EXPECT_TRUE(strictly_older("2024-05-14T09:34:00+02:00", "2024-05-14T09:34:00Z"));
  EXPECT_FALSE(strictly_older("2024-05-14T09:34:00", "2024-05-14T09:34:00Z"));
  EXPECT_TRUE(strictly_older("Tue, 05 Mar 2019 21:40:11 +0000", "Tue, 05 Mar 2019 21:40:12 +0000"));
  EXPECT_FALSE(strictly_older("abc", "abd"));
  EXPECT_FALSE(strictly_older("", "1"));
  EXPECT_FALSE(strictly_older("2024-13-45T09:34:00Z", "2025-01-01T00:00:00Z"));
}

}  // namespace
}  // namespace tenon::delivery
