// Calls that their sink recognises for a time only, and what a plugin tells of a call or create too late.
#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "virtual_host.hpp"

namespace tenon::pipeline {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

/// A sink that makes a note of each POST, but of one whose key it knows; it forgets keys after an hour.
class KeyedCallHost : public VirtualHost {
 protected:
  enum class Sink { works, loses_answers, answers_429, refuses, is_away, fails };

  std::string plugins() const override { return TENON_NOTES_DIR; }

  void SetUp() override {
    VirtualHost::SetUp();
    runtime_.network().on_request([this](const runtime::HttpRequest& request) { return answer(request); });
  }
  runtime::ScriptedAnswer answer(const runtime::HttpRequest& request) {
    const runtime::Headers json = {{"Content-Type", "application/json"}};
    if (request.method == "GET") return {200, R"({"data":[]})", json};  // its search never shows anything
    const auto body = parse_json(request.body);
    const std::string id(body->root.get("external_id").as_string());
    log_.push_back(request.method + " " + id);
    if (request.method == "PUT") return {200, "{}", json};
    switch (sink_) {
      case Sink::answers_429:
        return {429, "", {{"Retry-After", "3"}}};
      case Sink::refuses:
        return {422, "{}", json};
      case Sink::is_away:
        return {Error("connect_failed", "refused"), runtime::RequestSent::no};
      case Sink::fails:
        return {503, "", {{"Retry-After", "30"}}};
      case Sink::works:
      case Sink::loses_answers:
        break;
    }
    const runtime::Duration now = runtime_.clock().steady();
    const auto [key, is_new] =
        keys_.try_emplace(*runtime::find_header(request.headers, "Idempotency-Key"), now);
    if (is_new || now - key->second > hours(1)) {
      key->second = now;
      notes_.push_back(id);
    }
    if (sink_ == Sink::loses_answers)
      return {Error("timeout", "no answer in time"), runtime::RequestSent::maybe, seconds(60)};
    return {201, "{\"id\":" + std::to_string(notes_.size()) + "}", json, takes_};
  }
  static std::string definition(const std::string& operation, const std::string& more = "") {
    return R"(
tenon: 1
name: notes
connections:
  store: { connector: bigcommerce, store_hash: abc123, access_token: "${TOKEN}", client_secret: "${SECRET}", webhook_secret: "${HEADER}" }
  notes: { connector: notes, base_url: "https://notes.test" }
trigger: { connection: store, events: [store/customer/updated] }
mapping: { external_id: "c_${{ event.keys.customer }}", name: "${{ event.keys.customer = '9' ? 'late' : 'prompt' }}" }
action: { connection: notes, operation: )" +
           operation + " }\n" + more;
  }
  /// An event whose call took effect unheard, at a sink that is then away for so long.
  void lose(const std::string& operation, runtime::Duration away) {
    start(definition(operation));
    sink_ = Sink::loses_answers;
    send("one", "7");
    runtime_.advance(seconds(61));
    ASSERT_EQ(notes_.size(), 1U);
    comes_back_after(away);
  }
  void comes_back_after(runtime::Duration away) {
    sink_ = Sink::is_away;
    runtime_.advance(away);
    sink_ = Sink::works;
    runtime_.advance(minutes(40));
  }
  void retry() {
    journal_->requeue({1}, {&runtime_.delivery(), [](Result<journal::Requeued> done) { ASSERT_TRUE(done); }});
    runtime_.advance(minutes(5));
  }
  std::string reason(const std::string& id = "one") { return show(id).row.reason; }
  bool has_row(journal::Seq seq = 1) {
    bool has = false;
    journal_->look({journal::key_of_call(seq, "main")}, {},
                   {&runtime_.delivery(), [&](Result<journal::Looked> looked) {
                      has = looked && looked->identities[0].state != journal::IdentityState::unknown;
                    }});
    runtime_.run_until_idle();
    return has;
  }

  Sink sink_ = Sink::works;
  runtime::Duration takes_{};
  std::map<std::string, runtime::Duration> keys_;
  std::vector<std::string> notes_;  ///< external ids
  std::vector<std::string> log_;
};

TEST_F(KeyedCallHost, ACallWhoseAnswerWasLostIsRepeatedWhileItsKeyHolds) {
  lose("post_keyed", minutes(20));
  EXPECT_EQ(state("one"), "delivered");
  EXPECT_EQ(notes_.size(), 1U);
  EXPECT_FALSE(has_row()) << "of what has ended well nothing is kept";
}

TEST_F(KeyedCallHost, OnceItsKeyIsForgottenItIsNotSentAgain) {
  lose("post_keyed", hours(2));
  EXPECT_EQ(state("one"), "exhausted");
  EXPECT_THAT(reason(), HasSubstr("may have taken effect, and its sink no longer recognises a repetition"));
  EXPECT_EQ(notes_.size(), 1U);
  EXPECT_EQ(show("one").attempts.back().outcome, "exhausted");
}

// The control: where no key is declared, the same sink is sent the same call twice.
TEST_F(KeyedCallHost, WithoutADeclaredKeyItTakesEffectTwice) {
  lose("post_plain", hours(2));
  EXPECT_EQ(state("one"), "delivered");
  EXPECT_EQ(notes_.size(), 2U);
}

TEST_F(KeyedCallHost, WhoeverRetriesItHasLooked) {
  lose("post_keyed", hours(2));
  retry();
  EXPECT_EQ(state("one"), "delivered");
  EXPECT_EQ(notes_.size(), 2U);
  EXPECT_FALSE(has_row());
}

TEST_F(KeyedCallHost, ACallThatNeverLeftWaitsAsLongAsItMust) {
  start(definition("post_keyed"));
  sink_ = Sink::is_away;
  send("one", "7");
  comes_back_after(hours(5));
  EXPECT_EQ(state("one"), "delivered");
  EXPECT_EQ(notes_.size(), 1U);
}

TEST_F(KeyedCallHost, SoDoesOneThatWasToldToPause) {
  start(definition("post_keyed"));
  sink_ = Sink::answers_429;
  send("one", "7");
  runtime_.advance(seconds(1));
  EXPECT_FALSE(has_row());
  comes_back_after(hours(5));
  EXPECT_EQ(state("one"), "delivered");
}

TEST_F(KeyedCallHost, ADeadLetterThatIsRetriedTooLateIsNotSentEither) {
  start(definition("post_keyed", "delivery: { retry: { for: 5m } }\n"));
  sink_ = Sink::loses_answers;
  send("one", "7");
  runtime_.advance(seconds(61));
  sink_ = Sink::is_away;
  runtime_.advance(minutes(40));
  ASSERT_EQ(state("one"), "exhausted");
  EXPECT_THAT(reason(), HasSubstr("; it may have taken effect"));
  runtime_.advance(hours(2));
  sink_ = Sink::works;
  retry();
  EXPECT_EQ(state("one"), "exhausted");
  EXPECT_EQ(notes_.size(), 1U);
  retry();
  EXPECT_EQ(state("one"), "delivered") << "asked for again by somebody who was told";
}

TEST_F(KeyedCallHost, ARefusalBehindALostAnswerLeavesTheDoubt) {
  start(definition("post_keyed"));
  sink_ = Sink::loses_answers;
  send("one", "7");
  runtime_.advance(seconds(60));
  sink_ = Sink::refuses;
  runtime_.advance(minutes(1));
  ASSERT_EQ(state("one"), "rejected");
  EXPECT_THAT(reason(), HasSubstr("; it may have taken effect"));
  EXPECT_TRUE(has_row());
}

TEST_F(KeyedCallHost, ARefusalAloneLeavesNone) {
  start(definition("post_keyed"));
  sink_ = Sink::refuses;
  send("one", "7");
  runtime_.advance(minutes(1));
  ASSERT_EQ(state("one"), "rejected");
  EXPECT_THAT(reason(), Not(HasSubstr("may have taken effect")));
  EXPECT_FALSE(has_row());
}

TEST_F(KeyedCallHost, AHostThatWasDownForTooLongKnowsWhenItWasSent) {
  const std::string folder = ::testing::TempDir() + "keyed_call";
  for (const bool in_time : {true, false}) {
    std::filesystem::remove_all(folder);
    reopen(folder);
    notes_.clear();
    keys_.clear();
    start(definition("post_keyed"));
    sink_ = Sink::loses_answers;
    send("one", "7");
    runtime_.advance(seconds(5));
    stop();  // while it is under way
    EXPECT_EQ(state("one"), "waiting");
    reopen(folder);
    sink_ = Sink::works;
    runtime_.advance(in_time ? minutes(30) : hours(2));
    start(definition("post_keyed"));
    runtime_.advance(minutes(5));
    EXPECT_EQ(state("one"), in_time ? "delivered" : "exhausted");
    EXPECT_EQ(notes_.size(), 1U);
    stop();
    host_.reset();
    journal_->close();
    journal_ = journal::open_memory(runtime_, {});
  }
  std::filesystem::remove_all(folder);
}

TEST_F(KeyedCallHost, AShadowLeavesNothing) {
  start(definition("post_keyed", "mode: shadow\n"));
  send("one", "7");
  runtime_.advance(minutes(1));
  EXPECT_EQ(reason(), "shadow: would deliver");
  EXPECT_TRUE(log_.empty());
  EXPECT_FALSE(has_row());
}

TEST_F(KeyedCallHost, CallsOfOneIdentityTakeTurnsAndOthersDoNot) {
  for (const bool one_identity : {true, false}) {
    int now = 0, most = 0;
    runtime_.network().on_request([&](const runtime::HttpRequest& request) {
      most = std::max(most, ++now);
      runtime_.delivery().after(seconds(5), [&] { --now; });
      return answer(request);
    });
    takes_ = seconds(5);
    start(definition("post_keyed", "delivery: { order_by: \"${{ event.id }}\" }\n"));
    const std::string turn = one_identity ? "a" : "b";
    send("first_" + turn, "7");
    send("second_" + turn, one_identity ? "7" : "8");
    runtime_.advance(minutes(1));
    EXPECT_EQ(state("second_" + turn), "delivered");
    EXPECT_EQ(most, one_identity ? 1 : 2);
    stop();
  }
}

// --- a sink that keeps a 500 and repeats it for its key

class KeptAnswerHost : public KeyedCallHost {
 protected:
  void SetUp() override {
    KeyedCallHost::SetUp();
    runtime_.network().on_request([this](const runtime::HttpRequest& request) { return kept(request); });
  }
  runtime::ScriptedAnswer kept(const runtime::HttpRequest& request) {
    const std::string key = *runtime::find_header(request.headers, "Idempotency-Key");
    ids_.push_back(key);
    if (status_ != 0) kept_.emplace(key, status_);
    const auto found = kept_.find(key);
    return {found == kept_.end() ? 201 : found->second, "{}", {{"Content-Type", "application/json"}}};
  }
  /// An event whose call fails in a moment's trouble of the sink, and its end.
  void fail(int status, const std::string& retry = "for: 10m") {
    start(definition("post_keyed", "delivery: { retry: { " + retry + " } }\n"));
    status_ = status;
    send("one", "7");
    runtime_.advance(seconds(1));
    status_ = 0;
    runtime_.advance(minutes(30));
    ASSERT_EQ(state("one"), "exhausted");
    ASSERT_EQ(std::set<std::string>(ids_.begin(), ids_.end()).size(), 1U);
  }
  void replay(bool force) {
    std::optional<Result<journal::Requeued>> done;
    host_->replay("notes", {1}, force, [&](Result<journal::Requeued> result) { done = std::move(result); });
    runtime_.advance(minutes(5));
    ASSERT_TRUE(done && *done);
    ASSERT_EQ((*done)->seqs.size(), 1U);
  }
  int status_ = 0;
  std::map<std::string, int> kept_;
  std::vector<std::string> ids_;
};

TEST_F(KeptAnswerHost, IsAskedUnderAnotherIdByWhomTheDeadLetterTold) {
  fail(500);
  EXPECT_THAT(reason(), HasSubstr("it may have taken effect, or its sink repeats an answer that it keeps"));
  EXPECT_THAT(reason(), HasSubstr("under another id"));
  retry();
  EXPECT_EQ(state("one"), "delivered");
  EXPECT_NE(ids_.back(), ids_.front());
  EXPECT_FALSE(has_row());
}

TEST_F(KeptAnswerHost, AlsoIfThatFailsTooAndTheOneAfterIt) {
  fail(500);
  status_ = 500;
  retry();
  status_ = 0;
  runtime_.advance(minutes(30));
  ASSERT_EQ(state("one"), "exhausted");
  EXPECT_EQ(std::set<std::string>(ids_.begin(), ids_.end()).size(), 2U)
      << "each id is repeated until its end";
  retry();
  EXPECT_EQ(state("one"), "delivered");
  EXPECT_EQ(std::set<std::string>(ids_.begin(), ids_.end()).size(), 3U);
}

TEST_F(KeptAnswerHost, TheOtherIdIsNotGivenUpWhileTheSinkCannotBeReached) {
  fail(500);
  const std::string first = ids_.front();
  runtime_.network().on_request([](const runtime::HttpRequest&) -> runtime::ScriptedAnswer {
    return {Error("connect_failed", "refused"), runtime::RequestSent::no};
  });
  retry();
  EXPECT_EQ(state("one"), "retrying");
  ids_.clear();
  runtime_.network().on_request([this](const runtime::HttpRequest& request) { return kept(request); });
  runtime_.advance(minutes(20));
  EXPECT_EQ(state("one"), "delivered");
  ASSERT_EQ(ids_.size(), 1U);
  EXPECT_NE(ids_.front(), first);
}

TEST_F(KeptAnswerHost, WhoeverReplaysAllHasNotLooked) {
  fail(500);
  const std::size_t asked = ids_.size();
  replay(false);
  EXPECT_EQ(state("one"), "exhausted");
  EXPECT_THAT(reason(), HasSubstr("may have taken effect: look there, then skip it or retry it"));
  EXPECT_EQ(ids_.size(), asked);
  replay(true);
  EXPECT_EQ(state("one"), "delivered");
}

// What stands before a sink keeps nothing: its 503 is over one day, and the id still guards the call.
TEST_F(KeptAnswerHost, AnotherFailureKeepsTheId) {
  fail(503);
  EXPECT_THAT(reason(), ::testing::EndsWith("; it may have taken effect"));
  kept_.clear();
  retry();
  EXPECT_EQ(state("one"), "delivered");
  EXPECT_EQ(std::set<std::string>(ids_.begin(), ids_.end()).size(), 1U);
}

TEST_F(KeptAnswerHost, SoDoOneOrTwo) {
  fail(500, "attempts: 2");
  EXPECT_THAT(reason(), ::testing::EndsWith("; it may have taken effect"));
  retry();
  EXPECT_EQ(std::set<std::string>(ids_.begin(), ids_.end()).size(), 1U);
}

TEST_F(KeptAnswerHost, OneThatKeepsItLongerThanItSaysIsAskedUnderAnotherIdToo) {
  start(definition("post_keyed"));
  status_ = 500;
  send("one", "7");
  runtime_.advance(seconds(1));
  status_ = 0;
  runtime_.advance(hours(3));
  ASSERT_EQ(state("one"), "exhausted");
  EXPECT_THAT(reason(), HasSubstr("no longer recognises a repetition"));
  retry();
  EXPECT_EQ(state("one"), "delivered");
}

// --- what is told late

/// The event of customer 9 is answered at once, and its plugin says so only when that of 8 is answered: after
/// the deadline of two minutes.
class TellsLateHost : public KeyedCallHost {
 protected:
  /// A call that is under way is given up only once its plugin has not heeded that it was cancelled.
  void TearDown() override {
    bool stopped = false;
    host_->stop(seconds(8), [&] { stopped = true; });
    EXPECT_TRUE(runtime_.run_until([&] { return stopped; }, seconds(14)));
    host_.reset();
    VirtualHost::TearDown();
  }
  void overstay(const std::string& operation) {
    start(definition(operation));
    send("late", "9");
    runtime_.advance(seconds(100));
    takes_ = seconds(40);
  }
  int posts(const std::string& id) const {
    return static_cast<int>(std::count(log_.begin(), log_.end(), "POST " + id));
  }
};

TEST_F(TellsLateHost, ACreateIsNotMadeAgainThoughNoSearchShowsIt) {
  overstay("put_plain");
  send("other", "8");
  runtime_.advance(minutes(10));
  EXPECT_EQ(state("late"), "delivered");
  EXPECT_EQ(state("other"), "delivered");
  EXPECT_EQ(posts("c_9"), 1);
  EXPECT_EQ(std::count(log_.begin(), log_.end(), "PUT c_9"), 1);
}

// The control: a plugin that never tells leaves only the search, and this one shows nothing.
TEST_F(TellsLateHost, OfWhichNothingIsToldIsMadeAgainAfterTheQuietTime) {
  overstay("put_plain");
  runtime_.advance(minutes(4));
  EXPECT_EQ(posts("c_9"), 2);
}

TEST_F(TellsLateHost, ACallIsNotRepeated) {
  overstay("post_keyed");
  send("other", "8");
  runtime_.advance(seconds(35));
  EXPECT_EQ(posts("c_9"), 2) << "tried again before anything is told, under the same key";
  runtime_.advance(minutes(5));
  EXPECT_EQ(state("late"), "delivered");
  EXPECT_EQ(posts("c_9"), 2);
  EXPECT_EQ(show("late").attempts.back().reason, "an earlier call was done: the plugin told late");
  EXPECT_FALSE(has_row());
}

TEST_F(TellsLateHost, OfWhichNothingIsToldIsRepeatedUnderItsKey) {
  overstay("post_keyed");
  runtime_.advance(minutes(5));
  EXPECT_EQ(posts("c_9"), 4);
  EXPECT_EQ(notes_.size(), 1U);
}

}  // namespace
}  // namespace tenon::pipeline
