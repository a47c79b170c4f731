#include <gtest/gtest.h>

#include "probe.hpp"

namespace {

using tenon::testing::fake_host;
using tenon::testing::reply;

class Call : public testing::Test {
 protected:
  fake_host host{probe::plugin(), "probe", "{}"};
  void TearDown() override {
    EXPECT_EQ(host.report(), "");
    EXPECT_EQ(probe::tracked::alive, 0);
  }
};

TEST_F(Call, TheTableHasWhatTheClassesHave) {
  EXPECT_EQ(probe::plugin()->abi_major, 1u);
  EXPECT_EQ(probe::plugin()->connector_count, 3u);
  EXPECT_NE(host.source()->accept, nullptr);
  EXPECT_NE(host.source()->fetch, nullptr);
  EXPECT_EQ(host.source()->list, nullptr);
  EXPECT_EQ(host.source()->hooks_list, nullptr);
  EXPECT_NE(host.sink()->find, nullptr);
  EXPECT_NE(host.sink()->deliver, nullptr);
  fake_host half(probe::plugin(), "half", "{}");
  EXPECT_EQ(half.source()->fetch, nullptr);
  EXPECT_EQ(half.sink(), nullptr);
  fake_host sender(probe::plugin(), "sender", "{}");
  EXPECT_EQ(sender.source(), nullptr);
  EXPECT_EQ(sender.sink()->find, nullptr);
  EXPECT_EQ(sender.sink()->update, nullptr);
}

TEST_F(Call, CreateThatThrowsRefusesTheConnection) {
  fake_host refused(probe::plugin(), "probe", "refuse");
  EXPECT_FALSE(refused.made());
  EXPECT_EQ(refused.failure(), "these settings are refused");
  fake_host odd(probe::plugin(), "probe", "throw 7");
  EXPECT_FALSE(odd.made());
  EXPECT_EQ(odd.failure(), "unknown exception");
  EXPECT_EQ(refused.report() + odd.report(), "");
}

TEST_F(Call, EveryKindOfAnswer) {
  EXPECT_TRUE(host.find("upsert_thing", "none").matches.empty());
  const auto one = host.find("upsert_thing", "one");
  ASSERT_EQ(one.matches.size(), 1u);
  EXPECT_EQ(one.matches[0].version, "v");
  EXPECT_EQ(host.fetch("gone", "{}").summary(), "gone");
  EXPECT_EQ(host.fetch("outcome", "{}").summary(), "retry/throttled");
  EXPECT_EQ(host.fetch("x", R"({"a":1})").data, R"({"a":1})");
  EXPECT_EQ(host.fetch("delivered", "{}").summary(), "rejected/plugin") << "a fetch cannot be delivered";
  const auto done = host.update("upsert_thing", "7", "r", tenon::match("i", "t", "v"));
  EXPECT_EQ(done.id, "7r");
  EXPECT_EQ(done.version, "ivt");
  EXPECT_EQ(host.update("upsert_thing", "7", "r").version, "no match");
  EXPECT_EQ(host.deliver("send_thing", "{}", "c").id, "c1");
  EXPECT_EQ(host.deliver("send_thing", "long", "c").message.size(), 100'000u);
}

TEST_F(Call, OnlyUpdateKnowsStaleIds) {
  EXPECT_EQ(host.update("upsert_thing", "stale", "{}").summary(), "retry/stale");
  EXPECT_EQ(host.deliver("send_thing", "stale", "c").summary(), "rejected/invalid");
  EXPECT_EQ(host.fetch("stale", "{}").summary(), "rejected/invalid");
  host.answer("GET", "https://x.test/404", reply(404));
  EXPECT_EQ(host.find("upsert_thing", "https://x.test/404").summary(), "rejected/invalid");
  host.answer("POST", "https://x.test/", reply(404));
  EXPECT_EQ(host.create("upsert_thing", "{}", "c").summary(), "rejected/invalid");
}

TEST_F(Call, ExceptionsKeepTheirText) {
  const auto got = host.find("upsert_thing", "throw");
  EXPECT_EQ(got.summary(), "rejected/plugin");
  EXPECT_EQ(got.message, "find threw");
  EXPECT_EQ(host.find("upsert_thing", "throw 7").message, "unknown exception");
  EXPECT_EQ(host.find("upsert_thing", "unreadable").summary(), "retry/ambiguous");
  host.answer("GET", "https://x.test/throw", reply(200));
  EXPECT_EQ(host.find("upsert_thing", "https://x.test/throw").message, "threw after waiting");
  EXPECT_EQ(host.find("upsert_thing", "").summary(), "rejected/plugin") << "the fake host refuses: no URL";
}

TEST_F(Call, SeveralFramesAndRequests) {
  host.answer("GET", "https://x.test/1", reply(200)).answer("GET", "https://x.test/2", reply(200, "first"));
  const auto got = host.find("upsert_thing", "twice");
  ASSERT_EQ(got.matches.size(), 2u);
  EXPECT_EQ(got.matches[0].id, "first");
  EXPECT_EQ(host.requests().size(), 2u);
}

TEST_F(Call, CancelUnwindsTheFrames) {
  host.answer("GET", "https://x.test/1", reply(200));
  const auto call = host.begin_find("upsert_thing", "twice");
  EXPECT_EQ(probe::tracked::alive, 2);
  host.cancel(call);
  EXPECT_EQ(probe::tracked::alive, 2) << "cancelling only completes the request";
  EXPECT_EQ(host.finish(call).summary(), "cancelled");
  EXPECT_EQ(probe::tracked::alive, 0);
}

TEST_F(Call, ManyCallsOfOneInstanceInterleave) {
  std::vector<tenon_call> calls;
  for (int i = 0; i < 100; ++i) {
    host.answer("GET", "https://x.test/1", reply(200))
        .answer("GET", "https://x.test/2", reply(200, std::to_string(i)));
    calls.push_back(host.begin_find("upsert_thing", "twice"));
  }
  EXPECT_EQ(probe::tracked::alive, 200);
  for (std::size_t i = 0; i < calls.size(); ++i)
    EXPECT_EQ(host.finish(calls[i]).matches.at(0).id, std::to_string(i));
}

TEST_F(Call, OneEffectACall) {
  host.answer("POST", "https://x.test/", reply(500));
  EXPECT_EQ(host.create("upsert_thing", "{}", "again").summary(), "rejected/plugin");
  host.answer("POST", "https://x.test/", reply(500)).answer("POST", "https://x.test/search", reply(200));
  EXPECT_EQ(host.create("upsert_thing", "{}", "search").summary(), "delivered");
}

TEST_F(Call, UnknownOperationsAreRejected) {
  EXPECT_EQ(host.find("send_thing", "{}").summary(), "rejected/plugin");
  EXPECT_EQ(host.deliver("nothing", "{}", "c").summary(), "rejected/plugin");
  EXPECT_EQ(host.deliver(std::string_view("send_thing\0", 11), "{}", "c").summary(), "rejected/plugin");
}

TEST_F(Call, HostPowers) {
  host.set_now(12345);
  EXPECT_EQ(host.fetch("clock", "{}").data, "12345");
  host.fetch("noisy", "{}");
  EXPECT_EQ(host.logs(), std::vector<std::string>{"fetching noisy"});
}

TEST_F(Call, BinaryTextsPassWhole) {
  const std::string text("a\0b\xff", 4);
  EXPECT_EQ(host.fetch("x", text).data, text);
  host.answer("POST", "https://x.test/", reply(200));
  host.create("upsert_thing", text, "c");
  EXPECT_EQ(host.requests().back().body, text);
}

}  // namespace
