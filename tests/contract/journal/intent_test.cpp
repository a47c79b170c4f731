// What is learnt late of a create, and the intents of calls: they go with their event.
#include "contract.hpp"
#include "journal/upkeep.hpp"

namespace tenon::journal::test {
namespace {

const IdentityKey kAnn{"desk:1", "customer", "external_id=30"};
const IdentityKey kMail{"desk:1", "customer", "email=ann@example.com"};

Result<bool> learn(Rig& rig, std::vector<IdentityKey> keys, const std::string& create_id,
                   const std::string& sink_id, std::optional<Epoch> epoch = std::nullopt) {
  return rig.ask<bool>([&](auto reply) {
    rig.journal->learn(epoch.value_or(rig.journal->epoch()), keys, create_id, sink_id, std::move(reply));
  });
}
Identity looked(Rig& rig, const IdentityKey& key) { return rig.look({key}).identities[0]; }

TEST_P(JournalContract, WhatIsLearntLateIsKnown) {
  ASSERT_TRUE(rig.begin({rig.add("a"), "main", {kAnn, kMail}, "create-1", 42}));
  EXPECT_TRUE(*learn(rig, {kAnn, kMail}, "create-1", "g1"));
  for (const IdentityKey& key : {kAnn, kMail}) {
    EXPECT_EQ(looked(rig, key).state, IdentityState::known);
    EXPECT_EQ(looked(rig, key).sink_id, "g1");
  }
  EXPECT_FALSE(*learn(rig, {kAnn}, "create-1", "g2")) << "it is known already";
  EXPECT_EQ(looked(rig, kAnn).sink_id, "g1");
}

TEST_P(JournalContract, WhatIsLearntOfAnotherCreateIsNot) {
  const Seq seq = rig.add("a");
  EXPECT_FALSE(*learn(rig, {kAnn}, "create-1", "g1")) << "nobody created anything";
  ASSERT_TRUE(rig.begin({seq, "main", {kAnn}, "create-1", 42}));
  ASSERT_TRUE(rig.begin({seq, "main", {kAnn}, "create-2", 43}));
  EXPECT_FALSE(*learn(rig, {kAnn}, "create-1", "g1"));
  EXPECT_EQ(looked(rig, kAnn).state, IdentityState::creating);
  const auto stale = learn(rig, {kAnn}, "create-2", "g2", rig.journal->epoch() - 1);
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code, "stale_epoch");
  EXPECT_EQ(looked(rig, kAnn).state, IdentityState::creating);
}

TEST_P(JournalContract, OfAnUnknownIdentityNothingIsKept) {
  const Seq seq = rig.add("a");
  ASSERT_TRUE(rig.begin({seq, "main", {kAnn}, "create-1", 42}));
  Settlement again = retried(seq, 1, 1);
  again.identities = {{kAnn, IdentityState::unknown, "", "", 0}};
  ASSERT_TRUE(rig.settle(again));
  EXPECT_EQ(looked(rig, kAnn).state, IdentityState::unknown);
  EXPECT_EQ(looked(rig, kAnn).create_id, "");
}

TEST_P(JournalContract, TheIntentOfACallGoesWithItsEvent) {
  std::vector<Seq> seqs;
  // Numbers that begin alike: 1 and 10 to 12.
  for (int i = 1; i <= 12; ++i)
    seqs.push_back(rig.add("e" + std::to_string(i), "p", i == 11 ? "k" : "other"));
  ASSERT_EQ(seqs.front(), 1U);
  for (const Seq seq : {Seq{1}, Seq{10}, Seq{11}, Seq{12}}) {
    for (const char* action : {"main", "note"})
      ASSERT_TRUE(rig.begin({seq, action, {key_of_call(seq, action)}, "call", 42}));
  }
  ASSERT_TRUE(rig.begin({12, "main", {kAnn}, "create-1", 42}));
  const auto has = [this](Seq seq) {
    const auto rows = rig.look({key_of_call(seq, "main"), key_of_call(seq, "note")}).identities;
    EXPECT_EQ(rows[0].state, rows[1].state);
    return rows[0].state == IdentityState::creating;
  };
  ASSERT_TRUE(rig.settle(ended(1)));
  ASSERT_TRUE(rig.settle(ended(11, End::exhausted)));
  EXPECT_TRUE(has(1)) << "an end alone does not say what became of the call";
  EXPECT_EQ(rig.retain(INT64_MAX), 1U);
  EXPECT_FALSE(has(1));
  for (const Seq seq : {Seq{10}, Seq{11}, Seq{12}}) EXPECT_TRUE(has(seq)) << seq;
  ForgetQuery query;
  query.key = "k";
  ASSERT_TRUE(rig.ask<Forgotten>([&](auto reply) { forget(*rig.journal, query, std::move(reply)); }));
  EXPECT_FALSE(has(11)) << "a dead letter's goes where its key is forgotten";
  for (const Seq seq : {Seq{10}, Seq{12}}) EXPECT_TRUE(has(seq)) << seq;
  EXPECT_EQ(looked(rig, kAnn).state, IdentityState::creating);
}

}  // namespace
}  // namespace tenon::journal::test
