// Animals that get in and misbehave: contained with a clear outcome, and the host serves the next one.
#include <gtest/gtest.h>

#include <chrono>

#include "tests/zoo/rig.hpp"

namespace tenon::zoo {
namespace {

using namespace std::chrono_literals;
using runtime::HttpRequest;
using runtime::RequestSent;
using runtime::ScriptedAnswer;

class Contained : public testing::Test {
 protected:
  std::unique_ptr<plugin::Instance> make(const std::string& animal) {
    auto made = rig.make(animal);
    EXPECT_TRUE(made.has_value()) << made.error().text();
    return made ? std::move(*made) : nullptr;
  }
  void answer(int status, std::string body = "") {
    rig.runtime.network().on_request([=](const HttpRequest&) { return ScriptedAnswer(status, body); });
  }
  void fail(const char* code, RequestSent sent) {
    rig.runtime.network().on_request(
        [=](const HttpRequest&) { return ScriptedAnswer(Error(code, "scripted"), sent); });
  }
  std::size_t requests() { return rig.runtime.network().requests().size(); }
  void TearDown() override { rig.expect_good(); }

  Rig rig{TENON_ZOO_DIR};
};

TEST_F(Contained, ThrowsInCreate) {
  auto made = rig.make("throws_in_create");
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().text(), "plugin_create_failed: connection desk: create threw: no today");
}

TEST_F(Contained, ThrowsInFind) {
  auto one = make("throws_in_find");
  EXPECT_EQ(rig.find(*one, R"({"do": "throw"})"), "rejected/plugin");
  EXPECT_EQ(rig.last.message, "find threw: find is not in the mood");
  EXPECT_EQ(rig.find(*one, R"({"do": "int"})"), "rejected/plugin");
  EXPECT_EQ(rig.last.message, "find threw: an exception that is no std::exception");
  EXPECT_EQ(rig.find(*one, R"({"do": "completed"})"), "found");
  answer(201, "9");
  EXPECT_EQ(rig.create(*one, "{}"), "rejected/plugin");
  EXPECT_EQ(rig.last.message, "create threw: the answer is not liked");
  EXPECT_EQ(rig.last.sent, Sent::yes);
  const auto events = one->accept("{}", {}, 1, {});
  ASSERT_FALSE(events.has_value());
  EXPECT_EQ(events.error().text(), "plugin_contract_broken: accept threw: accept is not in the mood");
  answer(200, "[]");
  EXPECT_EQ(rig.find(*one, "{}"), "found") << "the same instance goes on";
}

TEST_F(Contained, CompletesTwice) {
  auto one = make("completes_twice");
  const auto before = Rig::counted("plugin_contract_broken", "completed_late_or_twice");
  EXPECT_EQ(rig.find(*one, "{}"), "found");
  answer(201, "9");
  EXPECT_EQ(rig.create(*one, "{}"), "delivered");
  EXPECT_EQ(Rig::counted("plugin_contract_broken", "completed_late_or_twice"), before + 2);
}

TEST_F(Contained, CompletesLate) {
  auto one = make("completes_late");
  const auto late = Rig::counted("plugin_contract_broken", "completed_late_or_twice");
  const auto gone = Rig::counted("plugin_calls_ignored", "after the instance ended");
  one->find("upsert_thing", R"({"do": "keep"})", rig.options, rig.keep());
  rig.runtime.advance(121s);
  EXPECT_EQ(rig.outcome(), "retry/plugin");
  EXPECT_EQ(rig.last.message, "plugin_stuck: find was not completed in time");
  answer(200, "[]");
  EXPECT_EQ(rig.find(*one, "{}"), "found");
  EXPECT_EQ(Rig::counted("plugin_contract_broken", "completed_late_or_twice") +
                Rig::counted("plugin_calls_ignored", "after the instance ended"),
            late + gone + 2);
}

TEST_F(Contained, NeverCompletesAndAFreshInstanceTakesOver) {
  auto one = make("never_completes");
  EXPECT_EQ(rig.find(*one, "{}"), "found");
  const std::string first = rig.last.data;
  one->find("upsert_thing", R"({"do": "hang"})", rig.options, rig.keep());
  rig.runtime.advance(119s);
  EXPECT_EQ(rig.ended, 0);
  EXPECT_EQ(one->open_calls(), 1u);
  rig.runtime.advance(2s);
  EXPECT_EQ(rig.outcome(), "retry/plugin");
  EXPECT_EQ(one->open_calls(), 0u);
  EXPECT_EQ(rig.find(*one, "{}"), "found");
  EXPECT_NE(rig.last.data, first);
}

TEST_F(Contained, WhatElseRunsOnAStuckInstanceGoesOn) {
  auto one = make("never_completes");
  rig.runtime.network().on_request([](const HttpRequest&) { return ScriptedAnswer(200, "[]", {}, 50s); });
  one->find("upsert_thing", R"({"do": "hang"})", rig.options, rig.keep());
  rig.runtime.advance(100s);
  one->find("upsert_thing", R"({"do": "slow"})", rig.options, rig.keep());
  rig.runtime.advance(21s);
  EXPECT_EQ(rig.outcome(), "retry/plugin");
  EXPECT_EQ(one->open_calls(), 1u);
  rig.runtime.advance(30s);
  EXPECT_EQ(rig.outcome(), "found");
  EXPECT_EQ(rig.find(*one, "{}"), "found");
  EXPECT_EQ(one->open_calls(), 0u);
}

class TellsLate : public Contained {
 protected:
  /// The first of two creates is given up before the second one is answered; `first_takes` says how long its
  /// own answer takes. What was told late of it.
  std::vector<plugin::CallResult> told(std::chrono::seconds first_takes) {
    auto one = make("tells_late");
    std::vector<plugin::CallResult> out;
    const std::vector<ScriptedAnswer> answers = {{201, "9", {}, first_takes}, {201, "10", {}, 50s}};
    std::size_t posts = 0;
    rig.runtime.network().on_request([&](const HttpRequest&) { return answers.at(posts++); });
    plugin::CallOptions first = rig.options;
    first.late = [&](const plugin::CallResult& result) { out.push_back(result); };
    one->create("upsert_thing", "{}", "create-1", first, rig.keep());
    rig.runtime.advance(100s);
    one->create("upsert_thing", "{}", "create-2", rig.options, rig.keep());
    rig.runtime.advance(30s);
    EXPECT_EQ(rig.outcome(), "retry/plugin");
    EXPECT_TRUE(out.empty());
    rig.runtime.advance(30s);
    EXPECT_EQ(rig.outcome(), "delivered");
    EXPECT_EQ(rig.last.id, "10");
    return out;
  }
};

TEST_F(TellsLate, WhatWasAnsweredIsHeardOnce) {
  const auto late = Rig::counted("plugin_contract_broken", "completed_late_or_twice");
  const auto heard = told(0s);
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard.front().id, "9");
  EXPECT_EQ(Rig::counted("plugin_contract_broken", "completed_late_or_twice"), late + 2);
}

TEST_F(TellsLate, WhatWasNeverAnsweredIsNotBelieved) { EXPECT_TRUE(told(1000s).empty()); }

TEST_F(Contained, HearsTheAnswerAndSaysNothing) {
  auto one = make("never_completes");
  answer(201, "9");
  one->create("upsert_thing", "{}", "c", rig.options, rig.keep());
  rig.runtime.advance(121s);
  EXPECT_EQ(rig.outcome(), "retry/plugin");
  EXPECT_EQ(rig.last.sent, Sent::yes) << "the host knows that the create was answered";
}

TEST_F(Contained, AStuckInstanceMayBeDestroyedWithItsCallOpen) {
  auto one = make("never_completes");
  one->find("upsert_thing", R"({"do": "hang"})", rig.options, rig.keep());
  one.reset();
  rig.runtime.advance(200s);
  EXPECT_EQ(rig.ended, 0);
}

TEST_F(Contained, AnInstanceMayBeDestroyedWithARequestOnItsWay) {
  auto one = make("good");
  const auto abandoned = Rig::counted("plugin_instances_abandoned", "good");
  rig.runtime.network().on_request([](const HttpRequest&) { return ScriptedAnswer(200, "[]", {}, 10s); });
  one->find("upsert_thing", "{}", rig.options, rig.keep());
  one.reset();
  EXPECT_EQ(Rig::counted("plugin_instances_abandoned", "good"), abandoned) << "it unwound and was ended";
  rig.runtime.advance(200s);
  EXPECT_EQ(rig.ended, 0);
}

TEST_F(Contained, AnInstanceMayBeDestroyedWithARefusalOnItsWay) {
  auto one = make("talks_to_foreign_host");
  one->find("upsert_thing", "{}", rig.options, rig.keep());
  one.reset();
  rig.runtime.advance(200s);
  EXPECT_EQ(rig.ended, 0);
}

TEST_F(Contained, GarbageAnswers) {
  auto one = make("garbage_lengths");
  const std::pair<const char*, const char*> all[] = {
      {"null_data", "the data: 100 bytes at a null pointer"},
      {"low_pointer", "the data: 100 bytes at a null pointer"},
      {"negative_size", "the message: 18446744073709551615 bytes"},
      {"huge_size", "the data: 1099511627776 bytes, at most 16777216"},
      {"short_result", "tenon_result has 16 bytes, this host needs"},
      {"long_result", "tenon_result has 2147483647 bytes"},
      {"null_result", "tenon_result is a null pointer"},
      {"crooked_result", "tenon_result is misaligned"},
      {"null_matches", "matches is a null pointer"},
      {"many_matches", "matches: 18446744073709551615 of them, at most 1000"},
      {"short_match", "matches has 8 bytes, this host needs 56"},
      {"nameless_match", "a match without an id"},
      {"no_text", "a match's id is not UTF-8"},
      {"bad_verdict", "verdict 77 does not fit find"},
      {"wrong_verdict", "verdict 4 does not fit find"},
      {"uncalled_cancel", "verdict 5 does not fit find"},
      {"bad_cause", "cause 77 is unknown"},
  };
  for (const auto& [what, message] : all) {
    EXPECT_EQ(rig.find(*one, std::string("{\"do\": \"") + what + "\"}"), "rejected/plugin") << what;
    EXPECT_NE(rig.last.message.find(message), std::string::npos) << what << ": " << rig.last.message;
  }
  EXPECT_EQ(rig.find(*one, "{}"), "found");
}

TEST_F(Contained, GarbageRequests) {
  auto one = make("garbage_lengths");
  answer(200, "17");
  EXPECT_EQ(rig.deliver(*one, "{}"), "delivered");
  EXPECT_EQ(requests(), 1u);
  for (const char* what :
       {"null_request", "short_request", "null_url", "relative_url", "user_in_url", "file_url", "plain_http",
        "odd_port", "line_in_header", "null_headers", "short_header", "many_headers", "own_credential",
        "own_cookie", "own_length", "odd_method", "huge_body"}) {
    EXPECT_EQ(rig.deliver(*one, std::string("{\"do\": \"") + what + "\"}"), "retry/not_sent") << what;
    EXPECT_FALSE(rig.last.message.empty()) << what;
  }
  EXPECT_EQ(rig.deliver(*one, R"({"do": "no_function"})"), "delivered");
  EXPECT_EQ(requests(), 1u) << "nothing of it left";
  one->deliver("post_note", R"({"do": "other_call"})", "c", rig.options, rig.keep());
  rig.runtime.run_until_idle();
  EXPECT_EQ(rig.outcome(), "rejected/plugin");
  EXPECT_EQ(requests(), 1u);
}

TEST_F(Contained, GarbageEvents) {
  auto one = make("garbage_lengths");
  const auto error = [&](const char* body) {
    const auto events = one->accept(body, {}, 1, {});
    return events ? "" : events.error().text();
  };
  EXPECT_EQ(error("{}"), "");
  const std::string broken = "plugin_contract_broken: ";
  EXPECT_EQ(error("null_event"), broken + "tenon_event is a null pointer");
  EXPECT_EQ(error("short_event"), broken + "tenon_event has 16 bytes, this host needs 112");
  EXPECT_EQ(error("no_key"), broken + "an event without a key");
  EXPECT_EQ(error("no_type"), broken + "an event without a type");
  EXPECT_EQ(error("no_data"), broken + "an event whose data is not JSON");
  EXPECT_EQ(error("no_json"), broken + "an event whose data is not JSON");
  EXPECT_EQ(error("no_text"), broken + "the event's key is not UTF-8");
  EXPECT_EQ(error("huge_key"), broken + "the event's key: 1099511627776 bytes, at most 1024");
  EXPECT_EQ(error("null_keys"), broken + "the event's keys is a null pointer");
  EXPECT_EQ(error("many_keys"), broken + "the event's keys: 18446744073709551615 of them, at most 64");
  EXPECT_EQ(error("flood"), broken + "more than 10000 events of one request");
  EXPECT_EQ(error("null_reason"),
            "malformed_event: the plugin gave a broken reason: the reason: 50 bytes at a null pointer");
  EXPECT_EQ(error("no_reason"), "malformed_event: the plugin refused the request and did not say why");
}

TEST_F(Contained, CompletesInline) {
  auto one = make("completes_inline");
  bool inside = true;
  one->find("upsert_thing", "{}", rig.options, [&](plugin::CallResult result) {
    EXPECT_FALSE(inside) << "a completion inside of the call that began it";
    rig.last = std::move(result);
    ++rig.ended;
  });
  inside = false;
  EXPECT_EQ(rig.outcome(), "found");
  ASSERT_EQ(rig.last.matches.size(), 1u);
  EXPECT_EQ(rig.last.matches[0].id, "inline");
}

TEST_F(Contained, TalksToForeignHosts) {
  auto one = make("talks_to_foreign_host");
  answer(200, "[]");
  for (const char* how : {"plain", "suffix", "prefix", "user", "backslash", "local"}) {
    EXPECT_EQ(rig.find(*one, std::string("{\"do\": \"") + how + "\"}"), "retry/not_sent") << how;
    EXPECT_FALSE(rig.last.message.empty());
  }
  EXPECT_EQ(requests(), 0u);
}

TEST_F(Contained, SecondEffect) {
  auto one = make("second_effect");
  answer(201, "9");
  EXPECT_EQ(rig.create(*one, "{}"), "retry/ambiguous") << rig.last.message;
  EXPECT_EQ(rig.last.message, "a second non-idempotent request in one call");
  EXPECT_EQ(requests(), 1u);
  EXPECT_EQ(rig.create(*one, R"({"do": "at_once"})"), "retry/ambiguous");
  EXPECT_EQ(requests(), 2u);
}

TEST_F(Contained, TheHostKnowsBetterThanThePluginWhatWasSent) {
  auto one = make("boasts");
  answer(201, "9");
  EXPECT_EQ(rig.create(*one, "{}"), "delivered");
  EXPECT_EQ(rig.last.sent, Sent::yes);
  fail("connection_lost", RequestSent::maybe);
  EXPECT_EQ(rig.create(*one, "{}"), "retry/ambiguous");
  EXPECT_EQ(rig.last.sent, Sent::maybe);
  EXPECT_EQ(rig.create(*one, R"({"claim": "not_sent"})"), "retry/ambiguous");
  fail("connect_failed", RequestSent::no);
  EXPECT_EQ(rig.create(*one, "{}"), "retry/not_sent");
  EXPECT_EQ(rig.last.sent, Sent::no);
}

TEST_F(Contained, CallsFromAnotherThreadAreIgnored) {
  auto one = make("other_thread");
  const auto before = Rig::counted("plugin_calls_ignored", "from another thread");
  answer(200, "[]");
  EXPECT_EQ(rig.find(*one, "{}"), "found");
  EXPECT_EQ(Rig::counted("plugin_calls_ignored", "from another thread"), before + 2);
}

TEST_F(Contained, CancelUnwindsTheCall) {
  auto one = make("good");
  rig.runtime.network().on_request([](const HttpRequest&) { return ScriptedAnswer(201, "9", {}, 10s); });
  const auto call = one->create("upsert_thing", "{}", "c", rig.options, rig.keep());
  rig.runtime.advance(1s);
  one->cancel(call);
  EXPECT_EQ(rig.outcome(), "cancelled");
  EXPECT_EQ(rig.last.sent, Sent::maybe);
  one->cancel(call);
  one->cancel(12345);
  EXPECT_EQ(rig.outcome(), "0 ended");
}

TEST_F(Contained, ACancelledCallThatDoesNotUnwindIsGivenUp) {
  auto one = make("never_completes");
  const auto call = one->find("upsert_thing", R"({"do": "hang"})", rig.options, rig.keep());
  one->cancel(call);
  EXPECT_EQ(rig.outcome(), "0 ended");
  rig.runtime.advance(6s);
  EXPECT_EQ(rig.outcome(), "cancelled");
  EXPECT_EQ(rig.find(*one, "{}"), "found");
}

TEST_F(Contained, ADeadlineEndsTheRequestAndThePluginStillSpeaks) {
  auto one = make("good");
  rig.runtime.network().on_request([](const HttpRequest&) { return ScriptedAnswer(201, "9", {}, 1000s); });
  rig.options.deadline = 10s;
  one->create("upsert_thing", "{}", "c", rig.options, rig.keep());
  rig.runtime.advance(10s);
  EXPECT_EQ(rig.outcome(), "retry/ambiguous");
  EXPECT_EQ(rig.last.sent, Sent::maybe);
  EXPECT_EQ(rig.runtime.timers(), 0u);
  rig.options.deadline = 120s;
}

TEST_F(Contained, CallsTheManifestDoesNotHaveAreRefused) {
  auto one = make("good");
  one->find("nothing", "{}", rig.options, rig.keep());
  EXPECT_EQ(rig.outcome(), "rejected/invalid");
  EXPECT_EQ(rig.last.message, "connector good has no operation called nothing");
  one->deliver("upsert_thing", "{}", "c", rig.options, rig.keep());
  EXPECT_EQ(rig.outcome(), "rejected/invalid");
  one->fetch("nothing", "{}", rig.options, rig.keep());
  EXPECT_EQ(rig.outcome(), "rejected/invalid");
  one->list("nothing", "{}", "", rig.options, rig.keep());
  EXPECT_EQ(rig.outcome(), "rejected/invalid");
}

TEST_F(Contained, TheCredentialIsSentAndNeverRecorded) {
  auto one = make("good");
  answer(200, "you said zoo-secret-token");
  EXPECT_EQ(rig.find(*one, "{}"), "found");
  const auto& sent = rig.runtime.network().requests().back().request;
  const auto* const header = runtime::find_header(sent.headers, "authorization");
  ASSERT_NE(header, nullptr);
  EXPECT_EQ(*header, "Bearer zoo-secret-token");
  EXPECT_EQ(rig.conversation.size(), 1u);
  const std::string recorded = rig.conversation.to_json();
  EXPECT_EQ(recorded.find("zoo-secret-token"), std::string::npos) << recorded;
  EXPECT_NE(recorded.find("https://zoo.test/things"), std::string::npos);
  EXPECT_NE(recorded.find("200"), std::string::npos);
}

TEST_F(Contained, ASecretOfAnotherConnectionIsNotRecordedEither) {
  plugin::ConnectionSpec other;
  other.name = "store";
  other.connector = "good";
  other.secrets["token"] = Secret("another-zoo-secret");
  plugin::ConnectionSpec spec;
  spec.name = "desk";
  spec.connector = "good";
  spec.settings = "{}";
  spec.secrets["token"] = Secret("zoo-secret-token");
  spec.hosts = {"zoo.test"};
  answer(200, "the other says another-zoo-secret");
  for (const bool together : {false, true}) {
    plugin::InstanceHost host{&rig.runtime, &rig.runtime.delivery(), &rig.gate};
    if (together) host.redactor = plugin::redactor_of({{"desk", spec}, {"store", other}}, *rig.registry);
    auto one = rig.registry->make_instance(spec, host);
    ASSERT_TRUE(one.has_value());
    rig.conversation = observe::Conversation();
    EXPECT_EQ(rig.find(**one, "{}"), "found");
    const bool shown = rig.conversation.to_json().find("another-zoo-secret") != std::string::npos;
    EXPECT_EQ(shown, !together) << "alone it cannot know: the control";
  }
}

}  // namespace
}  // namespace tenon::zoo
