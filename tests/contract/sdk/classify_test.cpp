#include <gtest/gtest.h>
#include <tenon/http.hpp>

#include <map>
#include <string>
#include <utility>

namespace {

using tenon::cause;
using tenon::verdict;

tenon::response answer(int status, std::vector<std::pair<std::string, std::string>> headers = {}) {
  tenon::response out;
  out.status = status;
  out.headers = std::move(headers);
  out.sent = tenon::sent::yes;
  out.received_ms = 1'700'000'000'000;  // Tue, 14 Nov 2023 22:13:20 GMT
  return out;
}

TEST(Classify, EveryStatusHasItsClass) {
  const std::map<int, std::pair<verdict, cause>> special = {
      {401, {verdict::retry, cause::auth}},       {403, {verdict::rejected, cause::auth}},
      {404, {verdict::retry, cause::stale}},      {407, {verdict::retry, cause::auth}},
      {408, {verdict::retry, cause::ambiguous}},  {409, {verdict::retry, cause::conflict}},
      {410, {verdict::retry, cause::stale}},      {412, {verdict::retry, cause::conflict}},
      {423, {verdict::retry, cause::conflict}},   {425, {verdict::retry, cause::remote_error}},
      {429, {verdict::retry, cause::throttled}},  {501, {verdict::rejected, cause::invalid}},
      {505, {verdict::rejected, cause::invalid}},
  };
  for (int status = 100; status < 700; ++status) {
    auto want = std::make_pair(verdict::retry, cause::remote_error);
    if (status < 200) want = {verdict::retry, cause::ambiguous};
    if (status >= 200 && status < 300) want = {verdict::delivered, cause::none};
    if (status >= 400 && status < 500) want = {verdict::rejected, cause::invalid};
    if (const auto it = special.find(status); it != special.end()) want = it->second;
    const auto got = tenon::classify(answer(status));
    EXPECT_EQ(got.verdict, want.first) << status;
    EXPECT_EQ(got.cause, want.second) << status;
    EXPECT_EQ(got.message.empty(), got.ok()) << status;
  }
}

TEST(Classify, NoAnswer) {
  const auto failed = [](tenon::http_error error, tenon::sent sent) {
    tenon::response out;
    out.error = error;
    out.sent = sent;
    out.message = "because";
    return tenon::classify(out);
  };
  using tenon::http_error;
  using tenon::sent;
  EXPECT_EQ(failed(http_error::failed, sent::no).cause, cause::not_sent);
  EXPECT_EQ(failed(http_error::failed, sent::maybe).cause, cause::ambiguous);
  EXPECT_EQ(failed(http_error::failed, sent::yes).cause, cause::ambiguous) << "a body that broke off";
  EXPECT_EQ(failed(http_error::timeout, sent::maybe).cause, cause::ambiguous);
  EXPECT_EQ(failed(http_error::too_large, sent::yes).cause, cause::ambiguous);
  EXPECT_EQ(failed(http_error::refused, sent::no).verdict, verdict::rejected);
  EXPECT_EQ(failed(http_error::cancelled, sent::no).verdict, verdict::cancelled);
  EXPECT_EQ(failed(static_cast<http_error>(99), sent::maybe).cause, cause::ambiguous)
      << "an error of a newer host";
}

TEST(Classify, A503ThatNamesATimeIsAPause) {
  EXPECT_EQ(tenon::classify(answer(503)).cause, cause::remote_error);
  const auto got = tenon::classify(answer(503, {{"retry-AFTER", "7"}}));
  EXPECT_EQ(got.cause, cause::throttled);
  EXPECT_EQ(got.retry_after_ms, 7000);
  EXPECT_EQ(tenon::classify(answer(503, {{"Retry-After", "soon"}})).cause, cause::remote_error);
  EXPECT_EQ(tenon::classify(answer(400, {{"Retry-After", "7"}})).retry_after_ms, std::nullopt);
}

TEST(RetryAfter, AllFormsOfRfc9110AgainstTheAnswersDate) {
  const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";
  const auto wait = [&](const std::string& value) {
    return tenon::retry_after(answer(429, {{"Date", date}, {"Retry-After", value}}));
  };
  EXPECT_EQ(wait("0"), 0);
  EXPECT_EQ(wait("120"), 120'000);
  EXPECT_EQ(wait(" 120\t"), 120'000);
  EXPECT_EQ(wait("Sun, 06 Nov 1994 08:50:37 GMT"), 60'000);
  EXPECT_EQ(wait("Sunday, 06-Nov-94 08:50:37 GMT"), 60'000);
  EXPECT_EQ(wait("Sun Nov  6 08:50:37 1994"), 60'000);
  EXPECT_EQ(wait("Sun, 06 Nov 1994 08:00:00 GMT"), 0) << "the past";
  EXPECT_EQ(wait("Sun, 06 Nov 2094 08:00:00 GMT"), 3'600'000) << "at most an hour";
  EXPECT_EQ(wait("99999999999999999999999999"), 3'600'000);
  EXPECT_EQ(wait("3601"), 3'600'000);
}

TEST(RetryAfter, GarbageIsIgnored) {
  for (const char* value :
       {"", " ", "-1", "+5", "5.5", "5s", "1e3", "0x10", "Sun, 06 Nov 1994 08:50:37",
        "Sun, 06 Foo 1994 08:50:37 GMT", "Sun, 32 Nov 1994 08:50:37 GMT", "Sun, 06 Nov 1994 25:50:37 GMT",
        "Sun, 06 Nov 1994 08:50:37 GMT ;x", "06 Nov 1994 08:50:37 GMT", "Sun Nov 6 08:50:37 1994",
        "Sun, 06-Nov-1994 08:50:37 GMT"})
    EXPECT_EQ(tenon::retry_after(answer(429, {{"Retry-After", value}})), std::nullopt) << value;
}

TEST(RetryAfter, WithoutADateTheHostsClockHolds) {
  EXPECT_EQ(tenon::retry_after(answer(429, {{"Retry-After", "Tue, 14 Nov 2023 22:13:50 GMT"}})), 30'000);
  EXPECT_EQ(tenon::retry_after(
                answer(429, {{"Date", "nonsense"}, {"Retry-After", "Tue, 14 Nov 2023 22:13:50 GMT"}})),
            30'000);
}

TEST(RetryAfter, TwoDigitYearsMoreThanFiftyAheadArePast) {
  const auto at = tenon::sdk::parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", 1'700'000'000);
  EXPECT_EQ(at, 784111777);
  EXPECT_EQ(tenon::sdk::parse_http_date("Tuesday, 14-Nov-23 22:13:20 GMT", 1'700'000'000), 1'700'000'000);
  EXPECT_EQ(tenon::sdk::parse_http_date("Sunday, 14-Nov-73 22:13:20 GMT", 1'700'000'000), 3'277'923'200)
      << "50 years ahead";
}

}  // namespace
