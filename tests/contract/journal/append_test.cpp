// Appending, and recognising repetitions.
#include "contract.hpp"

namespace tenon::journal::test {
namespace {

INSTANTIATE_TEST_SUITE_P(Backends, JournalContract, testing::Values(Backend::memory, Backend::sqlite),
                         [](const auto& each) {
                           return each.param == Backend::memory ? "memory" : "sqlite";
                         });

TEST_P(JournalContract, NumbersGrowInTheOrderOfReceiving) {
  const Seq a = rig.add("a");
  const Seq b = rig.add("b");
  EXPECT_GT(a, 0U);
  EXPECT_GT(b, a);
  const auto taken = rig.take();
  ASSERT_EQ(seqs_of(taken), (std::vector<Seq>{a, b}));
  EXPECT_EQ(taken[0].event.id, "a");
  EXPECT_EQ(taken[1].event.id, "b");
}

TEST_P(JournalContract, AnEventComesBackWhole) {
  Event sent = event("id#1", "customer:7", R"({"n":69.80})");
  sent.keys = {{"customer", "7"}, {"quo\"te", "back\\slash\n\t\x01"}, {"umlaut", "\xc3\xbc"}};
  sent.version = "v1";
  sent.time_ms = 12;
  sent.event_class = EventClass::reconcile;
  sent.thin = true;
  ASSERT_TRUE(rig.append(append_of(NewEvent{sent, "pipe"})));
  const auto taken = rig.take();
  ASSERT_EQ(taken.size(), 1U);
  const Event& got = taken[0].event;
  EXPECT_EQ(got.id, sent.id);
  EXPECT_EQ(got.connection, sent.connection);
  EXPECT_EQ(got.type, sent.type);
  EXPECT_EQ(got.key, sent.key);
  EXPECT_EQ(got.keys, sent.keys);
  EXPECT_EQ(got.version, sent.version);
  EXPECT_EQ(got.time_ms, sent.time_ms);
  EXPECT_EQ(got.data, sent.data);
  EXPECT_EQ(got.received_ms, sent.received_ms);
  EXPECT_EQ(got.event_class, sent.event_class);
  EXPECT_TRUE(got.thin);
  EXPECT_EQ(taken[0].pipeline, "pipe");
  EXPECT_EQ(taken[0].attempts, 0U);
  EXPECT_FALSE(taken[0].next_ms);
  EXPECT_TRUE(taken[0].ended_actions.empty());
}

TEST_P(JournalContract, OneAppendFansOut) {
  const auto appended =
      rig.append(append_of({new_event("a#1", "p"), new_event("a#1", "q"), new_event("a#2", "p")}));
  ASSERT_TRUE(appended);
  EXPECT_FALSE(appended->duplicate);
  EXPECT_EQ(appended->seqs.size(), 3U);
  const auto taken = rig.take();
  EXPECT_EQ(seqs_of(taken), appended->seqs);
  EXPECT_EQ(taken[1].pipeline, "q");
  EXPECT_EQ(taken[2].event.id, "a#2");
}

TEST_P(JournalContract, ARepetitionIsAnsweredWithTheFirstNumbers) {
  Append twice = append_of({new_event("d1#1"), new_event("d1#2")});
  twice.dedupe = dedupe("d1", "body");
  const auto first = rig.append(twice);
  const auto second = rig.append(twice);
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(first->duplicate);
  EXPECT_TRUE(second->duplicate);
  EXPECT_FALSE(second->id_reused);
  EXPECT_EQ(second->seqs, first->seqs);
  EXPECT_EQ(rig.take().size(), 2U);
}

TEST_P(JournalContract, RepetitionsInOneBatchAreRecognised) {
  std::vector<std::shared_ptr<Asked<Appended>>> asked;
  for (int i = 0; i < 5; ++i) {
    asked.push_back(std::make_shared<Asked<Appended>>());
    rig.journal->append(signed_append("d1", "body", "d1"), rig.reply(asked.back()));
  }
  rig.runtime.run();
  int duplicates = 0;
  for (const auto& each : asked) {
    ASSERT_TRUE(each->answer && *each->answer);
    duplicates += (*each->answer)->duplicate ? 1 : 0;
  }
  EXPECT_EQ(duplicates, 4);
  EXPECT_EQ(rig.take().size(), 1U);
}

TEST_P(JournalContract, TheSameIdWithAnotherBodyIsItsOwnEvent) {
  const auto first = rig.append(signed_append("d1", "body", "d1"));
  const auto other = rig.append(signed_append("d1", "other", "d1"));
  ASSERT_TRUE(first && other);
  EXPECT_FALSE(other->duplicate);
  EXPECT_TRUE(other->id_reused);
  EXPECT_NE(other->seqs, first->seqs);
  // Each is recognised from now on.
  const auto again = rig.append(signed_append("d1", "other", "d1"));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->duplicate);
  EXPECT_FALSE(again->id_reused);
  EXPECT_EQ(again->seqs, other->seqs);
  EXPECT_EQ(rig.append(signed_append("d1", "body", "d1"))->seqs, first->seqs);
}

TEST_P(JournalContract, WithoutAnIdTheBodyDecides) {
  EXPECT_FALSE(rig.append(signed_append("", "body", "x"))->duplicate);
  EXPECT_TRUE(rig.append(signed_append("", "body", "y"))->duplicate);
  const auto other = rig.append(signed_append("", "other", "z"));
  EXPECT_FALSE(other->duplicate);
  EXPECT_FALSE(other->id_reused);
  // An id and a body are different ways to be recognised.
  EXPECT_FALSE(rig.append(signed_append("d1", "body", "x"))->duplicate);
}

TEST_P(JournalContract, ConnectionsAreRecognisedApart) {
  Append here = signed_append("d1", "body", "d1");
  Append there = here;
  there.dedupe->connection = "other";
  EXPECT_FALSE(rig.append(here)->duplicate);
  const auto got = rig.append(there);
  EXPECT_FALSE(got->duplicate);
  EXPECT_FALSE(got->id_reused);
}

TEST_P(JournalContract, WithoutADedupeKeyNothingIsRecognised) {
  rig.add("same");
  rig.add("same");
  EXPECT_EQ(rig.take().size(), 2U);
}

TEST_P(JournalContract, AMalformedRequestIsADeadLetterAtOnce) {
  const std::string raw("\x00\xff{\"broken\": '\"\xc3", 16);
  Append request;
  request.dedupe = dedupe("d1", raw);
  request.malformed = event("d1", "", raw);
  const auto appended = rig.append(request);
  ASSERT_TRUE(appended);
  EXPECT_TRUE(appended->seqs.empty());
  EXPECT_TRUE(rig.take().empty());
  EXPECT_EQ(rig.counts().dead, 1U);
  EXPECT_EQ(rig.counts().waiting, 0U);
  const auto shown = rig.show("d1");
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->row.state, "rejected");
  EXPECT_EQ(shown->row.reason, "malformed_event");
  EXPECT_EQ(shown->row.event.data, raw);
  EXPECT_TRUE(rig.append(request)->duplicate);
  EXPECT_EQ(rig.counts().dead, 1U);
}

TEST_P(JournalContract, AnAppendOfNothingIsFine) {
  const auto appended = rig.append(Append());
  ASSERT_TRUE(appended);
  EXPECT_TRUE(appended->seqs.empty());
  EXPECT_FALSE(appended->duplicate);
}

TEST_P(JournalContract, HostileTextsComeBackAsTheyWere) {
  const std::string nuls("a\0b\0'; DROP TABLE event; --\"", 28);
  const std::string big(1024 * 1024, 'x');
  Append request = append_of(
      {new_event(nuls, nuls, nuls, nuls), new_event("big", "p", "k", big), new_event("", "", "", "")});
  request.dedupe = dedupe(nuls, nuls, nuls);
  ASSERT_TRUE(rig.append(request));
  EXPECT_TRUE(rig.append(request)->duplicate);
  Settlement settlement = retried(1, 5, 1);
  settlement.attempts = {attempt(1, nuls)};
  settlement.actions = {{nuls, End::skipped, nuls, nuls}};
  Identity identity{{nuls, nuls, nuls}, IdentityState::known, nuls, nuls, 1};
  settlement.identities = {identity};
  settlement.applied = {{{identity.key, nuls, nuls, nuls}, nuls, nuls, nuls}};
  ASSERT_TRUE(rig.settle(settlement));
  const auto taken = rig.take();
  ASSERT_EQ(taken.size(), 3U);
  EXPECT_EQ(taken[0].event.id, nuls);
  EXPECT_EQ(taken[0].event.key, nuls);
  EXPECT_EQ(taken[0].event.data, nuls);
  EXPECT_EQ(taken[0].pipeline, nuls);
  EXPECT_EQ(taken[0].ended_actions.at(0).first, nuls);
  EXPECT_EQ(taken[1].event.data, big);
  EXPECT_EQ(taken[2].event.data, "");
  EXPECT_EQ(rig.show(nuls)->attempts.at(0).conversation, nuls);
  const auto looked = rig.look({identity.key}, {settlement.applied[0].key});
  EXPECT_EQ(looked.identities[0].sink_id, nuls);
  EXPECT_EQ(looked.applied[0]->version, nuls);
  Query query;
  query.key = nuls;
  EXPECT_EQ(rig.list(query).size(), 1U);
}

}  // namespace
}  // namespace tenon::journal::test
