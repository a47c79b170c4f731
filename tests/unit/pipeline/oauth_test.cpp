// Connections with oauth2 in the whole host, on virtual time: events across expiries, holds, and what is kept
// of it.
#include "auth/tokens.hpp"
#include "virtual_host.hpp"

namespace tenon::pipeline {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class OneFile final : public auth::TokenStore {
 public:
  std::optional<auth::Tokens> kept;
  Result<std::optional<auth::Tokens>> read(const std::string&) override { return kept; }
  Status write(const std::string&, const auth::Tokens& tokens) override {
    kept = tokens;
    return {};
  }
  Result<std::shared_ptr<void>> lock(const std::string&) override { return std::shared_ptr<void>(); }
};

class OAuthHost : public VirtualHost {
 protected:
  static constexpr const char* kOAuthPipeline = R"(
tenon: 1
name: customers
connections:
  store: { connector: bigcommerce, store_hash: abc123, access_token: "${TOKEN}", client_secret: "${SECRET}", webhook_secret: "${HEADER}" }
  desk: { connector: gorgias, domain: acme, oauth2: { client_id: app, client_secret: "${KEY}" } }
trigger:
  connection: store
  events: [store/customer/created, store/customer/updated]
  fetch: { customer: { id: "${{ event.keys.customer }}" } }
mapping:
  external_id: bigcommerce_${{ customer.id }}
  email: ${{ $lowercase(customer.email) }}
  name: ${{ $trim(customer.first_name & ' ' & customer.last_name) }}
action: { connection: desk, operation: upsert_customer }
)";

  void SetUp() override {
    VirtualHost::SetUp();
    for (int i = 1; i <= 200; ++i)
      remotes_.shop[std::to_string(i)] = {"u" + std::to_string(i) + "@example.com", "U", "X",
                                          "2024-05-14T09:34:00Z"};
    runtime_.network().on_request([this](const runtime::HttpRequest& request) { return answer(request); });
  }

  runtime::ScriptedAnswer answer(const runtime::HttpRequest& request) {
    if (request.url == "https://acme.gorgias.com/oauth/token") {
      ++token_requests_;
      if (revoked_)
        return {400, R"({"error":"invalid_grant","error_description":"refresh-secret-1 is gone"})"};
      current_ = "access-secret-" + std::to_string(token_requests_);
      return {200, R"({"access_token":")" + current_ + R"(","refresh_token":"refresh-secret-)" +
                       std::to_string(token_requests_ + 1) + R"(","expires_in":86400})"};
    }
    if (request.url.find("gorgias.com") != std::string::npos) {
      const std::string* header = runtime::find_header(request.headers, "Authorization");
      if (header == nullptr || *header != "Bearer " + current_)
        return {401, R"({"error":{"msg":"Unauthorized."}})"};
      // A remote that says back what it was told.
      if (echo_ && request.method == "POST") return {422, R"({"error":{"msg":"no )" + *header + R"("}})"};
    }
    return remotes_.answer(request);
  }

  void begin() {
    const config::Environment env = {{"TOKEN", "token-1234"},
                                     {"SECRET", kClientSecret},
                                     {"HEADER", kHeaderSecret},
                                     {"KEY", "app-secret-1234"}};
    auto loaded = config::load_text("test.yaml", kOAuthPipeline, env, *registry_);
    ASSERT_TRUE(loaded.ok()) << config::render_text(loaded.diagnostics, false);
    HostOptions options;
    options.tokens = &file_;
    host_ = std::make_unique<Host>(runtime_, std::move(loaded.config), *registry_, *journal_, options);
    Status status = Error("test", "start never answered");
    host_->start([&](Status s) { status = std::move(s); });
    runtime_.run_until_idle();
    ASSERT_TRUE(status) << status.error().text();
  }
  void log_in() {
    auth::Tokens tokens;
    tokens.version = file_.kept ? file_.kept->version + 1 : 1;
    tokens.client = "app https://acme.gorgias.com/oauth/token";
    tokens.access = Secret(current_);
    tokens.refresh = Secret("refresh-secret-1");
    tokens.obtained_ms = runtime_.clock().wall_ms();
    tokens.lifetime_ms = 86'400'000;
    file_.kept = tokens;
  }
  void send_hundred() {
    for (int i = 1; i <= 100; ++i) EXPECT_EQ(send("msg_" + std::to_string(i), std::to_string(i)), 200);
  }
  void expect_hundred_delivered() {
    for (int i = 1; i <= 100; ++i) {
      const auto detail = show("msg_" + std::to_string(i));
      EXPECT_EQ(detail.row.state, "delivered") << detail.row.reason;
      EXPECT_LE(detail.attempts.size(), 2U) << i;
    }
    EXPECT_EQ(held(), "");
  }
  std::string held() {
    std::string reason;
    journal_->overview({&runtime_.delivery(), [&](Result<journal::Overview> got) {
                          for (const auto& state : got->states) reason = state.reason;
                        }});
    runtime_.run_until_idle();
    return reason;
  }

  OneFile file_;
  std::string current_ = "access-secret-0";
  int token_requests_ = 0;
  bool revoked_ = false, echo_ = false;
};

TEST_F(OAuthHost, EventsGoOnAcrossExpiriesAndARestart) {
  log_in();
  begin();
  int sent = 0;
  for (int day = 0; day < 10; ++day) {
    for (int i = 0; i < 10; ++i) {
      ++sent;
      send("msg_" + std::to_string(sent), std::to_string(sent));
    }
    runtime_.advance(hours(24));
    // Ended events are kept for a week.
    for (int i = sent - 9; i <= sent; ++i) EXPECT_EQ(state("msg_" + std::to_string(i)), "delivered");
    if (day % 3 == 2) {
      stop();
      host_.reset();
      runtime_.advance(hours(24 * 2));  // the token dies while nobody runs
      begin();
    }
  }
  EXPECT_EQ(remotes_.count("POST /api/customers"), 100);
  EXPECT_GE(token_requests_, 10);
  EXPECT_LE(token_requests_, 16);
  EXPECT_EQ(held(), "");
}

/// A hundred requests with the old token are open at once, and the provider has just ended it.
TEST_F(OAuthHost, AHundredEventsThatARemoteRefusesAtOnceAreOneRefresh) {
  log_in();
  int refused = 0;
  runtime_.network().on_request([&](const runtime::HttpRequest& request) {
    runtime::ScriptedAnswer told = answer(request);
    told.delay = seconds(1);
    if (request.url.find("gorgias.com/api") != std::string::npos && told.result.response) {
      refused += told.result.response->status == 401 ? 1 : 0;
      // Room for all of them: what is tested is not the budget.
      told.result.response->headers.emplace_back("X-Gorgias-Account-Api-Call-Limit", "1/1000");
    }
    return told;
  });
  begin();
  send("msg_0", "101");
  runtime_.advance(minutes(1));
  ASSERT_EQ(state("msg_0"), "delivered");
  current_ = "another";
  send_hundred();
  runtime_.advance(minutes(1));
  EXPECT_EQ(refused, 100) << "each met it";
  EXPECT_EQ(token_requests_, 1);
  expect_hundred_delivered();
}

TEST_F(OAuthHost, AHundredEventsThatMeetATokenPastItsTimeAreOneRefresh) {
  log_in();
  runtime_.advance(hours(25));  // while nobody runs
  int refused = 0;
  runtime_.network().on_request([&](const runtime::HttpRequest& request) {
    runtime::ScriptedAnswer told = answer(request);
    if (request.url.ends_with("/oauth/token")) told.delay = seconds(10);
    refused += told.result.response && told.result.response->status == 401 ? 1 : 0;
    return told;
  });
  begin();
  send_hundred();
  runtime_.advance(seconds(9));
  EXPECT_EQ(remotes_.count("GET /stores/abc123/v3/customers"), 100) << "each is at its write";
  EXPECT_EQ(remotes_.count("GET /api/customers"), 0);
  runtime_.advance(minutes(5));
  EXPECT_EQ(token_requests_, 1);
  EXPECT_EQ(refused, 0);
  expect_hundred_delivered();
}

TEST_F(OAuthHost, ALoginThatIsNeededHoldsThePipelineAndLosesNothing) {
  begin();
  for (int i = 1; i <= 20; ++i) send("msg_" + std::to_string(i), std::to_string(i));
  runtime_.advance(minutes(1));
  EXPECT_NE(held().find("desk: needs_reauth: nobody has logged in"), std::string::npos) << held();
  for (int i = 1; i <= 20; ++i) EXPECT_EQ(state("msg_" + std::to_string(i)), "waiting");
  runtime_.advance(hours(100));
  log_in();
  host_->set_mode("customers", journal::PipelineMode::running, [](Result<journal::PipelineState>) {});
  runtime_.advance(minutes(1));
  for (int i = 1; i <= 20; ++i) EXPECT_EQ(state("msg_" + std::to_string(i)), "delivered");
  // Later the provider takes it back.
  revoked_ = true;
  current_ = "another";
  send("msg_21", "21");
  runtime_.advance(minutes(1));
  EXPECT_NE(held().find("desk: needs_reauth"), std::string::npos) << held();
  EXPECT_EQ(held().find("refresh-secret"), std::string::npos) << held();
  EXPECT_EQ(state("msg_21"), "waiting");
  revoked_ = false;
  log_in();
  host_->set_mode("customers", journal::PipelineMode::running, [](Result<journal::PipelineState>) {});
  runtime_.advance(minutes(1));
  EXPECT_EQ(state("msg_21"), "delivered");
}

TEST_F(OAuthHost, ATokenEndpointThatFailsHoldsNothingUpForGood) {
  log_in();
  current_ = "another";  // 401, and the endpoint is down
  runtime_.network().on_request([this](const runtime::HttpRequest& request) -> runtime::ScriptedAnswer {
    if (request.url.ends_with("/oauth/token")) return {503, "<html>busy</html>"};
    return answer(request);
  });
  begin();
  send("msg_1", "1");
  runtime_.advance(hours(2));
  EXPECT_EQ(held(), "");
  EXPECT_EQ(state("msg_1"), "retrying");
  runtime_.network().on_request([this](const runtime::HttpRequest& request) { return answer(request); });
  runtime_.advance(hours(2));
  EXPECT_EQ(state("msg_1"), "delivered");
}

TEST_F(OAuthHost, AStopWaitsForNoTokenEndpoint) {
  log_in();
  current_ = "another";
  runtime_.network().on_request([this](const runtime::HttpRequest& request) -> runtime::ScriptedAnswer {
    runtime::ScriptedAnswer late = answer(request);
    if (request.url.ends_with("/oauth/token")) late.delay = seconds(25);
    return late;
  });
  begin();
  send("msg_1", "1");
  runtime_.advance(seconds(1));
  ASSERT_EQ(token_requests_, 1);
  stop();  // within its limit
  EXPECT_EQ(state("msg_1"), "waiting");
}

TEST_F(OAuthHost, NoTokenIsRecorded) {
  log_in();
  current_ = "another";  // so that a token is renewed first
  echo_ = true;
  begin();
  send("msg_1", "1");
  runtime_.advance(minutes(1));
  const auto detail = show("msg_1");
  ASSERT_FALSE(detail.attempts.empty());
  std::string all = detail.row.reason;
  for (const auto& attempt : detail.attempts) all += attempt.conversation + attempt.reason;
  EXPECT_NE(all.find("[redacted]"), std::string::npos) << all;
  for (const char* secret : {"access-secret", "refresh-secret", "app-secret"})
    EXPECT_EQ(all.find(secret), std::string::npos) << all;
}

TEST_F(OAuthHost, ARefusalAfterARenewalHolds) {
  log_in();
  begin();
  current_ = "nobody knows";
  runtime_.network().on_request([this](const runtime::HttpRequest& request) -> runtime::ScriptedAnswer {
    auto told = answer(request);
    if (request.url.ends_with("/oauth/token")) current_ = "still another";
    return told;
  });
  for (int i = 1; i <= 5; ++i) send("msg_" + std::to_string(i), std::to_string(i));
  runtime_.advance(minutes(10));
  EXPECT_NE(held().find("desk: HTTP 401"), std::string::npos) << held();
  EXPECT_LE(token_requests_, 2);
  for (int i = 1; i <= 5; ++i) EXPECT_EQ(state("msg_" + std::to_string(i)), "waiting");
}

}  // namespace
}  // namespace tenon::pipeline
