// Creates whose answer is lost, late or hidden, at sinks of every kind: one object each, whatever happens.
#include <sqlite3.h>

#include <filesystem>

#include "journal/upkeep.hpp"
#include "notes_host.hpp"

namespace tenon::pipeline {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

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
