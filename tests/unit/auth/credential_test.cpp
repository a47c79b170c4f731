// The renewal of access tokens on virtual time: one refresh whoever wants it, nothing lost whatever the
// endpoint says.
#include "credential_fixture.hpp"

namespace tenon::auth::test {
namespace {

using runtime::Duration;
using runtime::ScriptedAnswer;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(CredentialTest, OneRefreshForEachExpiryUnderAHundredParallelRequests) {
  Life& host = begin();
  for (Duration now{}; now < hours(1); now += seconds(10)) {
    host.call(100);
    runtime_.advance(seconds(10));
  }
  EXPECT_EQ(host.worked, 36'000);
  EXPECT_EQ(host.refused, 0);
  EXPECT_TRUE(host.failed.empty());
  // 60 s tokens, renewed at 80 % (± 5 %) of their life.
  EXPECT_GE(provider_.refreshes, 3600 / 51);
  EXPECT_LE(provider_.refreshes, 3600 / 45);
  EXPECT_EQ(provider_.asked, provider_.refreshes);
  EXPECT_EQ(provider_.reuses, 0);
  EXPECT_EQ(provider_.used_before_committed, 0);
  EXPECT_EQ(store_.kept->version, 1U + static_cast<unsigned>(provider_.refreshes));
}

TEST_F(CredentialTest, AHundredParallelRefusalsAreOneRefresh) {
  Life& host = begin();
  provider_.expire_all();
  host.call(100);
  runtime_.advance(seconds(5));
  EXPECT_EQ(host.worked, 100);
  EXPECT_EQ(provider_.asked, 1);
  EXPECT_EQ(provider_.api_tokens.size(), 200U);
}

TEST_F(CredentialTest, WithoutSingleFlightTheSameHundredAreManyAndKillTheFamily) {
  CredentialOptions broken;
  broken.single_flight = false;
  Life& host = begin(broken);
  provider_.expire_all();
  host.call(100);
  runtime_.advance(seconds(5));
  EXPECT_GT(provider_.asked, 1);
  EXPECT_GT(provider_.reuses, 0);
}

TEST_F(CredentialTest, TwoHostsOnOneStoreUseNoRefreshTokenTwiceInFiveHundredExpiries) {
  provider_.life = seconds(60);
  Life& one = begin();
  Life& two = begin();
  while (provider_.refreshes < 500) {
    one.call(5);
    two.call(5);
    // Every third token dies early, under both.
    if (provider_.refreshes % 3 == 0) provider_.expire_all();
    runtime_.advance(seconds(25));
    ASSERT_FALSE(provider_.killed) << "after " << provider_.refreshes;
  }
  EXPECT_EQ(provider_.reuses, 0);
  EXPECT_TRUE(one.failed.empty());
  EXPECT_TRUE(two.failed.empty());
  EXPECT_EQ(one.refused + two.refused, 0);
}

TEST_F(CredentialTest, ThatWouldBeSeenWithoutSingleFlight) {
  CredentialOptions broken;
  broken.single_flight = false;
  Life& one = begin(broken);
  Life& two = begin(broken);
  for (int i = 0; i < 20 && provider_.reuses == 0; ++i) {
    one.call(5);
    two.call(5);
    provider_.expire_all();
    runtime_.advance(seconds(25));
  }
  EXPECT_GT(provider_.reuses, 0);
}

TEST_F(CredentialTest, ATokenIsOnDiskBeforeItIsUsed) {
  Life& host = begin();
  provider_.expire_all();
  store_.full = false;
  host.call(3);
  runtime_.run_until([&] { return provider_.refreshes == 1; });
  store_.full = true;
  runtime_.advance(seconds(20));
  EXPECT_EQ(provider_.used_before_committed, 0);
  EXPECT_EQ(host.worked, 0);
  EXPECT_EQ(host.failed["token_unavailable"], 3);
  store_.full = false;
  runtime_.advance(seconds(2));
  EXPECT_EQ(store_.kept->version, 2U);
  host.call(3);
  runtime_.advance(seconds(2));
  EXPECT_EQ(host.worked, 3);
  EXPECT_EQ(provider_.asked, 1) << "what was issued was not lost";
}

/// What the endpoint says, and what it must come to: the tokens stay, and the next try works.
TEST_F(CredentialTest, WhatTheEndpointFailsToSayIsTriedAgainAndErasesNothing) {
  const std::string huge(1 << 20, 'x');
  const std::vector<std::pair<std::string, ScriptedAnswer>> answers = {
      {"500", {500, R"({"error":"server_error"})"}},
      {"503 with a time", {503, "", {{"Retry-After", "30"}}}},
      {"429", {429, "slow down", {{"Retry-After", "20"}}}},
      {"HTML", {200, "<html>Sign in</html>", {{"Content-Type", "text/html"}}}},
      {"HTML with 400", {400, "<html>Bad request: invalid_grant</html>"}},
      {"empty", {200, ""}},
      {"a list", {200, "[]"}},
      {"no access token", {200, R"({"token_type":"bearer","expires_in":60})"}},
      {"an access token of another type", {200, R"({"access_token":7,"expires_in":60})"}},
      {"a token with a line break", {200, R"({"access_token":"a\r\nX-Evil: 1","expires_in":60})"}},
      {"a token of 9,000 bytes", {200, R"({"access_token":")" + std::string(9000, 'a') + R"("})"}},
      {"another type of token", {200, R"({"access_token":"abcd","token_type":"mac","expires_in":60})"}},
      {"deep", {200, std::string(5000, '[')}},
      {"cut off", {200, R"({"access_token":"abc)"}},
      {"an error that nobody knows", {400, R"({"error":"try_later"})"}},
      {"a redirect", {302, "", {{"Location", "https://evil.example/"}}}},
      {"too large", {Error("response_too_large", "more than 64 KiB"), runtime::RequestSent::yes}},
      {"no name", {Error("dns_failed", "no such host"), runtime::RequestSent::no}},
      {"refused", {Error("connect_failed", "refused"), runtime::RequestSent::no}},
      {"bad TLS", {Error("tls_failed", "certificate has expired"), runtime::RequestSent::no}},
      {"slow", {200, "{}", {}, minutes(2)}},
  };
  for (const auto& [name, answer] : answers) {
    SCOPED_TRACE(name);
    store_.kept.reset();
    provider_.expire_all();
    end_lives();
    Life& host = begin();
    provider_.expire_all();
    provider_.fault = [answer = answer](bool& carried_out) {
      carried_out = false;
      return answer;
    };
    const Tokens before = *store_.kept;
    host.call(10);
    runtime_.advance(seconds(70));
    EXPECT_EQ(host.worked, 0);
    EXPECT_EQ(host.refused, 0) << "a 401 would hold the pipeline";
    EXPECT_EQ(host.failed["token_unavailable"], 10) << host.message;
    EXPECT_TRUE(store_.kept->access.equals(before.access.reveal()));
    EXPECT_TRUE(store_.kept->refresh.equals(before.refresh.reveal()));
    EXPECT_EQ(store_.kept->version, before.version);
    EXPECT_TRUE(store_.kept->needs_reauth.empty());
    provider_.fault = nullptr;
    runtime_.advance(minutes(6));
    host.call(10);
    runtime_.advance(seconds(20));
    EXPECT_EQ(host.worked, 10) << host.message;
    EXPECT_EQ(provider_.reuses, 0);
  }
}

TEST_F(CredentialTest, TriesAreSpacedAndTheEndpointsOwnTimeIsKept) {
  Life& host = begin();
  provider_.expire_all();
  provider_.fault = [](bool& carried_out) -> std::optional<ScriptedAnswer> {
    carried_out = false;
    return ScriptedAnswer(503, "", {{"Retry-After", "600"}});
  };
  host.call();
  runtime_.advance(seconds(599));
  for (int i = 0; i < 20; ++i) host.call();
  runtime_.run_until_idle();
  EXPECT_EQ(provider_.asked, 1);
  provider_.fault = [](bool& carried_out) -> std::optional<ScriptedAnswer> {
    carried_out = false;
    return ScriptedAnswer(500, "");
  };
  runtime_.advance(hours(1));
  EXPECT_LE(provider_.asked, 20) << "10 s doubling to 5 minutes";
  EXPECT_EQ(told("token_unavailable"), 2) << "one line for each reason";
}

/// Without a lifetime the rotated refresh token must still be kept: the old one is spent.
TEST_F(CredentialTest, ALifetimeThatCannotBeBelievedLosesNoToken) {
  for (const std::string& life :
       {std::string(), std::string(R"(,"expires_in":-5)"), std::string(R"(,"expires_in":0)"),
        std::string(R"(,"expires_in":"soon")"), std::string(R"(,"expires_in":null)"),
        std::string(R"(,"expires_in":1e400)")}) {
    SCOPED_TRACE(life);
    end_lives();
    store_.kept.reset();
    Life& host = begin();
    provider_.store = nullptr;
    provider_.expire_all();
    provider_.fault = [&](bool& carried_out) -> std::optional<ScriptedAnswer> {
      carried_out = false;
      return ScriptedAnswer(200, R"({"access_token":"odd-life","refresh_token":"next-refresh")" + life + "}");
    };
    host.call();
    runtime_.advance(seconds(5));
    if (life.find("1e400") == std::string::npos) {
      EXPECT_TRUE(store_.kept->refresh.equals("next-refresh"));
      EXPECT_TRUE(store_.kept->access.equals("odd-life"));
      EXPECT_EQ(store_.kept->lifetime_ms, 300'000);
    }
    EXPECT_TRUE(store_.kept->needs_reauth.empty());
    provider_.fault = nullptr;
  }
}

TEST_F(CredentialTest, RefusalsForEverEndAfterTwoRefreshes) {
  provider_.always_refuses = true;
  provider_.life = hours(24);
  Life& host = begin();
  for (int i = 0; i < 60; ++i) {
    host.call(3);
    runtime_.advance(seconds(11));
  }
  EXPECT_LE(provider_.asked, 4) << "two, and two more after ten minutes";
  EXPECT_GE(provider_.asked, 1);
  EXPECT_EQ(host.refused, 180) << "each 401 reaches the plugin, which holds the pipeline";
  EXPECT_TRUE(host.failed.empty());
}

TEST_F(CredentialTest, TwoRefreshesAreTenSecondsApart) {
  provider_.life = hours(24);
  Life& host = begin();
  provider_.expire_all();
  host.call();
  runtime_.advance(seconds(2));
  EXPECT_EQ(provider_.asked, 1);
  provider_.expire_all();
  host.call();
  runtime_.advance(seconds(2));
  EXPECT_EQ(provider_.asked, 1);
  EXPECT_EQ(host.open, 1);
  runtime_.advance(seconds(10));
  EXPECT_EQ(provider_.asked, 2);
  EXPECT_EQ(host.worked, 2);
}

TEST_F(CredentialTest, TheClockOnTheWallMayJump) {
  provider_.life = hours(24);
  Life& host = begin();
  runtime_.jump_wall(hours(24 * 400));
  host.call();
  runtime_.jump_wall(-hours(24 * 800));
  host.call();
  runtime_.advance(hours(18));
  EXPECT_EQ(provider_.asked, 0);
  runtime_.advance(hours(3));
  EXPECT_EQ(provider_.asked, 1);
  EXPECT_EQ(host.worked, 2);
}

TEST_F(CredentialTest, ACancelledRequestWaitsForNoToken) {
  Life& host = begin();
  runtime_.advance(minutes(2));
  provider_.fault = [](bool& carried_out) -> std::optional<ScriptedAnswer> {
    carried_out = false;
    return ScriptedAnswer(200, "{}", {}, seconds(20));
  };
  provider_.expire_all();
  runtime_.advance(minutes(2));
  host.call();
  host.gate().cancel(host.last);
  runtime_.run_until_idle();
  EXPECT_EQ(host.failed["cancelled"], 1);
  EXPECT_EQ(host.open, 0);
}

TEST_F(CredentialTest, OneThatIsPreparedAndNotUsedChangesNothing) {
  Life& host = begin();
  plugin::ConnectionSpec other = connection();
  other.oauth2->client_id = "another";
  auto prepared = host.gate().prepare(other);
  ASSERT_TRUE(prepared && *prepared);
  host.call();
  runtime_.advance(std::chrono::seconds(1));
  EXPECT_EQ(host.worked, 1);
  (*prepared)->stop();
  host.call();
  runtime_.advance(std::chrono::seconds(1));
  EXPECT_EQ(host.worked, 2);
  EXPECT_FALSE(*host.gate().prepare(connection())) << "nothing is new";
  prepared = host.gate().prepare(other);
  host.gate().use(std::move(*prepared));
  host.call();
  runtime_.advance(std::chrono::seconds(1));
  EXPECT_EQ(host.failed["needs_reauth"], 1) << "the tokens are of another client";
}

TEST_F(CredentialTest, AStopLetsARefreshEndAndKeepsWhatItBrings) {
  Life& host = begin();
  provider_.expire_all();
  host.call();
  runtime_.run_until([&] { return provider_.refreshes == 1; });
  bool stopped = false;
  host.gate().stop(seconds(5), [&] { stopped = true; });
  EXPECT_TRUE(runtime_.run_until([&] { return stopped; }, seconds(5)));
  EXPECT_EQ(host.failed["cancelled"], 1);
  EXPECT_EQ(store_.kept->version, 2U);
}

TEST_F(CredentialTest, NewTokensAreKnownToTheRedactor) {
  Life& host = begin();
  provider_.expire_all();
  host.call();
  runtime_.advance(seconds(2));
  for (const Secret* secret : {&store_.kept->access, &store_.kept->refresh, &store_.kept->previous_refresh})
    EXPECT_EQ(host.redactor.text("<" + std::string(secret->reveal()) + ">"), "<[redacted]>");
}

}  // namespace
}  // namespace tenon::auth::test
