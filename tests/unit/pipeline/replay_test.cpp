// Stored events run once more: what took effect takes effect once, older state does not come back.
#include <gmock/gmock.h>

#include <set>

#include "journal/upkeep.hpp"
#include "pipeline/dry_run.hpp"
#include "virtual_host.hpp"

namespace tenon::pipeline {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

/// A sink that has neither keys nor unique fields: each create is a note of its own. And the shop.
class ReplayHost : public VirtualHost {
 protected:
  std::string plugins() const override { return TENON_NOTES_DIR; }

  void SetUp() override {
    VirtualHost::SetUp();
    runtime_.network().on_request([this](const runtime::HttpRequest& request) { return answer(request); });
  }
  runtime::ScriptedAnswer answer(const runtime::HttpRequest& request) {
    const runtime::Headers json = {{"Content-Type", "application/json"}};
    if (request.url.find("bigcommerce") != std::string::npos) return remotes_.answer(request);
    if (request.method == "GET") {
      const std::string wanted = request.url.substr(request.url.rfind('=') + 1);
      std::string rows;
      for (std::size_t i = 0; i < notes_.size() && !hidden_; ++i) {
        if (notes_[i] == wanted)
          rows += (rows.empty() ? "" : ",") + ("{\"id\":" + std::to_string(i + 1)) + "}";
      }
      return {200, "{\"data\":[" + rows + "]}", json};
    }
    if (request.method == "PUT") {
      puts_.push_back(request.body);
      return {200, "{}", json};
    }
    notes_.emplace_back(parse_json(request.body)->root.get("external_id").as_string());
    return {201, "{\"id\":" + std::to_string(notes_.size()) + "}", json};
  }
  static std::string definition(const std::string& name = "${{ event.type }}", const std::string& more = "") {
    return R"(
tenon: 1
name: notes
connections:
  store: { connector: bigcommerce, store_hash: abc123, access_token: "${TOKEN}", client_secret: "${SECRET}", webhook_secret: "${HEADER}" }
  notes: { connector: notes, base_url: "https://notes.test" }
trigger: { connection: store, events: [store/customer/created, store/customer/updated])" +
           more + R"( }
mapping: { external_id: "c_${{ event.keys.customer }}", name: ")" +
           name + R"(" }
action: { connection: notes, operation: put_plain }
)";
  }
  journal::Requeued replay(std::vector<journal::Seq> seqs, bool force = false) {
    journal::Requeued out;
    host_->replay("notes", std::move(seqs), force, [&](Result<journal::Requeued> done) {
      ASSERT_TRUE(done) << done.error().text();
      out = std::move(*done);
    });
    runtime_.run_until_idle();
    return out;
  }
  journal::EventDetail shown(journal::Seq seq) { return show(std::to_string(seq)); }

  std::vector<std::string> notes_;  ///< external ids
  std::vector<std::string> puts_;
  bool hidden_ = false;  ///< the search finds nothing
};

TEST_F(ReplayHost, AThousandReplayedEventsHaveNoSecondEffect) {
  constexpr int kMany = 1000;
  start(definition());
  std::vector<journal::Seq> all;
  for (int i = 0; i < kMany; ++i) {
    send("msg_" + std::to_string(i), std::to_string(i));
    all.push_back(static_cast<journal::Seq>(i + 1));
  }
  runtime_.advance(minutes(10));
  ASSERT_EQ(notes_.size(), static_cast<std::size_t>(kMany));
  hidden_ = true;  // what the host knows must do
  EXPECT_EQ(replay(all).seqs.size(), static_cast<std::size_t>(kMany));
  runtime_.advance(minutes(30));
  for (const journal::Seq seq : all) {
    const auto detail = shown(seq);
    ASSERT_EQ(detail.row.state, "delivered") << seq;
    EXPECT_EQ(detail.row.event.id, "msg_" + std::to_string(seq - 1));
    EXPECT_EQ(detail.attempts.size(), 2U) << "the history stays";
  }
  EXPECT_EQ(notes_.size(), static_cast<std::size_t>(kMany)) << "no second note";
  EXPECT_EQ(puts_.size(), static_cast<std::size_t>(kMany)) << "each was written once more";
  // The same sink does make a second note for whoever asks it to: as new events of a host that knows nothing.
  stop();
  host_.reset();
  journal_->close();
  journal_ = journal::open_memory(runtime_, {});
  start(definition());
  send("again", "1");
  runtime_.advance(minutes(10));
  EXPECT_EQ(notes_.size(), static_cast<std::size_t>(kMany) + 1);
}

TEST_F(ReplayHost, AnOlderEventIsSupersededUnlessForced) {
  start(definition());
  send("old", "7", "store/customer/created");
  runtime_.advance(minutes(1));
  send("new", "7", "store/customer/updated");
  runtime_.advance(minutes(1));
  ASSERT_EQ(puts_.size(), 1U);
  replay({1});
  runtime_.advance(minutes(1));
  EXPECT_EQ(shown(1).row.state, "superseded");
  EXPECT_EQ(shown(1).row.reason, "a newer event (2) was applied already");
  EXPECT_EQ(puts_.size(), 1U);
  replay({1}, true);
  runtime_.advance(minutes(1));
  const auto forced = shown(1);
  EXPECT_EQ(forced.row.state, "delivered");
  EXPECT_EQ(forced.row.reason, "forced, though a newer event (2) was applied already");
  ASSERT_EQ(forced.notes.size(), 2U);
  EXPECT_EQ(forced.notes[0].text, "delivered");
  EXPECT_EQ(forced.notes[1].what, "replayed");
  EXPECT_EQ(forced.notes[1].text,
            "superseded: a newer event (2) was applied already; forced: also over newer state");
  ASSERT_EQ(puts_.size(), 2U);
  EXPECT_THAT(puts_.back(), HasSubstr("store/customer/created"));
  // The newest is not older than what was forced over it.
  replay({2});
  runtime_.advance(minutes(1));
  EXPECT_EQ(shown(2).row.state, "delivered");
  EXPECT_THAT(puts_.back(), HasSubstr("store/customer/updated"));
}

TEST_F(ReplayHost, AllEventsOfAKeyEndWithItsNewestState) {
  start(definition());
  for (int i = 0; i < 4; ++i) {
    send("msg_" + std::to_string(i), "7", i % 2 == 0 ? "store/customer/created" : "store/customer/updated");
    runtime_.advance(minutes(1));
  }
  puts_.clear();
  replay({4, 2, 1, 3});
  runtime_.advance(minutes(1));
  for (const journal::Seq seq : {1, 2, 3}) EXPECT_EQ(shown(seq).row.state, "superseded");
  EXPECT_EQ(shown(4).row.state, "delivered");
  ASSERT_EQ(puts_.size(), 1U);
  EXPECT_THAT(puts_[0], HasSubstr("store/customer/updated"));
}

TEST_F(ReplayHost, WhatIsFetchedIsTheNewestAndIsWritten) {
  const std::string fetches = R"(, fetch: { customer: { id: "${{ event.keys.customer }}" } })";
  remotes_.shop["7"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  start(definition("${{ customer.first_name }}", fetches));
  send("a", "7");
  runtime_.advance(minutes(1));
  send("b", "7");
  runtime_.advance(minutes(1));
  EXPECT_EQ(state("b"), "skipped") << "unchanged";
  remotes_.shop["7"] = {"ann@example.com", "Anna", "Lee", "2024-05-15T09:34:00Z"};
  replay({1});
  runtime_.advance(minutes(1));
  EXPECT_EQ(state("a"), "delivered");
  ASSERT_EQ(puts_.size(), 1U);
  EXPECT_THAT(puts_[0], HasSubstr("Anna"));
  // Unchanged, it is not written again; forced, it is.
  replay({1});
  runtime_.advance(minutes(1));
  EXPECT_EQ(shown(1).row.reason, "unchanged: this version was applied already");
  replay({1}, true);
  runtime_.advance(minutes(1));
  EXPECT_EQ(shown(1).row.reason, "forced, though unchanged: this version was applied already");
  EXPECT_EQ(puts_.size(), 2U);
  // The shop has gone back to a state that is older than what was written.
  remotes_.shop["7"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  replay({1});
  runtime_.advance(minutes(1));
  EXPECT_EQ(shown(1).row.state, "superseded");
  EXPECT_EQ(puts_.size(), 2U);
}

TEST_F(ReplayHost, AChangedMappingIsAppliedToWhatWasDelivered) {
  start(definition());
  send("a", "7");
  runtime_.advance(minutes(1));
  stop();
  host_.reset();
  start(definition("${{ $uppercase(event.type) }}"));
  replay({1});
  runtime_.advance(minutes(1));
  EXPECT_EQ(state("a"), "delivered");
  EXPECT_EQ(notes_.size(), 1U);
  ASSERT_EQ(puts_.size(), 1U);
  EXPECT_THAT(puts_[0], HasSubstr("STORE/CUSTOMER/UPDATED"));
}

TEST_F(ReplayHost, ARunningEventAndAnUnknownPipelineAreRefused) {
  start(definition());
  host_->set_mode("notes", journal::PipelineMode::paused, [](auto) {});
  runtime_.run_until_idle();
  send("a", "7");
  const auto done = replay({1, 99});
  ASSERT_EQ(done.refused.size(), 2U);
  EXPECT_EQ(done.refused[0].code, "not_ended");
  EXPECT_EQ(done.refused[1].code, "not_found");
  std::string code;
  host_->replay("nobody", {1}, false, [&](Result<journal::Requeued> answer) { code = answer.error().code; });
  runtime_.run_until_idle();
  EXPECT_EQ(code, "not_found");
}

class DryRunHost : public ReplayHost {
 protected:
  /// Of the loaded pipeline, beside `with` where it is given.
  DryRunAnswer look(std::vector<journal::Seq> seqs, const std::string& with = "", bool force = false) {
    DryRun wanted;
    wanted.pipeline = "notes";
    wanted.seqs = std::move(seqs);
    wanted.force = force;
    if (!with.empty()) {
      const config::Environment env = {
          {"TOKEN", "token-1234"}, {"SECRET", kClientSecret}, {"HEADER", kHeaderSecret}};
      auto loaded = config::load_text("new.yaml", with, env, *registry_);
      EXPECT_TRUE(loaded.ok()) << config::render_text(loaded.diagnostics, false);
      wanted.with = std::make_shared<const config::Config>(std::move(loaded.config));
    }
    DryRunAnswer answer;
    dry_runs().run(std::move(wanted), [&](Result<DryRunAnswer> given) {
      ASSERT_TRUE(given) << given.error().text();
      answer = std::move(*given);
    });
    runtime_.advance(seconds(30));
    return answer;
  }
  DryRuns& dry_runs() {
    if (!dry_runs_) dry_runs_ = std::make_unique<DryRuns>(*host_);
    return *dry_runs_;
  }
  void TearDown() override {
    dry_runs_.reset();
    VirtualHost::TearDown();
  }
  std::unique_ptr<DryRuns> dry_runs_;
};

TEST_F(DryRunHost, TellsWhatBothWouldSendAndSendsNothing) {
  start(definition());
  send("a", "7");
  send("b", "8");
  runtime_.advance(minutes(1));
  ASSERT_EQ(notes_.size(), 2U);
  hidden_ = true;  // what the host knows of its objects needs no search
  const auto answer = look({1, 2, 99}, definition("${{ $uppercase(event.type) }}"));
  EXPECT_EQ(answer.done, 3U);
  ASSERT_EQ(answer.events.size(), 2U);
  for (const auto& event : answer.events) {
    ASSERT_EQ(event.now.actions.size(), 1U);
    ASSERT_TRUE(event.with);
    EXPECT_EQ(event.now.actions[0].state, "send") << event.now.actions[0].reason;
    EXPECT_THAT(event.now.actions[0].how, HasSubstr("update"));
    EXPECT_THAT(event.now.actions[0].record, HasSubstr("\"store/customer/updated\""));
    EXPECT_THAT(event.with->actions[0].record, HasSubstr("\"STORE/CUSTOMER/UPDATED\""));
    EXPECT_NE(event.now.version, event.with->version);
  }
  EXPECT_TRUE(puts_.empty());
  EXPECT_EQ(notes_.size(), 2U);
  EXPECT_EQ(state("a"), "delivered");
  EXPECT_EQ(show("a").attempts.size(), 1U) << "nothing is noted";
  EXPECT_TRUE(show("a").notes.empty());
  // The same, not dry, does send.
  replay({1, 2});
  runtime_.advance(minutes(1));
  EXPECT_EQ(puts_.size(), 2U);
}

TEST_F(DryRunHost, TheSourceIsAskedOnceForBoth) {
  const std::string fetches = R"(, fetch: { customer: { id: "${{ event.keys.customer }}" } })";
  remotes_.shop["7"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  start(definition("${{ customer.first_name }}", fetches));
  send("a", "7");
  runtime_.advance(minutes(1));
  remotes_.shop["7"] = {"ann@example.com", "Anna", "Lee", "2024-05-15T09:34:00Z"};
  const auto asked = remotes_.log.size();
  const auto answer = look({1}, definition("${{ customer.last_name }}", fetches));
  EXPECT_EQ(remotes_.log.size(), asked + 1);
  ASSERT_EQ(answer.events.size(), 1U);
  EXPECT_THAT(answer.events[0].now.actions[0].record, HasSubstr("Anna"));
  EXPECT_THAT(answer.events[0].with->actions[0].record, HasSubstr("Lee"));
}

TEST_F(DryRunHost, TellsWhatAReplayWouldNotDo) {
  start(definition());
  send("old", "7", "store/customer/created");
  runtime_.advance(minutes(1));
  send("new", "7");
  runtime_.advance(minutes(1));
  auto answer = look({1, 2});
  ASSERT_EQ(answer.events.size(), 2U);
  EXPECT_FALSE(answer.events[0].with);
  EXPECT_EQ(answer.events[0].now.actions[0].state, "superseded");
  EXPECT_EQ(answer.events[0].stored.row.state, "delivered");
  EXPECT_EQ(answer.events[1].now.actions[0].state, "send");
  EXPECT_THAT(answer.events[1].now.actions[0].conversation, HasSubstr("not sent"));
  EXPECT_EQ(look({1}, "", true).events[0].now.actions[0].state, "send");
  answer = look({1}, definition("${{ $error('no') }}"));
  EXPECT_EQ(answer.events[0].with->actions[0].state, "rejected");
}

TEST_F(DryRunHost, ARemoteThatDoesNotAnswerIsNotWaitedForLong) {
  const std::string fetches = R"(, fetch: { customer: { id: "${{ event.keys.customer }}" } })";
  remotes_.shop["7"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  start(definition("${{ customer.first_name }}", fetches));
  send("a", "7");
  runtime_.advance(minutes(1));
  remotes_.shop_delay = seconds(50);
  const auto answer = look({1});
  ASSERT_EQ(answer.events.size(), 1U);
  ASSERT_EQ(answer.events[0].now.actions.size(), 1U);
  EXPECT_EQ(answer.events[0].now.actions[0].state, "unknown");
  EXPECT_EQ(answer.events[0].now.actions[0].reason, "the remotes did not answer in time");
}

TEST_F(DryRunHost, WhatCannotBeMeantIsRefused) {
  start(definition());
  std::string code;
  DryRun wanted;
  wanted.pipeline = "nobody";
  wanted.seqs = {1};
  dry_runs().run(std::move(wanted), [&](Result<DryRunAnswer> given) { code = given.error().code; });
  runtime_.advance(seconds(1));
  EXPECT_EQ(code, "not_found");
}

// --- dead letters that are retried

class OldDeadLetter : public ReplayHost {
 protected:
  /// A dead letter, and behind it a newer event of its object that was written.
  void die_and_go_on(const std::string& more = "") {
    bool refuses = true;
    runtime_.network().on_request(
        [this, &refuses](const runtime::HttpRequest& request) -> runtime::ScriptedAnswer {
          if (refuses && request.method != "GET" && request.url.find("notes.test") != std::string::npos)
            return {422, "{}", {{"Content-Type", "application/json"}}};
          return answer(request);
        });
    remotes_.shop["7"] = {"ann@example.com", "Ann", "Lee", ""};
    start(definition("${{ event.id }}", more));
    send("old", "7");
    runtime_.advance(minutes(1));
    ASSERT_EQ(state("old"), "rejected");
    refuses = false;
    send("new", "7");
    runtime_.advance(minutes(1));
    ASSERT_EQ(state("new"), "delivered");
    runtime_.network().on_request([this](const runtime::HttpRequest& request) { return answer(request); });
    journal_->requeue({1}, {&runtime_.delivery(), [](Result<journal::Requeued> done) { ASSERT_TRUE(done); }});
    runtime_.advance(minutes(1));
  }
};

TEST_F(OldDeadLetter, IsNotWrittenOverWhatIsNewer) {
  die_and_go_on();
  EXPECT_EQ(state("old"), "superseded");
  EXPECT_EQ(show("old").row.reason, "a newer event (2) was applied already");
  EXPECT_TRUE(puts_.empty());
}

TEST_F(OldDeadLetter, IsWrittenWhereItsStateIsFetched) {
  die_and_go_on(R"(, fetch: { customer: { id: "${{ event.keys.customer }}" } })");
  EXPECT_EQ(state("old"), "delivered");
  EXPECT_EQ(puts_.size(), 1U);
}

/// Where the sink is called, not asked to keep an object in a state.
class ReplayedCalls : public VirtualHost {
 protected:
  void SetUp() override {
    VirtualHost::SetUp();
    runtime_.network().on_request([this](const runtime::HttpRequest& request) -> runtime::ScriptedAnswer {
      if (request.method == "POST")
        keys_.push_back(*runtime::find_header(request.headers, "Idempotency-Key"));
      return {status_, "{\"id\":\"r\"}", {{"Content-Type", "application/json"}}};
    });
  }
  void begin() {
    start(R"(
tenon: 1
name: records
connections:
  store: { connector: bigcommerce, store_hash: abc123, access_token: "${TOKEN}", client_secret: "${SECRET}", webhook_secret: "${HEADER}" }
  desk: { connector: gorgias, domain: acme, email: a@example.com, api_key: "${KEY}", base_url: "https://records.test/v1" }
trigger: { connection: store, events: [store/customer/updated] }
mapping: { id: "c_${{ event.keys.customer }}" }
action: { connection: desk, operation: post_record }
)");
  }
  void replay(bool force) {
    host_->replay("records", {1}, force, [](Result<journal::Requeued> done) { EXPECT_TRUE(done); });
    runtime_.advance(minutes(1));
  }
  std::vector<std::string> keys_;
  int status_ = 201;
};

TEST_F(ReplayedCalls, ADeliveredCallIsMadeAgainOnlyIfForcedAndUnderItsId) {
  begin();
  send("a", "7");
  runtime_.advance(minutes(1));
  ASSERT_EQ(keys_.size(), 1U);
  runtime_.advance(hours(48));  // the sink has forgotten the key
  replay(false);
  EXPECT_EQ(state("a"), "delivered");
  EXPECT_EQ(keys_.size(), 1U) << "nothing was sent";
  EXPECT_THAT(show("a").notes[0].text, HasSubstr("delivered already, not done again: main"));
  replay(true);
  ASSERT_EQ(keys_.size(), 2U);
  EXPECT_EQ(keys_[0], keys_[1]);
}

TEST_F(ReplayedCalls, ACallThatWasRefusedIsMadeAgainUnderItsId) {
  status_ = 400;
  begin();
  send("a", "7");
  runtime_.advance(minutes(1));
  ASSERT_EQ(state("a"), "rejected");
  status_ = 201;
  replay(false);
  EXPECT_EQ(state("a"), "delivered");
  ASSERT_EQ(keys_.size(), 2U);
  EXPECT_EQ(keys_[0], keys_[1]);
}

}  // namespace
}  // namespace tenon::pipeline
