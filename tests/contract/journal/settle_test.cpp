// Settling, identities and intents.
#include "contract.hpp"

namespace tenon::journal::test {
namespace {

const IdentityKey kAnn{"gorgias:acme", "customer", "bc_1"};

Applied applied_to(const IdentityKey& identity, const std::string& hash) {
  return {{identity, "p", "main", "customer/1"}, "v1", hash, "digest"};
}

TEST_P(JournalContract, ASettlementWritesEverythingItSays) {
  const Seq seq = rig.add("a");
  rig.take();
  rig.runtime.now_ms += 5000;
  Settlement done = ended(seq, End::delivered, "fine");
  done.attempts_counted = 2;
  done.attempts = {attempt(1), attempt(2, R"([{"status":200}])")};
  done.actions = {{"main", End::delivered, "", ""}, {"note", End::skipped, "when is false", ""}};
  done.identities = {{kAnn, IdentityState::known, "g12", "c1", 7}};
  done.applied = {applied_to(kAnn, "hash")};
  ASSERT_TRUE(rig.settle(done));

  const auto shown = rig.show("a");
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->row.seq, seq);
  EXPECT_EQ(shown->row.state, "delivered");
  EXPECT_EQ(shown->row.reason, "fine");
  EXPECT_EQ(shown->row.attempts, 2U);
  EXPECT_EQ(shown->row.ended_ms, rig.runtime.now_ms);
  EXPECT_EQ(shown->row.event.data, "{}");
  ASSERT_EQ(shown->actions.size(), 2U);
  EXPECT_EQ(shown->actions[1].action, "note");
  EXPECT_EQ(shown->actions[1].end, End::skipped);
  EXPECT_EQ(shown->actions[1].reason, "when is false");
  ASSERT_EQ(shown->attempts.size(), 2U);
  const AttemptRecord expected = attempt(1);
  EXPECT_EQ(shown->attempts[0].action, expected.action);
  EXPECT_EQ(shown->attempts[0].number, 1U);
  EXPECT_EQ(shown->attempts[0].started_ms, expected.started_ms);
  EXPECT_EQ(shown->attempts[0].finished_ms, expected.finished_ms);
  EXPECT_EQ(shown->attempts[0].outcome, expected.outcome);
  EXPECT_EQ(shown->attempts[0].cause, expected.cause);
  EXPECT_EQ(shown->attempts[0].reason, expected.reason);
  EXPECT_EQ(shown->attempts[0].fetched, expected.fetched);
  EXPECT_EQ(shown->attempts[1].conversation, R"([{"status":200}])");

  const Looked looked = rig.look({kAnn}, {done.applied[0].key});
  EXPECT_EQ(looked.identities[0].state, IdentityState::known);
  EXPECT_EQ(looked.identities[0].sink_id, "g12");
  EXPECT_EQ(looked.identities[0].create_id, "c1");
  EXPECT_EQ(looked.identities[0].create_since_ms, 7);
  ASSERT_TRUE(looked.applied[0]);
  EXPECT_EQ(looked.applied[0]->version, "v1");
  EXPECT_EQ(looked.applied[0]->record_hash, "hash");
  EXPECT_EQ(looked.applied[0]->mapping_digest, "digest");
}

TEST_P(JournalContract, ARetryWaitsWithItsTimeAndItsAnswers) {
  const Seq seq = rig.add("a");
  rig.take();
  Settlement again = retried(seq, rig.runtime.now_ms + 7000, 3);
  again.attempts = {attempt(3)};
  ASSERT_TRUE(rig.settle(again));
  const auto shown = rig.show("a");
  EXPECT_EQ(shown->row.state, "retrying");
  EXPECT_EQ(shown->row.next_ms, rig.runtime.now_ms + 7000);
  EXPECT_EQ(shown->row.attempts, 3U);
  EXPECT_FALSE(shown->row.ended_ms);
  EXPECT_EQ(rig.counts().waiting, 1U);
  ASSERT_TRUE(rig.settle(ended(seq, End::exhausted, "72 hours")));
  EXPECT_EQ(rig.show("a")->row.state, "exhausted");
  EXPECT_FALSE(rig.show("a")->row.next_ms);
  EXPECT_EQ(rig.counts().waiting, 0U);
  EXPECT_EQ(rig.counts().dead, 1U);
}

TEST_P(JournalContract, ActionsEndOneByOne) {
  const Seq seq = rig.add("a");
  Settlement one;
  one.seq = seq;
  one.actions = {{"first", End::delivered, "", "g7"},
                 {"noted", End::delivered, "", ""},
                 {"refused", End::rejected, "why", ""}};
  ASSERT_TRUE(rig.settle(one));
  EXPECT_EQ(rig.show("a")->row.state, "waiting");
  const auto taken = rig.take();
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].ended_actions,
            (std::vector<std::pair<std::string, End>>{
                {"first", End::delivered}, {"noted", End::delivered}, {"refused", End::rejected}}));
  EXPECT_EQ(taken[0].reasons, (std::vector<std::pair<std::string, std::string>>{{"refused", "why"}}));
  EXPECT_EQ(taken[0].written, (std::vector<std::pair<std::string, std::string>>{{"first", "g7"}}));
  Settlement rest = ended(seq, End::rejected, "second");
  rest.actions = {{"second", End::rejected, "no", ""}};
  ASSERT_TRUE(rig.settle(rest));
  EXPECT_EQ(rig.show("a")->actions.size(), 4U);
}

TEST_P(JournalContract, ABatchIsSettledWholeOrNotAtAll) {
  const Seq a = rig.add("a");
  const Seq b = rig.add("b");
  rig.take();
  Settlement first = ended(a, End::rejected);
  first.attempts = {attempt(1)};
  first.actions = {{"main", End::rejected, "", ""}};
  first.identities = {{kAnn, IdentityState::known, "g12", "", 0}};
  first.applied = {applied_to(kAnn, "h")};
  for (const auto& bad : {ended(999), ended(a), retried(999, 1, 1)}) {
    const auto settled = rig.settle(std::vector<Settlement>{first, bad});
    ASSERT_FALSE(settled);
    EXPECT_EQ(settled.error().code, "not_open");
    EXPECT_EQ(rig.show("a")->row.state, "waiting");
    EXPECT_TRUE(rig.show("a")->attempts.empty());
    EXPECT_TRUE(rig.show("a")->actions.empty());
    EXPECT_EQ(rig.look({kAnn}).identities[0].state, IdentityState::unknown);
    EXPECT_FALSE(rig.look({}, {first.applied[0].key}).applied[0]);
    EXPECT_EQ(rig.counts().waiting, 2U);
    EXPECT_EQ(rig.counts().dead, 0U);
  }
  ASSERT_TRUE(rig.settle(std::vector<Settlement>{first, ended(b)}));
  EXPECT_EQ(rig.counts().waiting, 0U);
  EXPECT_EQ(rig.counts().dead, 1U);
}

TEST_P(JournalContract, AnEventEndsOnce) {
  const Seq seq = rig.add("a");
  ASSERT_TRUE(rig.settle(ended(seq, End::skipped, "gone")));
  EXPECT_EQ(rig.settle(ended(seq)).error().code, "not_open");
  EXPECT_EQ(rig.settle(retried(seq, 1, 1)).error().code, "not_open");
  EXPECT_EQ(rig.show("a")->row.state, "skipped");
}

TEST_P(JournalContract, EveryEndHasItsName) {
  for (const End end :
       {End::delivered, End::skipped, End::superseded, End::duplicate, End::rejected, End::exhausted}) {
    const std::string id(name_of(end));
    Settlement settlement = ended(rig.add(id), end);
    settlement.actions = {{"main", end, "", ""}};
    ASSERT_TRUE(rig.settle(settlement));
    EXPECT_EQ(rig.show(id)->row.state, id);
    EXPECT_EQ(rig.show(id)->actions.at(0).end, end);
  }
}

TEST_P(JournalContract, OfManyAttemptsTheNewestAreKept) {
  const Seq seq = rig.add("a");
  const Seq neighbour = rig.add("b");
  Settlement other = retried(neighbour, 1, 1);
  other.attempts = {attempt(1)};
  ASSERT_TRUE(rig.settle(other));
  for (std::uint32_t i = 1; i <= 130; ++i) {
    Settlement again = retried(seq, 1, i);
    again.attempts = {attempt(i)};
    ASSERT_TRUE(rig.settle(again));
  }
  const auto shown = rig.show("a");
  ASSERT_EQ(shown->attempts.size(), 100U);
  EXPECT_EQ(shown->attempts.front().number, 31U);
  EXPECT_EQ(shown->attempts.back().number, 130U);
  EXPECT_EQ(rig.show("b")->attempts.size(), 1U);
}

// --- identities and intents

TEST_P(JournalContract, WhatNobodyKnowsIsUnknown) {
  const Looked looked = rig.look({kAnn, {"x", "y", "z"}}, {applied_to(kAnn, "").key});
  ASSERT_EQ(looked.identities.size(), 2U);
  EXPECT_EQ(looked.identities[0].key, kAnn);
  EXPECT_EQ(looked.identities[0].state, IdentityState::unknown);
  EXPECT_EQ(looked.identities[1].key.account, "x");
  ASSERT_EQ(looked.applied.size(), 1U);
  EXPECT_FALSE(looked.applied[0]);
}

TEST_P(JournalContract, AnIntentIsWrittenBeforeTheCreate) {
  const Seq seq = rig.add("a");
  ASSERT_TRUE(rig.begin({seq, "main", {kAnn}, "create-1", 42}));
  Identity identity = rig.look({kAnn}).identities[0];
  EXPECT_EQ(identity.state, IdentityState::creating);
  EXPECT_EQ(identity.create_id, "create-1");
  EXPECT_EQ(identity.create_since_ms, 42);
  EXPECT_EQ(identity.sink_id, "");
  identity.state = IdentityState::known;
  identity.sink_id = "g1";
  Settlement done = ended(seq);
  done.identities = {identity};
  ASSERT_TRUE(rig.settle(done));
  EXPECT_EQ(rig.look({kAnn}).identities[0].sink_id, "g1");
  // Gone at the sink: created anew, and the old id is worth nothing.
  ASSERT_TRUE(rig.begin({rig.add("b"), "main", {kAnn}, "create-2", 43}));
  EXPECT_EQ(rig.look({kAnn}).identities[0].sink_id, "");
  EXPECT_EQ(rig.look({kAnn}).identities[0].create_id, "create-2");
}

TEST_P(JournalContract, LookKeepsTheOrderOfTheQuestion) {
  Settlement done = ended(rig.add("a"));
  std::vector<IdentityKey> keys;
  for (const char* name : {"c", "a", "b"}) {
    keys.push_back({"acct", "r", name});
    done.identities.push_back({keys.back(), IdentityState::known, std::string("id-") + name, "", 0});
  }
  done.applied = {applied_to(keys[0], "h0"), applied_to(keys[2], "h2")};
  done.applied[1].version.reset();
  ASSERT_TRUE(rig.settle(done));
  const Looked looked = rig.look({keys[1], {"acct", "r", "none"}, keys[0]},
                                 {applied_to(keys[2], "").key, applied_to(keys[1], "").key});
  EXPECT_EQ(looked.identities[0].sink_id, "id-a");
  EXPECT_EQ(looked.identities[1].state, IdentityState::unknown);
  EXPECT_EQ(looked.identities[2].sink_id, "id-c");
  EXPECT_EQ(looked.applied[0]->record_hash, "h2");
  EXPECT_FALSE(looked.applied[0]->version);
  EXPECT_FALSE(looked.applied[1]);
}

TEST_P(JournalContract, AppliedIsKeptPerPipelineActionAndSource) {
  Settlement done = ended(rig.add("a"));
  Applied one = applied_to(kAnn, "one");
  Applied two = one;
  two.key.pipeline = "q";
  Applied three = one;
  three.key.source_object = "address/2";
  two.record_hash = "two";
  three.record_hash = "three";
  done.applied = {one, two, three};
  ASSERT_TRUE(rig.settle(done));
  Settlement later = ended(rig.add("b"));
  one.record_hash = "one again";
  later.applied = {one};
  ASSERT_TRUE(rig.settle(later));
  const Looked looked = rig.look({}, {one.key, two.key, three.key});
  EXPECT_EQ(looked.applied[0]->record_hash, "one again");
  EXPECT_EQ(looked.applied[1]->record_hash, "two");
  EXPECT_EQ(looked.applied[2]->record_hash, "three");
}

}  // namespace
}  // namespace tenon::journal::test
