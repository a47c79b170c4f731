// The whole host on virtual time: what an event comes to, whatever the remotes do. No test waits for a clock.
#include "virtual_host.hpp"

namespace tenon::pipeline {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(VirtualHost, ACustomerIsFoundMissingAndCreatedOnce) {
  remotes_.shop["32"] = {"Ann@Example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  start();
  EXPECT_EQ(send("msg_1", "32"), 200);
  runtime_.run_until_idle();
  EXPECT_EQ(state("msg_1"), "delivered");
  ASSERT_EQ(remotes_.desk.size(), 1U);
  const auto made = parse_json(remotes_.desk["1"]);
  EXPECT_EQ(made->root.get("external_id").as_string(), "bigcommerce_32");
  EXPECT_EQ(made->root.get("email").as_string(), "ann@example.com");
  EXPECT_EQ(made->root.get("name").as_string(), "Ann Lee");
  EXPECT_EQ(send("msg_1", "32"), 200);
  EXPECT_NE(last_answer_.find("duplicate"), std::string::npos);
  EXPECT_EQ(remotes_.count("POST /api/customers"), 1);
}

TEST_F(VirtualHost, ABusyDeskIsAskedAgainNotBeforeItSaid) {
  remotes_.shop["32"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  int faults = 1;
  remotes_.desk_fault = [&](const std::string&) -> runtime::ScriptedAnswer {
    if (faults-- > 0) return {503, "", {{"Retry-After", "7"}}};
    return {};
  };
  start();
  send("msg_1", "32");
  runtime_.run_until_idle();
  EXPECT_EQ(state("msg_1"), "retrying");
  const auto asked = remotes_.log.size();
  runtime_.advance(seconds(6));
  EXPECT_EQ(remotes_.log.size(), asked) << "asked again too early";
  runtime_.advance(seconds(5));
  EXPECT_EQ(state("msg_1"), "delivered");
}

TEST_F(VirtualHost, ALostAnswerAfterTheCreateMakesNoSecondCustomer) {
  remotes_.shop["32"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  remotes_.fault_after_effect = true;
  bool lost = false;
  remotes_.desk_fault = [&](const std::string& line) -> runtime::ScriptedAnswer {
    if (line != "POST /api/customers" || lost) return {};
    lost = true;
    return {Error("connection_lost", "the connection ended"), runtime::RequestSent::maybe};
  };
  start();
  send("msg_1", "32");
  runtime_.advance(minutes(5));
  EXPECT_EQ(state("msg_1"), "delivered");
  EXPECT_EQ(remotes_.desk.size(), 1U);
  const auto attempts = show("msg_1").attempts;
  ASSERT_EQ(attempts.size(), 2U);
  EXPECT_EQ(attempts[0].outcome, "retry");
  EXPECT_EQ(attempts[0].cause, "ambiguous");
}

TEST_F(VirtualHost, ADeadDeskEndsByAgeAsADeadLetter) {
  remotes_.shop["32"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  remotes_.desk_fault = [&](const std::string&) -> runtime::ScriptedAnswer { return {500, "broken"}; };
  start();
  send("msg_1", "32");
  runtime_.advance(hours(71));
  EXPECT_EQ(state("msg_1"), "retrying");
  runtime_.advance(hours(2));
  EXPECT_EQ(state("msg_1"), "exhausted");
}

TEST_F(VirtualHost, ARefusedRecordIsADeadLetterAtOnce) {
  remotes_.shop["32"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  remotes_.desk_fault = [&](const std::string& line) -> runtime::ScriptedAnswer {
    if (line == "POST /api/customers") return {400, R"({"error":{"msg":"Failed"}})"};
    return {};
  };
  start();
  send("msg_1", "32");
  runtime_.run_until_idle();
  EXPECT_EQ(state("msg_1"), "rejected");
}

TEST_F(VirtualHost, AGoneCustomerIsSkippedWithItsReason) {
  start();
  send("msg_1", "404");
  runtime_.run_until_idle();
  const auto detail = show("msg_1");
  EXPECT_EQ(detail.row.state, "skipped");
  EXPECT_EQ(detail.row.reason, "gone");
}

TEST_F(VirtualHost, TwoSourceObjectsWithOneEmailMeetInOneCustomer) {
  remotes_.shop["1"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  remotes_.shop["2"] = {"ANN@example.com", "Ann", "Other", "2024-05-14T09:35:00Z"};
  remotes_.desk_delay = seconds(1);
  start();
  send("msg_1", "1");
  send("msg_2", "2");
  runtime_.advance(minutes(1));
  EXPECT_EQ(state("msg_1"), "delivered");
  EXPECT_EQ(state("msg_2"), "delivered");
  EXPECT_EQ(remotes_.desk.size(), 1U);
  EXPECT_EQ(remotes_.count("POST /api/customers"), 1);
  // The one that waited for the lock fetched again once it had it.
  EXPECT_EQ(remotes_.count("GET /stores/abc123/v3/customers"), 3);
}

TEST_F(VirtualHost, EventsOfOneKeyRunInOrderAndOneAtATime) {
  remotes_.shop["32"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  remotes_.shop_delay = seconds(2);
  start(kPipeline + never_folds());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(send("msg_" + std::to_string(i), "32"), 200);
  runtime_.advance(seconds(1));
  EXPECT_EQ(remotes_.count("GET /stores/abc123/v3/customers"), 1);
  runtime_.advance(minutes(1));
  std::int64_t before = 0;
  for (int i = 0; i < 5; ++i) {
    const auto detail = show("msg_" + std::to_string(i));
    EXPECT_TRUE(detail.row.state == "delivered" || detail.row.state == "skipped") << detail.row.state;
    EXPECT_GE(*detail.row.ended_ms, before);
    before = *detail.row.ended_ms;
  }
  EXPECT_EQ(remotes_.count("POST /api/customers"), 1);
}

TEST_F(VirtualHost, AnUnchangedVersionIsNotWrittenTwiceAndAnOlderOneIsSuperseded) {
  remotes_.shop["32"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  start();
  send("msg_1", "32");
  runtime_.run_until_idle();
  send("msg_2", "32");
  runtime_.run_until_idle();
  EXPECT_EQ(state("msg_2"), "skipped");
  remotes_.shop["32"].modified = "2024-05-14T09:33:00Z";
  remotes_.shop["32"].last = "Older";
  send("msg_3", "32");
  runtime_.run_until_idle();
  EXPECT_EQ(state("msg_3"), "superseded");
  remotes_.shop["32"].modified = "2024-05-14T09:36:00Z";
  remotes_.shop["32"].last = "Newer";
  send("msg_4", "32");
  runtime_.run_until_idle();
  EXPECT_EQ(state("msg_4"), "delivered");
  ASSERT_EQ(remotes_.puts.size(), 1U);
  EXPECT_NE(remotes_.puts[0].second.find("Ann Newer"), std::string::npos);
}

TEST_F(VirtualHost, AnIdThatTheDeskForgotIsFoundAgain) {
  remotes_.shop["32"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  start();
  send("msg_1", "32");
  runtime_.run_until_idle();
  const std::string text = remotes_.desk["1"];
  remotes_.desk.clear();
  remotes_.desk["77"] = R"({"id":77,)" + text.substr(text.find(',') + 1);
  remotes_.shop["32"].modified = "2024-05-15T00:00:00Z";
  send("msg_2", "32");
  runtime_.run_until_idle();
  EXPECT_EQ(state("msg_2"), "delivered");
  EXPECT_EQ(remotes_.desk.size(), 1U);
  ASSERT_EQ(remotes_.puts.size(), 1U);
  EXPECT_EQ(remotes_.puts[0].first, "77");
}

TEST_F(VirtualHost, TooManyRequestsPauseTheAccountAndUseNoAttempt) {
  for (int i = 1; i <= 3; ++i)
    remotes_.shop[std::to_string(i)] = {"u" + std::to_string(i) + "@example.com", "U", "X",
                                        "2024-05-14T09:34:00Z"};
  int faults = 1;
  remotes_.desk_fault = [&](const std::string&) -> runtime::ScriptedAnswer {
    if (faults-- > 0) return {429, "", {{"Retry-after", "20"}}};
    return {};
  };
  start();
  send("msg_1", "1");
  runtime_.run_until_idle();
  const auto calls = [&] {
    return std::count_if(remotes_.log.begin(), remotes_.log.end(),
                         [](const auto& l) { return l.find("/api/") != std::string::npos; });
  };
  const auto before = calls();
  send("msg_2", "2");
  send("msg_3", "3");
  runtime_.advance(seconds(19));
  EXPECT_EQ(calls(), before) << "the account was not paused as a whole";
  runtime_.advance(minutes(2));
  for (const char* id : {"msg_1", "msg_2", "msg_3"}) EXPECT_EQ(state(id), "delivered");
  EXPECT_EQ(show("msg_1").row.attempts, 0U);
}

TEST_F(VirtualHost, TheAccountsBudgetIsKept) {
  for (int i = 1; i <= 60; ++i)
    remotes_.shop[std::to_string(i)] = {"u" + std::to_string(i) + "@example.com", "U", "X",
                                        "2024-05-14T09:34:00Z"};
  start();
  for (int i = 1; i <= 60; ++i) send("msg_" + std::to_string(i), std::to_string(i));
  runtime_.advance(seconds(20));
  const auto calls = std::count_if(remotes_.log.begin(), remotes_.log.end(),
                                   [](const auto& l) { return l.find("/api/") != std::string::npos; });
  EXPECT_LE(calls, 40 + 40 + 1);
  EXPECT_GE(calls, 78);
  runtime_.advance(minutes(3));
  for (int i = 1; i <= 60; ++i) EXPECT_EQ(state("msg_" + std::to_string(i)), "delivered");
}

TEST_F(VirtualHost, AStopLeavesWhatDidNotEndInTheJournal) {
  remotes_.shop["32"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  remotes_.shop_delay = hours(1);
  start();
  send("msg_1", "32");
  runtime_.run_until_idle();
  stop();
  host_.reset();
  EXPECT_EQ(state("msg_1"), "waiting");
  remotes_.shop_delay = {};
}

TEST_F(VirtualHost, ForgedRequestsGetOneAnswerAndLeaveNothing) {
  start();
  ingress::Request request;
  request.method = "POST";
  request.target = "/in/store";
  request.headers = {{"Content-Type", "application/json"}, {"x-tenon-webhook-secret", "wrong"}};
  request.body = "{}";
  int status = 0;
  runtime_.ingress().post(
      [&] { host_->ingress().handle(request, [&](ingress::Answer answer) { status = answer.status; }); });
  runtime_.run_until_idle();
  EXPECT_EQ(status, 401);
  std::size_t events = 1;
  journal_->list({},
                 {&runtime_.delivery(), [&](Result<journal::Listed> rows) { events = rows->rows.size(); }});
  runtime_.run_until_idle();
  EXPECT_EQ(events, 0U);
}

TEST_F(VirtualHost, AFalseConditionSkipsAndSaysWhich) {
  std::string pipeline = kPipeline;
  pipeline.replace(pipeline.find("  fetch:"), 0, "  when: \"${{ event.data.id != 32 }}\"\n");
  remotes_.shop["33"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  start(pipeline);
  send("msg_1", "32");
  send("msg_2", "33");
  runtime_.run_until_idle();
  EXPECT_EQ(state("msg_1"), "skipped");
  EXPECT_EQ(show("msg_1").row.reason, "trigger.when is false");
  EXPECT_EQ(state("msg_2"), "delivered");
}

TEST_F(VirtualHost, NoSecretIsInWhatIsRecorded) {
  remotes_.shop["32"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  start();
  send("msg_1", "32");
  runtime_.run_until_idle();
  const auto detail = show("msg_1");
  ASSERT_FALSE(detail.attempts.empty());
  const std::string& conversation = detail.attempts[0].conversation;
  EXPECT_NE(conversation.find("/api/customers"), std::string::npos);
  for (const std::string& secret : {std::string("token-1234"), std::string("key-1234"),
                                    std::string(kClientSecret), to_base64("a@example.com:key-1234")}) {
    EXPECT_EQ(conversation.find(secret), std::string::npos) << secret;
  }
}

}  // namespace
}  // namespace tenon::pipeline
