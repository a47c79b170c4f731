// From a whole request to journalled events and the answer.
#include "ingress/ingress.hpp"

#include "tests/unit/ingress/ingress_fixture.hpp"

namespace tenon::tests {
namespace {

using ingress::Answer;
using ingress::Request;
using testing::HasSubstr;

const std::string kUpdated = R"({"type":"updated","key":"7"})";
const std::string kFull = R"({"type":"updated","key":"7","full":true})";

class IngressTest : public IngressFixture {};

const std::string* header(const Answer& answer, std::string_view name) {
  return runtime::find_header(answer.headers, name);
}

TEST_F(IngressTest, AcceptedMeansJournalled) {
  open();
  route_store();
  const Answer answer = ask(signed_request(kUpdated));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"accepted":1})");
  const auto rows = journalled();
  ASSERT_EQ(rows.size(), 1u);
  const Event& event = rows[0].row.event;
  EXPECT_EQ(event.id, "msg_1");
  EXPECT_EQ(event.connection, "store");
  EXPECT_EQ(event.type, "updated");
  EXPECT_EQ(event.key, "7");
  EXPECT_EQ(event.data, kUpdated);
  EXPECT_EQ(event.received_ms, kNow * 1000);
  EXPECT_TRUE(event.thin);
  EXPECT_EQ(rows[0].row.pipeline, "one");
  EXPECT_EQ(rows[0].row.state, "waiting");
}

TEST_F(IngressTest, NothingIsAnsweredBeforeTheCommit) {
  open();
  route_store();
  bool answered = false;
  ingress_->handle(signed_request(kUpdated), [&](Answer) { answered = true; });
  EXPECT_FALSE(answered);
  runtime_.run_until_idle();
  EXPECT_TRUE(answered);
}

TEST_F(IngressTest, TheBrokenSwitchAnswersBeforeTheCommit) {
  ingress::IngressOptions options;
  options.acknowledge_before_commit = true;
  open(options);
  route_store();
  bool answered = false;
  ingress_->handle(signed_request(kUpdated), [&](Answer) { answered = true; });
  EXPECT_TRUE(answered) << "else the fault tests' control would prove nothing";
  runtime_.run_until_idle();
  EXPECT_EQ(journalled().size(), 1u);
}

TEST_F(IngressTest, EventsFanOutToEveryPipelineThatWantsThem) {
  open();
  route_store();
  const Answer answer = ask(signed_request(
      R"([{"type":"created","key":"1"},{"type":"ignored","key":"1"},{"type":"updated","key":"2"}])"));
  EXPECT_EQ(answer.body, R"({"accepted":2})");
  const auto rows = journalled();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].row.event.id, "msg_1#1");
  EXPECT_EQ(rows[0].row.pipeline, "one");
  EXPECT_EQ(rows[1].row.event.id, "msg_1#1");
  EXPECT_EQ(rows[1].row.pipeline, "two");
  EXPECT_EQ(rows[2].row.event.id, "msg_1#3") << "numbered before the unwanted are left out";
}

TEST_F(IngressTest, WhatNobodyWantsIsNoEvent) {
  open();
  route_store();
  const Answer answer = ask(signed_request(R"({"type":"ignored","key":"1"})"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"accepted":0})");
  EXPECT_EQ(ask(signed_request("[]", "msg_2")).body, R"({"accepted":0})");
  EXPECT_TRUE(journalled().empty());
}

TEST_F(IngressTest, ARepetitionIsADuplicate) {
  open();
  route_store();
  ask(signed_request(kUpdated));
  EXPECT_EQ(ask(signed_request(kUpdated)).body, R"({"duplicate":true})") << "an exact replay";
  runtime_.advance(std::chrono::seconds(100));
  const Answer retried = ask(signed_request(kUpdated));
  EXPECT_EQ(retried.status, 200);
  EXPECT_EQ(retried.body, R"({"duplicate":true})") << "the sender's retry has a fresh timestamp";
  EXPECT_EQ(journalled().size(), 1u);
}

TEST_F(IngressTest, ASignedIdWithAnotherBodyIsAnEventOfItsOwn) {
  open();
  route_store();
  ask(signed_request(kUpdated));
  const Answer answer = ask(signed_request(R"({"type":"updated","key":"8"})"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"accepted":1})");
  EXPECT_EQ(journalled().size(), 2u);
}

TEST_F(IngressTest, AReplayAfterTheWindowIsRefused) {
  open();
  route_store();
  const Request old = signed_request(kUpdated);
  EXPECT_EQ(ask(old).status, 200);
  runtime_.advance(std::chrono::seconds(600));
  EXPECT_EQ(ask(old).status, 401);
  EXPECT_EQ(journalled().size(), 1u);
}

TEST_F(IngressTest, WithoutASignedIdABodyIsItsName) {
  open();
  std::vector<ingress::Route> routes;
  routes.push_back(route(secret_connection("store")));
  ASSERT_TRUE(ingress_->set_routes(std::move(routes)));
  Request with_id = secret_request(kFull);
  with_id.headers.emplace_back("webhook-id", "nobody-signed-this");
  EXPECT_EQ(ask(with_id).body, R"({"accepted":1})");
  EXPECT_EQ(ask(secret_request(kFull)).body, R"({"duplicate":true})") << "full: by its bytes";
  EXPECT_EQ(ask(secret_request(kUpdated)).body, R"({"accepted":1})");
  EXPECT_EQ(ask(secret_request(kUpdated)).body, R"({"accepted":1})") << "thin: it is read anew";
  const auto rows = journalled();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].row.event.id, to_hex(bytes_of(sha256(kFull)).substr(0, 16)));
}

TEST_F(IngressTest, ThePayloadsOwnIdHoldsWhereNoneIsSigned) {
  open();
  std::vector<ingress::Route> routes;
  routes.push_back(route(secret_connection("store")));
  ASSERT_TRUE(ingress_->set_routes(std::move(routes)));
  ask(secret_request(R"({"type":"updated","key":"7","id":"own"})"));
  EXPECT_EQ(journalled().at(0).row.event.id, "own");
}

TEST_F(IngressTest, EveryRefusalLooksTheSame) {
  open();
  route_store();
  Request wrong = signed_request(kUpdated);
  wrong.headers.back().second = "v1,AAAA";
  Request old = signed_request(kUpdated);
  old.headers[3].second = "1";
  Request broken = request("{not json");
  broken.headers.emplace_back("webhook-id", std::string(300, 'x'));
  std::vector<Answer> answers;
  for (const Request& each : {wrong, old, broken, request(kUpdated), request("")})
    answers.push_back(ask(each));
  for (const Answer& answer : answers) {
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.body, answers[0].body);
    EXPECT_EQ(answer.headers, answers[0].headers);
  }
  EXPECT_TRUE(journalled().empty());
  EXPECT_EQ(source_->accepted, 0) << "no plugin sees what is not authentic";
}

TEST_F(IngressTest, PathsAndMethods) {
  open();
  route_store();
  for (const char* target : {"/", "/in", "/in/", "/in/other", "/in/store/", "/in/store/x", "/in/STORE",
                             "/in/%73tore", "//in/store", "/in//store", "/in/../in/store", "/x?/in/store"}) {
    Request asked = signed_request(kUpdated);
    asked.target = target;
    EXPECT_EQ(ask(asked).status, 404) << target;
  }
  Request with_query = signed_request(kUpdated);
  with_query.target = "/in/store?x=y";
  EXPECT_EQ(ask(with_query).status, 200);
  for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "post", "TRACE"}) {
    Request asked = signed_request(kUpdated);
    asked.method = method;
    const Answer answer = ask(asked);
    EXPECT_EQ(answer.status, 405) << method;
    ASSERT_NE(header(answer, "Allow"), nullptr);
    EXPECT_EQ(*header(answer, "Allow"), "POST");
  }
  EXPECT_EQ(journalled().size(), 1u);
}

TEST_F(IngressTest, OnlyPlainJson) {
  open();
  route_store();
  const auto status = [this](runtime::Headers headers) {
    static int n = 0;
    Request asked = signed_request(kUpdated, "msg_t" + std::to_string(n++));
    std::erase_if(asked.headers, [](const auto& each) { return each.first == "Content-Type"; });
    asked.headers.insert(asked.headers.end(), headers.begin(), headers.end());
    return ask(asked).status;
  };
  EXPECT_EQ(status({{"content-type", "application/json"}}), 200);
  EXPECT_EQ(status({{"Content-Type", "Application/JSON; charset=UTF-8"}}), 200);
  EXPECT_EQ(status({{"Content-Type", "application/json;charset=\"utf-8\""}}), 200);
  EXPECT_EQ(status({{"Content-Type", "application/json"}, {"Content-Encoding", "identity"}}), 200);
  EXPECT_EQ(status({}), 415);
  EXPECT_EQ(status({{"Content-Type", "text/plain"}}), 415);
  EXPECT_EQ(status({{"Content-Type", "application/jsonx"}}), 415);
  EXPECT_EQ(status({{"Content-Type", "application/json; charset=utf-16"}}), 415);
  EXPECT_EQ(status({{"Content-Type", "application/json; boundary=x"}}), 415);
  EXPECT_EQ(status({{"Content-Type", "application/json"}, {"Content-Type", "text/plain"}}), 415);
  EXPECT_EQ(status({{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}}), 415);
  EXPECT_EQ(status({{"Content-Type", "application/json"}, {"Content-Encoding", "identity, gzip"}}), 415);
}

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

std::vector<std::pair<std::string, std::string>> malformed_bodies() {
  std::string keys = "{";
  for (int i = 0; i < 60'000; ++i) keys += (i ? ",\"" : "\"") + std::to_string(i) + "\":1";
  return {
      {"empty", ""},
      {"100,000 arrays", repeated("[", 100'000) + repeated("]", 100'000)},
      {"50,000 objects", repeated("{\"a\":", 50'000) + "1" + repeated("}", 50'000)},
      {"unterminated arrays", repeated("[", 100'000)},
      {"duplicate keys", R"({"type":"updated","type":"created","key":"1"})"},
      {"duplicate keys once unescaped", R"({"type":"updated","t\u0079pe":"created","key":"1"})"},
      {"invalid UTF-8", "{\"type\":\"updated\",\"key\":\"\xff\"}"},
      {"overlong UTF-8", "{\"type\":\"updated\",\"key\":\"\xc0\xaf\"}"},
      {"a surrogate in CESU-8", "{\"type\":\"updated\",\"key\":\"\xed\xa0\x80\"}"},
      {"a lone surrogate", R"({"type":"updated","key":"\ud800"})"},
      {"a byte order mark", "\xef\xbb\xbf{\"type\":\"updated\",\"key\":\"1\"}"},
      {"a raw NUL", std::string("{\"type\":\"updated\",\"key\":\"\0\"}", 29)},
      {"NaN", R"({"type":"updated","key":NaN})"},
      {"trailing garbage", kUpdated + "x"},
      {"two documents", kUpdated + kUpdated},
      {"a comment", "/* */" + kUpdated},
      {"single quotes", "{'type':'updated'}"},
      {"a lone number", "7"},
      {"a lone string", "\"updated\""},
      {"null", "null"},
      {"a number beyond doubles", R"({"type":"updated","key":"1","n":1e999999})"},
      {"100,000 digits", "{\"type\":\"updated\",\"key\":\"1\",\"n\":" + std::string(100'000, '9') + "}"},
      {"60,000 keys", keys + "}"},
      {"JSON, but no event", R"({"kind":"updated"})"},
  };
}

TEST_F(IngressTest, AuthenticButMalformedIsKeptAsADeadLetter) {
  open();
  route_store();
  std::size_t expected = 0;
  for (const auto& [name, body] : malformed_bodies()) {
    const std::string id = "msg_m" + std::to_string(expected++);
    const Answer answer = ask(signed_request(body, id));
    EXPECT_EQ(answer.status, 200) << name;
    EXPECT_THAT(answer.body, HasSubstr("malformed_event")) << name;
    const auto rows = journalled();
    ASSERT_EQ(rows.size(), expected) << name;
    EXPECT_EQ(rows.back().row.state, "rejected") << name;
    EXPECT_EQ(rows.back().row.reason, "malformed_event") << name;
    EXPECT_EQ(rows.back().row.event.id, id) << name;
    EXPECT_EQ(rows.back().row.event.data, body) << name << ": the very bytes";
    EXPECT_EQ(ask(signed_request(body, id)).body, R"({"duplicate":true})") << name;
  }
}

TEST_F(IngressTest, MalformedWithoutVerificationLeavesNothing) {
  open();
  std::vector<ingress::Route> routes;
  routes.push_back(route(open_connection("store")));
  ASSERT_TRUE(ingress_->set_routes(std::move(routes)));
  for (const auto& [name, body] : malformed_bodies()) EXPECT_EQ(ask(request(body)).status, 400) << name;
  EXPECT_TRUE(journalled().empty());
  EXPECT_EQ(ask(request(kUpdated)).status, 200);
}

TEST_F(IngressTest, UnusualButLegalJsonIsData) {
  open();
  route_store();
  const std::string body =
      R"({"type":"updated","key":"\u0000","__proto__":{"a":1},"n":69.80,"big":9007199254740993})";
  EXPECT_EQ(ask(signed_request(body)).body, R"({"accepted":1})");
  EXPECT_EQ(journalled().at(0).row.event.key, std::string(1, '\0'));
}

TEST_F(IngressTest, SecurityHeadersAreNotForThePlugin) {
  open();
  route_store();
  Request asked = signed_request(kUpdated);
  asked.headers.emplace_back("X-Hook-Secret", "also of a scheme that is off");
  asked.headers.emplace_back("X-Other", "stays");
  ask(asked);
  EXPECT_THAT(source_->seen, testing::ElementsAre(testing::Pair("Host", "a"),
                                                  testing::Pair("Content-Type", "application/json"),
                                                  testing::Pair("X-Other", "stays")));
}

TEST_F(IngressTest, DrainingAnswers503) {
  open();
  route_store();
  std::optional<Answer> before;
  ingress_->handle(signed_request(kUpdated), [&](Answer given) { before = std::move(given); });
  ingress_->drain();
  const Answer after = ask(signed_request(kUpdated, "msg_2"));
  EXPECT_EQ(after.status, 503);
  EXPECT_NE(header(after, "Retry-After"), nullptr);
  EXPECT_TRUE(after.close);
  ASSERT_TRUE(before);
  EXPECT_EQ(before->status, 200) << "what the journal had keeps its answer";
  EXPECT_EQ(journalled().size(), 1u);
}

/// Answers every append with one error.
class BrokenJournal final : public journal::Journal {
 public:
  explicit BrokenJournal(std::string code) : code_(std::move(code)) {}
  journal::Epoch epoch() const override { return 1; }
  void append(journal::Append, Reply<journal::Appended> reply) override {
    reply.on->post([reply = std::move(reply), code = code_] { reply.call(Error(code, "no")); });
  }
  void on_appended(runtime::Executor&, Function<void()>) override {}
  void take(journal::Epoch, journal::TakeQuery, Reply<journal::Taken>) override {}
  void park(journal::Epoch, std::string, std::vector<journal::Seq>, Reply<bool>) override {}
  void take_parked(journal::Epoch, std::string, std::uint32_t,
                   Reply<std::vector<journal::Waiting>>) override {}
  void take_again(journal::Epoch, std::vector<journal::Seq>, Reply<std::vector<journal::Waiting>>) override {}
  void look(std::vector<journal::IdentityKey>, std::vector<journal::AppliedKey>,
            Reply<journal::Looked>) override {}
  void begin(journal::Epoch, journal::Intent, Reply<bool>) override {}
  void learn(journal::Epoch, std::vector<journal::IdentityKey>, std::string, std::string,
             Reply<bool>) override {}
  void settle(journal::Epoch, std::vector<journal::Settlement>, Reply<bool>) override {}
  void watches(Reply<std::vector<journal::Watch>>) override {}
  void watched(journal::Seq, std::string, Reply<std::optional<std::string>>) override {}
  void unwatch(journal::Epoch, journal::Seq, std::string, std::optional<journal::Note>,
               Reply<bool>) override {}
  void requeue(std::vector<journal::Seq>, Reply<journal::Requeued>) override {}
  void skip(std::vector<journal::Seq>, Reply<journal::Skipped>) override {}
  void set_pipeline(journal::PipelineState, Reply<journal::PipelineState>) override {}
  void overview(Reply<journal::Overview>) override {}
  void list(journal::Query, Reply<journal::Listed>) override {}
  void dead_groups(journal::GroupBy, journal::Query, Reply<std::vector<journal::DeadGroup>>) override {}
  void show(std::string, Reply<std::optional<journal::EventDetail>>) override {}
  void counts(Reply<journal::Counts>) override {}
  void retain(std::int64_t, std::uint32_t, Reply<std::uint64_t>) override {}
  void close() override {}

 private:
  std::string code_;
};

TEST_F(IngressTest, WhatIsNotStoredIsNotAcknowledged) {
  for (const char* code : {"store_full", "store_failed", "store_busy"}) {
    journal_ = std::make_unique<BrokenJournal>(code);
    open();
    route_store();
    for (const std::string& body : {kUpdated, std::string("{malformed")}) {
      const Answer answer = ask(signed_request(body));
      EXPECT_EQ(answer.status, 503) << code;
      ASSERT_NE(header(answer, "Retry-After"), nullptr);
      EXPECT_EQ(answer.close, std::string_view(code) == "store_failed");
    }
  }
}

TEST_F(IngressTest, ABadRouteReplacesNothing) {
  open();
  route_store();
  plugin::ConnectionSpec bad = signed_connection("store");
  bad.secrets.clear();
  std::vector<ingress::Route> routes;
  routes.push_back(route(std::move(bad)));
  const Status routed = ingress_->set_routes(std::move(routes));
  ASSERT_FALSE(routed);
  EXPECT_EQ(routed.error().code, "verify_secret_missing");
  EXPECT_EQ(ask(signed_request(kUpdated)).status, 200);
}

TEST_F(IngressTest, ASecretOfAnotherConnectionDoesNotCount) {
  open();
  std::vector<ingress::Route> routes;
  routes.push_back(route(signed_connection("store")));
  plugin::ConnectionSpec other = signed_connection("other");
  other.secrets["client_secret"] = Secret("quite-another-client-secret-here");
  routes.push_back(route(std::move(other)));
  ASSERT_TRUE(ingress_->set_routes(std::move(routes)));
  Request asked = signed_request(kUpdated);
  asked.target = "/in/other";
  EXPECT_EQ(ask(asked).status, 401);
}

TEST_F(IngressTest, PathsOfARemovedConnectionAskForPatienceForADay) {
  open();
  route_store();
  EXPECT_EQ(ask(signed_request(kUpdated)).status, 200);
  std::vector<ingress::Route> others;
  others.push_back(route(secret_connection("other")));
  ASSERT_TRUE(ingress_->set_routes(std::move(others)));
  const auto store = [this] { return ask(request("{}", "/in/store?a=b")); };
  const ingress::Answer removed = store();
  EXPECT_EQ(removed.status, 503);
  ASSERT_NE(runtime::find_header(removed.headers, "retry-after"), nullptr);
  EXPECT_EQ(*runtime::find_header(removed.headers, "retry-after"), "300");
  EXPECT_EQ(ask(request("{}", "/in/never")).status, 404) << "an unknown one stays unknown";
  // Another reload does not begin the day anew.
  runtime_.advance(std::chrono::hours(23));
  std::vector<ingress::Route> again;
  again.push_back(route(secret_connection("third")));
  ASSERT_TRUE(ingress_->set_routes(std::move(again)));
  EXPECT_EQ(store().status, 503);
  EXPECT_EQ(ask(request("{}", "/in/other")).status, 503);
  // The wall clock may jump as it likes.
  runtime_.jump_wall(std::chrono::hours(48));
  EXPECT_EQ(store().status, 503);
  runtime_.advance(std::chrono::hours(1));
  EXPECT_EQ(store().status, 404);
  EXPECT_EQ(ask(request("{}", "/in/other")).status, 503);
}

TEST_F(IngressTest, AConnectionThatComesBackIsServed) {
  open();
  route_store();
  ASSERT_TRUE(ingress_->set_routes({}));
  EXPECT_EQ(ask(signed_request(kUpdated)).status, 503);
  route_store();
  EXPECT_EQ(ask(signed_request(kUpdated)).status, 200);
  ASSERT_TRUE(ingress_->set_routes({}));
  EXPECT_EQ(ask(signed_request(kUpdated)).status, 503);
}

}  // namespace
}  // namespace tenon::tests
