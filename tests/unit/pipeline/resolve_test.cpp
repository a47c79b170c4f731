// Creates whose answer is lost, late or hidden, at sinks of every kind: one object each, whatever happens.
#include <gmock/gmock.h>
#include <sqlite3.h>

#include <filesystem>
#include <set>

#include "journal/upkeep.hpp"
#include "observe/metrics.hpp"
#include "virtual_host.hpp"

namespace tenon::pipeline {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// A remote of notes: what it recognises depends on the operation, its search may lag, its creates may be
/// lost or land late.
class Notes {
 public:
  struct Note {
    std::string external_id;
    runtime::Duration seen_from{};
  };
  std::vector<Note> notes;
  std::map<std::string, std::size_t> keys;
  runtime::Duration lag{};
  /// How a create goes: the answer is lost, and what it did takes effect after `lands` (never: not at all).
  struct Fault {
    bool lost = false;
    bool never = false;
    runtime::Duration lands{};
  };
  std::function<Fault(int)> fault = [](int) { return Fault(); };
  int creates = 0;

  runtime::ScriptedAnswer answer(runtime::VirtualRuntime& runtime, const runtime::HttpRequest& request) {
    const runtime::Headers json = {{"Content-Type", "application/json"}};
    const runtime::Duration now = runtime.clock().steady();
    if (request.method == "GET") {
      const std::string wanted = request.url.substr(request.url.rfind('=') + 1);
      std::string rows;
      for (std::size_t i = 0; i < notes.size(); ++i) {
        if (notes[i].external_id != wanted || notes[i].seen_from > now) continue;
        rows += (rows.empty() ? "" : ",") + ("{\"id\":" + std::to_string(i + 1)) + "}";
      }
      return {200, "{\"data\":[" + rows + "]}", json};
    }
    if (request.method == "PUT") return {200, "{}", json};
    const auto body = parse_json(request.body);
    const std::string external_id(body->root.get("external_id").as_string());
    const std::string key = *runtime::find_header(request.headers, "Idempotency-Key");
    const Fault how = fault(++creates);
    const bool keyed = request.url.find("put_keyed") != std::string::npos;
    const bool unique = request.url.find("put_unique") != std::string::npos;
    const auto act = [this, &runtime, external_id, key, keyed, unique]() -> std::size_t {
      if (keyed && keys.contains(key)) return keys[key];
      if (unique) {
        for (const Note& note : notes) {
          if (note.external_id == external_id) return 0;
        }
      }
      notes.push_back({external_id, runtime.clock().steady() + lag});
      keys[key] = notes.size();
      return notes.size();
    };
    if (how.lost) {
      if (!how.never && how.lands > runtime::Duration())
        runtime.delivery().after(how.lands, [act] { act(); });
      if (!how.never && how.lands == runtime::Duration()) act();
      return {Error("timeout", "no answer in time"), runtime::RequestSent::maybe, seconds(60)};
    }
    const std::size_t id = act();
    if (id == 0) return {409, R"({"error":"exists"})", json};
    return {201, "{\"id\":" + std::to_string(id) + "}", json};
  }
};

class ResolveHost : public VirtualHost {
 protected:
  std::string plugins() const override { return TENON_NOTES_DIR; }

  void SetUp() override {
    VirtualHost::SetUp();
    runtime_.network().on_request(
        [this](const runtime::HttpRequest& request) { return notes_.answer(runtime_, request); });
  }
  void begin(const std::string& operation) { start(pipeline_of(operation)); }
  static std::string pipeline_of(const std::string& operation,
                                 const std::string& url = "https://notes.test") {
    return R"(
tenon: 1
name: notes
connections:
  store: { connector: bigcommerce, store_hash: abc123, access_token: "${TOKEN}", client_secret: "${SECRET}", webhook_secret: "${HEADER}" }
  notes: { connector: notes, base_url: ")" +
           url + R"(" }
trigger: { connection: store, events: [store/customer/updated] }
mapping: { external_id: "c_${{ event.keys.customer }}", name: "${{ event.type }}" }
action: { connection: notes, operation: )" +
           operation + " }\n";
  }
  /// The journal in that folder, as a start of the host finds it.
  void reopen(const std::string& folder) {
    host_.reset();
    journal_->close();
    journal_.reset();
    auto opened = journal::open_sqlite(runtime_, folder, {});
    ASSERT_TRUE(opened) << opened.error().text();
    journal_ = std::move(*opened);
  }
  std::uint64_t told() {
    for (const auto& sample : metrics::snapshot()) {
      if (sample.name == "duplicate_at_sink" && sample.label == "put_plain") return sample.value;
    }
    return 0;
  }

  /// Until the event has ended, while the create before its own is still on its way.
  void deliver(const std::string& id) {
    for (int i = 0; i < 280 && state(id) != "delivered"; ++i) runtime_.advance(seconds(1));
    ASSERT_EQ(state(id), "delivered");
    ASSERT_EQ(notes_.notes.size(), 1U) << "the other lands later";
  }
  /// What was noted last of the event; empty: nothing was.
  std::string note_of(const std::string& id) {
    const auto notes = show(id).notes;
    return notes.empty() ? "" : notes.back().what + ": " + notes.back().text;
  }
  std::size_t watched() {
    std::size_t count = 0;
    journal_->watches({&runtime_.delivery(), [&](Result<std::vector<journal::Watch>> got) {
                         ASSERT_TRUE(got);
                         count = got->size();
                       }});
    runtime_.run_until_idle();
    return count;
  }

  Notes notes_;
};

// --- several objects of one identity

class Several : public ResolveHost {
 protected:
  void SetUp() override {
    ResolveHost::SetUp();
    runtime_.network().on_request([this](const runtime::HttpRequest& request) -> runtime::ScriptedAnswer {
      if (request.method == "PUT") {
        written_.push_back(request.url.substr(request.url.rfind('/') + 1));
        if (!refused_) return {200, "{}"};
        refused_ = false;
        return {503, "{}"};
      }
      std::string rows;
      for (const std::string& id : listed_) rows += (rows.empty() ? "" : ",") + ("{\"id\":\"" + id + "\"}");
      return {200, "{\"data\":[" + rows + "]}", {{"Content-Type", "application/json"}}};
    });
  }
  /// What is written where these match, in that order and in its reverse.
  std::string written_of(std::vector<std::string> ids) {
    std::set<std::string> seen;
    for (int turn = 0; turn < 2; ++turn) {
      listed_ = ids;
      const std::string customer = std::to_string(++sent_);
      send("of_" + customer, customer);
      runtime_.advance(seconds(10));
      seen.insert(written_.empty() ? "nothing" : written_.back());
      std::reverse(ids.begin(), ids.end());
    }
    EXPECT_EQ(seen.size(), 1U) << "it must not depend on how they are listed";
    return *seen.begin();
  }
  std::vector<std::string> listed_, written_;
  bool refused_ = false;
  int sent_ = 0;
};

TEST_F(Several, TheLowestIdIsWrittenHoweverTheyAreListed) {
  begin("put_plain");
  EXPECT_EQ(written_of({"57", "12"}), "12");
  EXPECT_EQ(written_of({"100", "9"}), "9") << "numbers by their value";
  EXPECT_EQ(written_of({"98765432109876543210987", "98765432109876543210986"}), "98765432109876543210986");
  EXPECT_EQ(written_of({"0010", "9"}), "9");
  EXPECT_EQ(written_of({"b", "a10", "a9"}), "a10") << "others by their text";
  EXPECT_EQ(written_of({"1a", "10", "9"}), "9") << "a mixture has an order too";
}

TEST_F(Several, TheEventSaysWhich) {
  begin("put_plain");
  listed_ = {"57", "12"};
  refused_ = true;
  send("one", "7");
  runtime_.advance(minutes(1));
  const auto detail = show("one");
  const std::string which = "several objects at the sink match (12, 57): the lowest id is taken";
  EXPECT_EQ(detail.row.state, "delivered");
  EXPECT_EQ(detail.row.reason, which);
  ASSERT_EQ(detail.attempts.size(), 2U);
  EXPECT_THAT(detail.attempts[0].reason, ::testing::EndsWith("; " + which));
  EXPECT_EQ(detail.attempts[1].reason, which);
  send("next", "7");
  runtime_.advance(seconds(10));
  EXPECT_EQ(show("next").row.reason, "") << "its object is known by now, and nothing is searched";
}

TEST_F(Several, ManyAreNotAllTold) {
  begin("put_plain");
  for (int id = 1; id <= 14; ++id) listed_.push_back(std::to_string(id));
  send("one", "7");
  runtime_.advance(seconds(10));
  EXPECT_THAT(show("one").row.reason, ::testing::HasSubstr("8, 9, 10 and 4 more): the lowest"));
}

TEST_F(Several, AShadowSaysItBesideWhatItWouldDo) {
  start(pipeline_of("put_plain") + "mode: shadow\n");
  listed_ = {"57", "12"};
  send("one", "7");
  runtime_.advance(seconds(10));
  EXPECT_EQ(show("one").row.reason, "shadow: would update 12");
  EXPECT_THAT(show("one").attempts.back().reason, ::testing::HasSubstr("match (12, 57)"));
}

class EverySink : public ResolveHost, public ::testing::WithParamInterface<const char*> {};

TEST_P(EverySink, AnAnswerLostAfterTheEffectMakesOneNoteWhateverTheSearchLag) {
  notes_.lag = seconds(20);
  notes_.fault = [](int n) { return Notes::Fault{n == 1}; };
  begin(GetParam());
  send("msg_1", "7");
  runtime_.advance(minutes(15));
  EXPECT_EQ(state("msg_1"), "delivered");
  EXPECT_EQ(notes_.notes.size(), 1U);
}

TEST_P(EverySink, ACreateThatLandsLateWithinTheQuietTimeMakesOneNote) {
  notes_.lag = seconds(20);
  notes_.fault = [](int n) { return Notes::Fault{n == 1, false, seconds(89)}; };
  begin(GetParam());
  send("msg_1", "7");
  runtime_.advance(minutes(15));
  EXPECT_EQ(state("msg_1"), "delivered");
  EXPECT_EQ(notes_.notes.size(), 1U);
}

TEST_P(EverySink, ACreateThatWasLostOnItsWayIsMadeInTheEnd) {
  notes_.fault = [](int n) { return Notes::Fault{n == 1, true}; };
  begin(GetParam());
  send("msg_1", "7");
  runtime_.advance(minutes(15));
  EXPECT_EQ(state("msg_1"), "delivered");
  EXPECT_EQ(notes_.notes.size(), 1U);
  EXPECT_EQ(notes_.creates, 2);
}

TEST_P(EverySink, AnotherEventOfTheIdentityDoesNotCreateBesideIt) {
  notes_.lag = seconds(20);
  notes_.fault = [](int n) { return Notes::Fault{n == 1, false, seconds(80)}; };
  begin(GetParam());
  send("msg_1", "7");
  send("msg_2", "7");
  runtime_.advance(minutes(20));
  EXPECT_EQ(state("msg_1"), "delivered");
  EXPECT_TRUE(state("msg_2") == "delivered" || state("msg_2") == "skipped") << state("msg_2");
  EXPECT_EQ(notes_.notes.size(), 1U);
}

TEST_P(EverySink, AThousandLostAnswersMakeAThousandNotes) {
  notes_.lag = seconds(20);
  notes_.fault = [](int n) { return Notes::Fault{n <= 1000, n % 7 == 0, seconds(n % 90)}; };
  begin(GetParam());
  for (int i = 0; i < 1000; ++i) send("msg_" + std::to_string(i), std::to_string(i));
  runtime_.advance(hours(2));
  EXPECT_EQ(notes_.notes.size(), 1000U);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(state("msg_" + std::to_string(i)), "delivered");
}

TEST_P(EverySink, AHostThatStartsAgainGoesOnWhereTheCreateWasLeft) {
  notes_.lag = seconds(20);
  notes_.fault = [](int n) { return Notes::Fault{n == 1, false, seconds(85)}; };
  const std::string folder = ::testing::TempDir() + "resolve_" + GetParam();
  std::filesystem::remove_all(folder);
  reopen(folder);
  begin(GetParam());
  send("msg_1", "7");
  runtime_.advance(seconds(30));
  stop();  // while the create is under way
  EXPECT_EQ(state("msg_1"), "waiting");
  reopen(folder);
  begin(GetParam());
  runtime_.advance(minutes(15));
  EXPECT_EQ(state("msg_1"), "delivered");
  EXPECT_EQ(notes_.notes.size(), 1U);
  host_.reset();
  journal_->close();
  journal_.reset();
  std::filesystem::remove_all(folder);
}

// The intent is old by the time at which the create leaves: the quiet time counts from its end.
TEST_P(EverySink, ACreateThatWaitedForTheBudgetAndLandsLateMakesOneNote) {
  notes_.lag = seconds(20);
  notes_.fault = [](int n) { return Notes::Fault{n == 1, false, seconds(88)}; };
  int searches = 0;
  runtime_.network().on_request([&](const runtime::HttpRequest& request) -> runtime::ScriptedAnswer {
    if (request.method != "GET") return notes_.answer(runtime_, request);
    ++searches;
    // The other customer's search has the account paused, while the first one's is on its way.
    if (request.url.ends_with("c_8") && searches < 4) return {429, "", {{"Retry-After", "56"}}};
    auto found = notes_.answer(runtime_, request);
    if (searches == 1) found.delay = seconds(2);
    return found;
  });
  begin(GetParam());
  send("msg_1", "7");
  send("msg_2", "8");
  runtime_.advance(seconds(50));
  EXPECT_EQ(notes_.creates, 0) << "it waits";
  runtime_.advance(minutes(20));
  EXPECT_EQ(state("msg_1"), "delivered");
  EXPECT_EQ(state("msg_2"), "delivered");
  EXPECT_EQ(notes_.notes.size(), 2U);
}

// What the store lacks after a restore proves nothing: the last host may have created it just before.
TEST_P(EverySink, ARestoredHostMakesNoSecondNoteOfOneThatNoSearchShowsYet) {
  notes_.lag = seconds(20);
  const std::string folder = ::testing::TempDir() + "restore_" + GetParam();
  std::filesystem::remove_all(folder);
  reopen(folder);
  start(pipeline_of(GetParam()));
  bool away = true;
  runtime_.network().on_request([&](const runtime::HttpRequest& request) -> runtime::ScriptedAnswer {
    if (away) return {Error("connect_failed", "refused"), runtime::RequestSent::no};
    return notes_.answer(runtime_, request);
  });
  send("msg_1", "7");
  runtime_.advance(seconds(1));
  const std::string copy = folder + "/copy.db";
  ASSERT_TRUE(
      journal::backup_sqlite(folder, copy, runtime_.clock().wall_ms(), [](auto, auto) { return true; }));
  away = false;
  for (int i = 0; i < 60 && state("msg_1") != "delivered"; ++i) runtime_.advance(seconds(1));
  ASSERT_EQ(state("msg_1"), "delivered");
  stop();
  host_.reset();
  journal_->close();
  journal_.reset();
  for (const char* name : {"/journal.db", "/journal.db-wal", "/journal.db-shm"})
    std::filesystem::remove(folder + name);
  std::filesystem::rename(copy, folder + "/journal.db");
  auto opened = journal::open_sqlite(runtime_, folder, {});
  ASSERT_TRUE(opened) << opened.error().text();
  journal_ = std::move(*opened);
  start(pipeline_of(GetParam()));
  runtime_.advance(minutes(15));
  EXPECT_EQ(state("msg_1"), "delivered");
  EXPECT_EQ(notes_.notes.size(), 1U);
  const int creates = notes_.creates;
  send("msg_2", "8");
  runtime_.advance(seconds(3));
  EXPECT_EQ(notes_.creates, creates + 1) << "nothing is waited for any more";
  EXPECT_EQ(watched(), 0U);
  stop();
  host_.reset();
  journal_->close();
  journal_.reset();
  std::filesystem::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(Sinks, EverySink, ::testing::Values("put_plain", "put_keyed", "put_unique"),
                         [](const auto& each) { return std::string(each.param); });

// Whoever else has the store: the create waits, and its lane goes on behind it.
TEST_F(ResolveHost, AnIntentThatCannotBeWrittenIsWaitedFor) {
  const std::string folder = ::testing::TempDir() + "resolve_busy";
  std::filesystem::remove_all(folder);
  reopen(folder);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open((folder + "/journal.db").c_str(), &other), SQLITE_OK);
  bool locked = false;
  runtime_.network().on_request([&](const runtime::HttpRequest& request) -> runtime::ScriptedAnswer {
    if (!locked) {
      locked = true;
      EXPECT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
      // Longer than the journal waits by itself.
      runtime_.delivery().after(milliseconds(500), [&] {
        EXPECT_EQ(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
      });
    }
    return notes_.answer(runtime_, request);
  });
  begin("put_plain");
  send("msg_1", "7");
  runtime_.advance(seconds(10));
  EXPECT_TRUE(locked);
  EXPECT_EQ(state("msg_1"), "delivered");
  send("msg_2", "7");
  runtime_.advance(seconds(10));
  EXPECT_EQ(state("msg_2"), "delivered") << "of the same lane";
  EXPECT_EQ(notes_.creates, 1);
  sqlite3_close(other);
  stop();
  host_.reset();
  journal_->close();
  journal_.reset();
  std::filesystem::remove_all(folder);
}

TEST_F(ResolveHost, ASinkThatRecognisesNothingIsNotSentASecondCreateEarly) {
  notes_.fault = [](int n) { return Notes::Fault{n == 1, true}; };
  begin("put_plain");
  send("msg_1", "7");
  runtime_.advance(
      seconds(149));  // 60 s of exchange + 30 s + 20 s of lag, and two searches more, a lag apart
  EXPECT_EQ(notes_.creates, 1);
  EXPECT_EQ(state("msg_1"), "retrying");
  EXPECT_EQ(show("msg_1").row.attempts, 1U) << "searching is no attempt";
  runtime_.advance(minutes(5));
  EXPECT_EQ(notes_.creates, 2);
}

TEST_F(ResolveHost, ACreateThatLandsBeyondTheQuietTimeIsToldOf) {
  const auto before = told();
  notes_.lag = seconds(1);
  notes_.fault = [](int n) { return Notes::Fault{n == 1, false, seconds(300)}; };
  begin("put_plain");
  send("msg_1", "7");
  runtime_.advance(minutes(10));
  EXPECT_EQ(state("msg_1"), "delivered");
  EXPECT_EQ(notes_.notes.size(), 2U) << "nothing can prevent it: the sink broke what its plugin promises";
  EXPECT_EQ(told(), before + 1);
}

// Beyond its quiet time a sink has broken its promise, and nothing can be prevented; but each is told of.
TEST_F(ResolveHost, EachOfManyCreatesThatLandBeyondTheQuietTimeIsToldOf) {
  constexpr int kEvents = 200;
  const auto before = told();
  notes_.lag = seconds(1);
  notes_.fault = [](int n) {
    // From just behind the second create to most of a day.
    return Notes::Fault{n <= kEvents, false, seconds(300) + seconds(n * n * 2)};
  };
  begin("put_plain");
  for (int i = 0; i < kEvents; ++i) send("msg_" + std::to_string(i), std::to_string(i));
  runtime_.advance(hours(26));
  EXPECT_EQ(notes_.notes.size(), 2U * kEvents) << "each landed, late";
  EXPECT_EQ(told(), before + kEvents);
  for (int i = 0; i < kEvents; ++i) {
    const std::string id = "msg_" + std::to_string(i);
    EXPECT_EQ(state(id), "delivered");
    EXPECT_TRUE(note_of(id).starts_with("duplicate_at_sink: ")) << id;
  }
  EXPECT_EQ(watched(), 0U);
}

class LateCreate : public ResolveHost {
 protected:
  void SetUp() override {
    ResolveHost::SetUp();
    before_ = told();
    notes_.lag = seconds(1);
    notes_.fault = [](int n) { return Notes::Fault{n == 1, false, seconds(300)}; };
  }
  std::uint64_t before_ = 0;
};

TEST_F(LateCreate, IsToldOfByTheNextStart) {
  const std::string folder = ::testing::TempDir() + "resolve_late";
  std::filesystem::remove_all(folder);
  reopen(folder);
  begin("put_plain");
  send("msg_1", "7");
  deliver("msg_1");
  stop();
  EXPECT_EQ(told(), before_);
  EXPECT_EQ(watched(), 1U);
  reopen(folder);
  begin("put_plain");
  runtime_.advance(minutes(10));
  EXPECT_EQ(notes_.notes.size(), 2U);
  EXPECT_EQ(told(), before_ + 1);
  EXPECT_EQ(note_of("msg_1"), "duplicate_at_sink: 1, 2");
  EXPECT_EQ(watched(), 0U);
  stop();
  reopen(folder);
  begin("put_plain");
  runtime_.advance(minutes(10));
  EXPECT_EQ(told(), before_ + 1) << "once";
  host_.reset();
  journal_->close();
  journal_.reset();
  std::filesystem::remove_all(folder);
}

TEST_F(LateCreate, IsToldOfThoughTheSinkDoesNotAnswerForHours) {
  begin("put_plain");
  send("msg_1", "7");
  deliver("msg_1");
  runtime_.network().on_request([](const runtime::HttpRequest&) -> runtime::ScriptedAnswer {
    return {503, "", {}};
  });
  runtime_.advance(hours(3));
  EXPECT_EQ(told(), before_);
  runtime_.network().on_request(
      [this](const runtime::HttpRequest& request) { return notes_.answer(runtime_, request); });
  runtime_.advance(hours(2));
  EXPECT_EQ(told(), before_ + 1);
  EXPECT_EQ(watched(), 0U);
}

TEST_F(LateCreate, IsGivenUpAfterADayAndThatIsSaid) {
  begin("put_plain");
  send("msg_1", "7");
  deliver("msg_1");
  runtime_.network().on_request([](const runtime::HttpRequest&) -> runtime::ScriptedAnswer {
    return {503, "", {}};
  });
  runtime_.advance(hours(27));
  EXPECT_TRUE(note_of("msg_1").starts_with("duplicate_unchecked: ")) << note_of("msg_1");
  EXPECT_EQ(watched(), 0U);
}

TEST_F(LateCreate, IsToldOfThroughTheConnectionOfAReload) {
  begin("put_plain");
  send("msg_1", "7");
  deliver("msg_1");
  std::optional<Result<Host::Changes>> applied;
  host_->apply(load_all({pipeline_of("put_plain", "https://other.test")}), false,
               [&](Result<Host::Changes> got) { applied = std::move(got); });
  while (!applied && runtime_.step()) {
  }
  ASSERT_TRUE(*applied) << applied->error().text();
  runtime_.advance(minutes(10));
  EXPECT_EQ(told(), before_ + 1);
}

TEST_F(ResolveHost, ACreateThatWasAloneIsLookedAfterInSilence) {
  const auto before = told();
  notes_.fault = [](int n) { return Notes::Fault{n == 1, true}; };
  begin("put_plain");
  send("msg_1", "7");
  deliver("msg_1");
  EXPECT_EQ(watched(), 1U);
  runtime_.advance(hours(25));
  EXPECT_EQ(told(), before);
  EXPECT_EQ(note_of("msg_1"), "");
  EXPECT_EQ(watched(), 0U);
  send("msg_2", "8");
  runtime_.advance(seconds(1));
  EXPECT_EQ(watched(), 0U) << "of a first create nothing is kept";
}

// Some sinks keep a failure under its key and repeat it for ever.
TEST_F(ResolveHost, AKeyThatKeepsFailingIsReplacedByANewOne) {
  std::vector<std::string> keys;
  runtime_.network().on_request([&](const runtime::HttpRequest& request) -> runtime::ScriptedAnswer {
    if (request.method != "POST") return notes_.answer(runtime_, request);
    const std::string key = *runtime::find_header(request.headers, "Idempotency-Key");
    if (keys.empty() || keys.back() != key) keys.push_back(key);
    if (key == keys.front()) return {500, "{}"};
    return notes_.answer(runtime_, request);
  });
  begin("put_keyed");
  send("msg_1", "7");
  runtime_.advance(minutes(30));
  EXPECT_EQ(state("msg_1"), "delivered");
  EXPECT_EQ(keys.size(), 2U);
  EXPECT_EQ(notes_.notes.size(), 1U);
}

TEST_F(ResolveHost, ARefusedCreateLeavesNothingToWaitFor) {
  int posts = 0;
  runtime_.network().on_request([&](const runtime::HttpRequest& request) -> runtime::ScriptedAnswer {
    if (request.method == "POST" && ++posts == 1) return {429, "", {{"Retry-After", "3"}}};
    return notes_.answer(runtime_, request);
  });
  begin("put_plain");
  send("msg_1", "7");
  runtime_.advance(seconds(15));
  EXPECT_EQ(state("msg_1"), "delivered") << "a create that was refused cannot land later";
}

}  // namespace
}  // namespace tenon::pipeline
