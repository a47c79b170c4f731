// The admin API, by whole requests, on virtual time.
#include "admin/admin.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <future>
#include <optional>

#include "base/json.hpp"
#include "runtime/local_client.hpp"
#include "runtime/real.hpp"
#include "runtime/virtual.hpp"

namespace tenon::admin {
namespace {

using ingress::Answer;
using testing::HasSubstr;

class AdminTest : public testing::Test {
 protected:
  AdminTest() : journal_(journal::open_memory(runtime_, {})), admin_(runtime_, *journal_, options()) {}
  ~AdminTest() override { journal_->close(); }

  static AdminOptions options() {
    AdminOptions options;
    options.version = "1.2.3";
    options.open_calls = [] { return std::size_t{3}; };
    return options;
  }

  journal::Seq add(const std::string& id, const std::string& key = "7", const std::string& pipeline = "p") {
    journal::Append append;
    journal::NewEvent added;
    added.event.id = id;
    added.event.connection = "store";
    added.event.type = "updated";
    added.event.key = key;
    added.event.keys = {{"customer", key}};
    added.event.data = R"({"n":69.80,"text":"<\u0001>"})";
    added.event.received_ms = 12345;
    added.pipeline = pipeline;
    append.events.push_back(added);
    journal::Seq seq = 0;
    journal_->append(std::move(append),
                     {&runtime_.ingress(), [&](auto appended) { seq = appended->seqs.at(0); }});
    runtime_.run_until_idle();
    return seq;
  }

  void add_malformed(const std::string& bytes) {
    journal::Append append;
    Event& event = append.malformed.emplace();
    event.id = "bad";
    event.connection = "store";
    event.data = bytes;
    journal_->append(std::move(append), {&runtime_.ingress(), [](auto) {}});
    runtime_.run_until_idle();
  }

  void settle(journal::Settlement settlement) {
    std::vector<journal::Settlement> batch;
    batch.push_back(std::move(settlement));
    std::vector<journal::Waiting> taken;
    journal_->take(journal_->epoch(), 100, {&runtime_.ingress(), [&](auto) {}});
    runtime_.run_until_idle();
    journal_->settle(journal_->epoch(), std::move(batch),
                     {&runtime_.ingress(), [](auto done) { ASSERT_TRUE(done); }});
    runtime_.run_until_idle();
  }

  Answer get(const std::string& target, const std::string& method = "GET", bool health = false) {
    ingress::Request request;
    request.method = method;
    request.target = target;
    std::optional<Answer> answer;
    auto respond = [&answer](Answer given) { answer = std::move(given); };
    health ? admin_.health(std::move(request), respond) : admin_.control(std::move(request), respond);
    runtime_.run_until_idle();
    return answer.value_or(Answer{});
  }
  Answer post(const std::string& target, const std::string& body) {
    ingress::Request request;
    request.method = "POST";
    request.target = target;
    request.body = body;
    std::optional<Answer> answer;
    admin_.control(std::move(request), [&answer](Answer given) { answer = std::move(given); });
    runtime_.run_until_idle();
    return answer.value_or(Answer{});
  }
  Document json(const std::string& target) {
    const Answer answer = get(target);
    EXPECT_EQ(answer.status, 200) << target;
    auto document = parse_json(answer.body);
    EXPECT_TRUE(document) << answer.body;
    return document ? std::move(*document) : Document{};
  }

  runtime::VirtualRuntime runtime_;
  std::unique_ptr<journal::Journal> journal_;
  Admin admin_;
};

TEST_F(AdminTest, ListsNewestFirstAndPages) {
  for (int i = 1; i <= 5; ++i) add("e" + std::to_string(i));
  const Document first = json("/v1/events?limit=2");
  ASSERT_EQ(first.root.get("events").size(), 2u);
  EXPECT_EQ(first.root.get("events").items()[0].get("id").as_string(), "e5");
  const std::string before(first.root.get("next_before").number_text());
  const Document second = json("/v1/events?limit=2&before=" + before);
  EXPECT_EQ(second.root.get("events").items()[0].get("id").as_string(), "e3");
  const Document last = json("/v1/events?limit=2&before=2");
  EXPECT_EQ(last.root.get("events").size(), 1u);
  EXPECT_TRUE(last.root.get("next_before").is_missing());
}

TEST_F(AdminTest, Filters) {
  add("a", "customer 1/ü", "p");
  add("b", "2", "q");
  EXPECT_EQ(json("/v1/events?pipeline=q").root.get("events").size(), 1u);
  EXPECT_EQ(json("/v1/events?key=customer%201%2F%C3%BC").root.get("events").size(), 1u);
  EXPECT_EQ(json("/v1/events?state=waiting").root.get("events").size(), 2u);
  EXPECT_EQ(json("/v1/events?state=delivered&").root.get("events").size(), 0u);
  EXPECT_EQ(json("/v1/events?").root.get("events").size(), 2u);
}

TEST_F(AdminTest, ShowsAnEventWhole) {
  journal::Settlement settlement;
  settlement.seq = add("msg#1");
  journal::AttemptRecord attempt;
  attempt.action = "main";
  attempt.number = 1;
  attempt.outcome = "rejected";
  attempt.cause = "invalid";
  attempt.reason = "no \"email\"";
  attempt.fetched = R"({"customer":{"id":7}})";
  attempt.conversation = R"([{"method":"GET"}])";
  settlement.attempts.push_back(attempt);
  settlement.actions.push_back({"main", End::rejected, "no \"email\"", ""});
  settlement.end = End::rejected;
  settlement.reason = "no \"email\"";
  settle(std::move(settlement));
  for (const char* target : {"/v1/events/msg%231", "/v1/events/1", "/v1/dead/1"}) {
    const Document shown = json(target);
    EXPECT_EQ(to_json(shown.root.get("data")), R"({"n":69.80,"text":"<\u0001>"})");
    EXPECT_EQ(shown.root.get("state").as_string(), "rejected");
    EXPECT_EQ(shown.root.get("reason").as_string(), "no \"email\"");
    EXPECT_EQ(to_json(shown.root.get("keys")), R"({"customer":"7"})");
    const Value made = shown.root.get("attempts_made").items()[0];
    EXPECT_EQ(made.get("fetched").get("customer").get("id").number_text(), "7");
    EXPECT_EQ(made.get("conversation").items()[0].get("method").as_string(), "GET");
    EXPECT_EQ(shown.root.get("actions").items()[0].get("end").as_string(), "rejected");
  }
  EXPECT_EQ(json("/v1/dead").root.get("events").size(), 1u);
}

TEST_F(AdminTest, DeadLettersOfAnyBytesAreStillJson) {
  add_malformed("{\"half\":");
  EXPECT_EQ(json("/v1/dead/1").root.get("data").as_string(), "{\"half\":");
  add_malformed(std::string("\xff\0\xfe", 3));
  const Document binary = json("/v1/dead/2");
  EXPECT_TRUE(binary.root.get("data").is_missing());
  EXPECT_EQ(binary.root.get("data_base64").as_string(), "/wD+");
  add_malformed(std::string(200'000, '['));
  EXPECT_EQ(json("/v1/dead/3").root.get("data").as_string().size(), 200'000u);
}

TEST_F(AdminTest, WhatIsNoDeadLetterIsNotShownAsOne) {
  add("a");
  EXPECT_EQ(get("/v1/events/1").status, 200);
  EXPECT_EQ(get("/v1/dead/1").status, 404);
}

TEST_F(AdminTest, BadParametersAreNamed) {
  for (const auto& [query, name] :
       std::vector<std::pair<std::string, std::string>>{{"limit=0", "limit"},
                                                        {"limit=1001", "limit"},
                                                        {"limit=", "limit"},
                                                        {"limit=1x", "limit"},
                                                        {"limit=-1", "limit"},
                                                        {"before=0", "before"},
                                                        {"before=99999999999999999999", "before"},
                                                        {"state=lost", "state"},
                                                        {"kye=1", "kye"},
                                                        {"key=%zz", "key"},
                                                        {"key=%2", "key"},
                                                        {"key=%", "key"},
                                                        {"=1", ""},
                                                        {"%22%7B=1", "unknown"}}) {
    const Answer answer = get("/v1/events?" + query);
    EXPECT_EQ(answer.status, 400) << query;
    const auto document = parse_json(answer.body);
    ASSERT_TRUE(document) << answer.body;
    EXPECT_EQ(document->root.get("parameter").as_string(), name) << query;
  }
}

TEST_F(AdminTest, DeadLettersAreOpenedAgainByNumber) {
  add("e1");
  journal::Settlement end;
  end.seq = 1;
  end.end = End::rejected;
  end.reason = "HTTP 400";
  settle(std::move(end));
  EXPECT_EQ(json("/v1/dead/groups?by=reason").root.get("groups").items()[0].get("name").as_string(),
            "HTTP 400");
  for (const char* body :
       {"", "{}", "[1]", R"({"seqs":[]})", R"({"seqs":["1"]})", R"({"seqs":[0]})", R"({"seqs":[-1]})",
        R"({"seqs":[1.5]})", R"({"seqs":[99999999999999999999]})", R"({"seqs":{}})", "{\"seqs\":[1]"}) {
    EXPECT_EQ(post("/v1/dead/retry", body).status, 400) << body;
  }
  EXPECT_EQ(get("/v1/dead/retry").status, 405);
  EXPECT_EQ(get("/v1/dead/groups?by=colour").status, 400);
  EXPECT_EQ(post("/v1/dead/retry", R"({"seqs":[1,1,2]})").body,
            R"({"retried":[1],"refused":[{"seq":2,"error":"not_found"}]})");
  EXPECT_EQ(post("/v1/dead/retry", R"({"seqs":[1]})").body,
            R"({"retried":[],"refused":[{"seq":1,"error":"not_dead"}]})");
}

TEST_F(AdminTest, ARangeIsToldAndAReplayNeedsAHost) {
  add("e1");
  add("e2");
  journal::Settlement end;
  end.seq = 1;
  end.end = End::delivered;
  settle(std::move(end));
  EXPECT_EQ(get("/v1/replay?pipeline=p&since=12345&until=12346").body,
            R"({"events":1,"open":1,"first":1,"last":1,"gone":0})");
  EXPECT_EQ(get("/v1/replay?pipeline=q").body, R"({"events":0,"open":0,"gone":0})");
  for (const char* query : {"", "?since=1", "?pipeline=p&since=x", "?pipeline=p&colour=red"})
    EXPECT_EQ(get(std::string("/v1/replay") + query).status, 400) << query;
  for (const char* path : {"/v1/replay", "/v1/replay/dry-run"}) {
    for (const char* body : {"", "{}", R"({"seqs":[1]})", R"({"pipeline":"p","seqs":[]})",
                             R"({"pipeline":7,"seqs":[1]})", R"({"pipeline":"p","seqs":[1],"force":"yes"})"})
      EXPECT_EQ(post(path, body).status, 400) << path << body;
    EXPECT_EQ(post(path, R"({"pipeline":"p","seqs":[1]})").status, 409) << "files alone run nothing";
  }
  EXPECT_EQ(post("/v1/replay/dry-run", R"({"pipeline":"p","seqs":[1],"with":7})").status, 400);
  EXPECT_EQ(get("/v1/replay/dry-run").status, 405);
}

TEST_F(AdminTest, PipelinesArePausedAndResumed) {
  EXPECT_EQ(get("/v1/pipelines/p/pause").status, 405);
  for (const char* path : {"/v1/pipelines/", "/v1/pipelines//pause", "/v1/pipelines/p",
                           "/v1/pipelines/p/stop", "/v1/pipelines/%/pause", "/v1/pipelines/p/pause/"})
    EXPECT_EQ(post(path, "{}").status, 404) << path;
  EXPECT_EQ(parse_json(post("/v1/pipelines/p/pause", "{}").body)->root.get("state").as_string(), "paused");
  EXPECT_EQ(json("/v1/status").root.get("pipelines").items()[0].get("state").as_string(), "paused");
  EXPECT_EQ(parse_json(post("/v1/pipelines/p/resume", "{}").body)->root.get("state").as_string(), "running");
}

TEST_F(AdminTest, UnknownPathsAndMethods) {
  for (const char* target : {"/", "/v1", "/v1/event", "/v1/eventsx", "/v1/events/", "/v1/events/nope",
                             "/v1/events/%", "/v2/events", "/healthz"}) {
    EXPECT_EQ(get(target).status, 404) << target;
  }
  for (const char* target : {"/v1/events", "/v1/events/1", "/v1/status"})
    EXPECT_EQ(get(target, "POST").status, 405);
}

TEST_F(AdminTest, Status) {
  add("a");
  add_malformed("x");
  admin_.set_phase(admin::Admin::Phase::taking);
  const Document status = json("/v1/status");
  EXPECT_EQ(status.root.get("version").as_string(), "1.2.3");
  EXPECT_TRUE(status.root.get("ready").as_boolean());
  EXPECT_EQ(status.root.get("waiting").as_double(), 1);
  EXPECT_EQ(status.root.get("dead").as_double(), 1);
  EXPECT_EQ(status.root.get("oldest_waiting_ms").as_double(), 12345);
  EXPECT_EQ(status.root.get("open_calls").as_double(), 3);
  EXPECT_TRUE(status.root.get("counters").is_array());
}

TEST_F(AdminTest, Health) {
  EXPECT_EQ(get("/healthz", "GET", true).status, 200);
  const auto starting = get("/readyz", "GET", true);
  EXPECT_EQ(starting.status, 503);
  EXPECT_EQ(starting.body, R"({"status":"not_ready","reason":"starting"})");
  admin_.set_phase(admin::Admin::Phase::taking);
  EXPECT_EQ(get("/readyz", "GET", true).status, 200);
  admin_.set_phase(admin::Admin::Phase::draining);
  EXPECT_EQ(get("/readyz?x", "GET", true).body, R"({"status":"not_ready","reason":"draining"})");
  EXPECT_EQ(get("/healthz", "POST", true).status, 405);
  for (const char* target : {"/v1/events", "/v1/status", "/", "/healthz/"}) {
    EXPECT_EQ(get(target, "GET", true).status, 404) << target;
  }
}

TEST(AdminHealth, AJournalWithoutSpaceIsNotReady) {
  const std::string folder = testing::TempDir() + "/tenon-space-" + std::to_string(getpid());
  std::filesystem::create_directories(folder);
  runtime::RealOptions options;
  options.watchdog = false;
  auto made = runtime::make_real(std::move(options));
  ASSERT_TRUE(made);
  const std::unique_ptr<runtime::RealRuntime> runtime = std::move(*made);
  journal::Options full;
  full.min_free_bytes = UINT64_MAX;
  full.min_free_part = 1;
  auto opened = journal::open_sqlite(*runtime, folder, std::move(full));
  ASSERT_TRUE(opened);
  const std::unique_ptr<journal::Journal> journal = std::move(*opened);
  runtime->start();
  {
    Admin admin(*runtime, *journal);
    admin.set_phase(Admin::Phase::taking);
    std::promise<ingress::Answer> answered;
    runtime->ingress().post([&] {
      ingress::Request request;
      request.method = "GET";
      request.target = "/readyz";
      admin.health(std::move(request),
                   [&](ingress::Answer answer) { answered.set_value(std::move(answer)); });
    });
    const ingress::Answer answer = answered.get_future().get();
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.body, R"({"status":"not_ready","reason":"store_full"})");
    journal->close();
    runtime->stop();
    runtime->join();
  }
  std::filesystem::remove_all(folder);
}

TEST(AdminSocket, AnswersTheLocalClient) {
  const std::string folder = testing::TempDir() + "/tenon-admin-" + std::to_string(getpid());
  std::filesystem::create_directories(folder);
  runtime::RealOptions options;
  options.watchdog = false;
  auto made = runtime::make_real(std::move(options));
  ASSERT_TRUE(made);
  const std::unique_ptr<runtime::RealRuntime> runtime = std::move(*made);
  auto journal = journal::open_memory(*runtime, {});
  auto admin = std::make_unique<Admin>(*runtime, *journal);
  runtime->start();
  const std::string path = folder + "/control.sock";
  ASSERT_TRUE(admin->listen_control(path));
  const auto health = admin->listen_health("127.0.0.1:0");
  ASSERT_TRUE(health);
  EXPECT_THAT(*health, testing::StartsWith("127.0.0.1:"));
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);

  const auto answer = runtime::local_get(path, "/v1/events?limit=10");
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, R"({"events":[],"looked":0})");
  ASSERT_NE(runtime::find_header(answer->headers, "content-type"), nullptr);
  EXPECT_EQ(*runtime::find_header(answer->headers, "content-type"), "application/json");
  EXPECT_EQ(runtime::local_get(path, "/nope")->status, 404);

  std::promise<void> stopped;
  admin->stop(std::chrono::seconds(5), [&] { stopped.set_value(); });
  stopped.get_future().wait();
  EXPECT_FALSE(std::filesystem::exists(path));
  const auto gone = runtime::local_get(path, "/v1/events");
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, "connect_failed");
  journal->close();
  runtime->stop();
  runtime->join();
  admin.reset();
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tenon::admin
