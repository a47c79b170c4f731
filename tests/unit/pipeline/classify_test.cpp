// `classify`: what the author takes an answer for holds over what the connector makes of it.
#include <gmock/gmock.h>

#include "virtual_host.hpp"

namespace tenon::pipeline {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::HasSubstr;

class Classify : public VirtualHost {
 protected:
  void SetUp() override {
    VirtualHost::SetUp();
    remotes_.shop["7"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  }
  void start_with(const std::string& rules) { start(std::string(kPipeline) + "classify:\n" + rules); }
  /// The desk answers its first `times` writes so.
  void answer(int times, int status, const std::string& body) {
    remotes_.desk_fault = [times, status, body](const std::string& line) mutable -> runtime::ScriptedAnswer {
      if (line.starts_with("GET ") || times-- <= 0) return {};
      return {status, body, {{"Content-Type", "application/json"}}};
    };
  }
};

TEST_F(Classify, AStatusThatEndedAnEventIsTriedAgain) {
  answer(2, 400, R"({"error":"locked"})");
  start_with("  - { connection: desk, status: 400, as: retry }\n");
  send("a", "7");
  runtime_.advance(seconds(1));
  EXPECT_EQ(state("a"), "retrying");
  EXPECT_THAT(show("a").attempts.front().reason, HasSubstr("HTTP 400, as test.yaml:17 takes it"));
  runtime_.advance(hours(1));
  EXPECT_EQ(state("a"), "delivered");
  EXPECT_EQ(remotes_.desk.size(), 1U);
}

TEST_F(Classify, WithoutARuleItEndsAsTheConnectorSays) {
  answer(2, 400, R"({"error":"locked"})");
  start_with("  - { connection: store, status: 400, as: retry }\n  - { status: 418, as: retry }\n");
  send("a", "7");
  runtime_.advance(seconds(10));
  EXPECT_EQ(state("a"), "rejected");
}

TEST_F(Classify, ABodyThatConfessesIsNoSuccess) {
  answer(1, 200, R"({"id":9,"error":{"code":"quota"}})");
  start_with("  - { when: \"${{ $response.json.error.code = 'quota' }}\", as: rejected }\n");
  send("a", "7");
  runtime_.advance(seconds(10));
  EXPECT_EQ(state("a"), "rejected");
}

TEST_F(Classify, HeadersRequestAndEventAreSeen) {
  answer(1, 503, "later");
  start_with(
      "  - { when: \"${{ $response.headers.\\\"content-type\\\" = 'application/json' and $response.text = "
      "'later'"
      " and $request.method = 'POST' and event.class = 'live' }}\", as: rejected }\n");
  send("a", "7");
  runtime_.advance(seconds(10));
  EXPECT_EQ(state("a"), "rejected");
}

TEST_F(Classify, TheFirstRuleThatFitsHolds) {
  answer(1, 400, "{}");
  start_with("  - { status: 400, as: throttled }\n  - { status: 400, as: rejected }\n");
  send("a", "7");
  runtime_.advance(hours(1));
  EXPECT_EQ(state("a"), "delivered");
}

TEST_F(Classify, RefusedCredentialsHoldThePipeline) {
  answer(1, 400, R"({"error":"token expired"})");
  start_with("  - { when: \"${{ $response.json.error = 'token expired' }}\", as: auth }\n");
  send("a", "7");
  runtime_.advance(seconds(10));
  EXPECT_EQ(state("a"), "waiting");
  EXPECT_EQ(remotes_.desk.size(), 0U);
}

TEST_F(Classify, AFetchMayFindItsObjectGone) {
  start_with(
      "  - { connection: store, when: \"${{ $response.json.data[0].email = 'ann@example.com' }}\", as: stale "
      "}\n");
  send("a", "7");
  runtime_.advance(seconds(10));
  EXPECT_EQ(state("a"), "skipped");
  EXPECT_EQ(show("a").row.reason, "gone");
}

TEST_F(Classify, AConditionThatFailsIsPassedOver) {
  start_with("  - { when: \"${{ $response.json.nothing }}\", as: rejected }\n");
  send("a", "7");
  runtime_.advance(seconds(10));
  EXPECT_EQ(state("a"), "delivered");
}

TEST_F(Classify, ARemoteThatIsElsewhereHoldsThePipeline) {
  answer(1, 302, "");
  start();
  send("a", "7");
  runtime_.advance(hours(100));
  EXPECT_EQ(state("a"), "waiting") << "no time ends it";
  EXPECT_EQ(remotes_.count("POST /api/customers"), 1);
  bool done = false;
  host_->set_mode("customers", journal::PipelineMode::running, [&](auto) { done = true; });
  runtime_.advance(seconds(10));
  ASSERT_TRUE(done);
  EXPECT_EQ(state("a"), "delivered") << "nor is its create in doubt";
}

TEST_F(Classify, AnAuthorMayTakeItForSomethingElse) {
  answer(1, 302, "");
  start_with("  - { status: 302, as: retry }\n");
  send("a", "7");
  runtime_.advance(hours(1));
  EXPECT_EQ(state("a"), "delivered");
}

// What an author makes of a failure does not tell whether the create was done.
TEST_F(Classify, ACreateThatFailedIsInDoubtWhateverItIsTakenFor) {
  answer(1, 504, "");
  start_with("  - { status: 504, as: rejected }\n");
  send("a", "7");
  runtime_.advance(seconds(10));
  ASSERT_EQ(state("a"), "rejected");
  const journal::IdentityKey key{"gorgias:acme", "customer", "external_id=bigcommerce_7"};
  journal::IdentityState is = journal::IdentityState::unknown;
  journal_->look({key}, {}, {&runtime_.delivery(), [&](Result<journal::Looked> looked) {
                               is = looked->identities[0].state;
                             }});
  runtime_.run_until_idle();
  EXPECT_EQ(is, journal::IdentityState::creating);
}

}  // namespace
}  // namespace tenon::pipeline
