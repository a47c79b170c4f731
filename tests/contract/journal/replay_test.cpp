// Ended events opened once more under their numbers, and what there is of a range of time.
#include "contract.hpp"
#include "journal/upkeep.hpp"

namespace tenon::journal::test {
namespace {

using Seqs = std::vector<Seq>;

Requeued replay(Rig& rig, Seqs seqs, std::vector<std::string> keep = {}, bool force = false,
                const std::string& pipeline = "p") {
  Replay wanted{pipeline, std::move(seqs), std::move(keep), force};
  const auto done =
      rig.ask<Requeued>([&](auto reply) { journal::replay(*rig.journal, wanted, std::move(reply)); });
  EXPECT_TRUE(done) << (done ? "" : done.error().text());
  return done ? *done : Requeued();
}

Range range_of(Rig& rig, std::int64_t since_ms, std::int64_t until_ms, const std::string& pipeline = "p") {
  RangeQuery query{pipeline, since_ms, until_ms};
  const auto found =
      rig.ask<Range>([&](auto reply) { journal::range(*rig.journal, query, std::move(reply)); });
  EXPECT_TRUE(found) << (found ? "" : found.error().text());
  return found ? *found : Range();
}

std::string codes_of(const Requeued& done) {
  std::string out;
  for (const auto& refused : done.refused) out += std::to_string(refused.seq) + " " + refused.code + ",";
  return out;
}

Settlement delivered(Seq seq) {
  Settlement settlement = ended(seq);
  settlement.actions = {{"one", End::delivered, "", "7"}, {"two", End::delivered, "", "8"}};
  settlement.attempts = {attempt(1)};
  settlement.attempts_counted = 1;
  return settlement;
}

TEST_P(JournalContract, AnEndedEventIsReplayedUnderItsNumber) {
  const Seq good = rig.add("a", "p");
  const Seq dead = rig.add("b", "p");
  const Seq open = rig.add("c", "p");
  const Seq other = rig.add("d", "q");
  rig.take();
  ASSERT_TRUE(rig.settle(delivered(good)));
  ASSERT_TRUE(rig.settle(ended(dead, End::rejected, "HTTP 400")));
  ASSERT_TRUE(rig.settle(ended(other)));
  const Requeued done = replay(rig, {dead, good, good, open, other, 999}, {"two"});
  EXPECT_EQ(done.seqs, (Seqs{good, dead}));
  EXPECT_EQ(codes_of(done), "3 not_ended,4 other_pipeline,999 not_found,");
  EXPECT_EQ(done.replaying, 2U);
  EXPECT_EQ(rig.counts().dead, 0U);
  const auto taken = rig.take();
  ASSERT_EQ(seqs_of(taken), (Seqs{good, dead}));
  EXPECT_EQ(taken[0].event.event_class, EventClass::replay);
  EXPECT_EQ(taken[0].event.id, "a");
  EXPECT_EQ(taken[0].attempts, 0U);
  EXPECT_EQ(taken[0].requeued_ms, rig.runtime.now_ms);
  EXPECT_FALSE(taken[0].forced);
  ASSERT_EQ(taken[0].ended_actions.size(), 1U) << "only what is kept stays done";
  EXPECT_EQ(taken[0].ended_actions[0].first, "two");
  EXPECT_EQ(taken[0].written, (std::vector<std::pair<std::string, std::string>>{{"two", "8"}}));
  auto shown = rig.show("1");
  EXPECT_EQ(shown->row.event.event_class, EventClass::replay);
  EXPECT_EQ(shown->attempts.size(), 1U) << "its history stays";
  ASSERT_EQ(shown->notes.size(), 1U);
  EXPECT_EQ(shown->notes[0].what, "replayed");
  EXPECT_EQ(shown->notes[0].text, "delivered; delivered already, not done again: two");
  EXPECT_EQ(rig.show("2")->notes[0].text, "rejected: HTTP 400");
  ASSERT_TRUE(rig.settle(retried(good, 5, 1)));
  EXPECT_EQ(rig.list()[3].event.event_class, EventClass::replay) << "while it is tried again too";
  ASSERT_TRUE(rig.settle(ended(good)));
  EXPECT_EQ(rig.list()[3].event.event_class, EventClass::live);
}

TEST_P(JournalContract, AForcedReplaySaysSo) {
  const Seq seq = rig.add("a", "p");
  rig.take();
  ASSERT_TRUE(rig.settle(delivered(seq)));
  replay(rig, {seq}, {}, true);
  const auto taken = rig.take();
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_TRUE(taken[0].forced);
  EXPECT_TRUE(taken[0].ended_actions.empty());
  EXPECT_EQ(rig.show("1")->notes[0].text, "delivered; forced: also over newer state");
}

TEST_P(JournalContract, SoManyAreReplayedAtATimeAndNoMore) {
  std::vector<NewEvent> events(kMostReplaying + 10, new_event("e", "p"));
  const auto seqs = rig.append(append_of(events))->seqs;
  std::vector<Settlement> ends;
  for (const Seq seq : seqs) ends.push_back(ended(seq));
  ASSERT_TRUE(rig.settle(ends));
  while (!rig.take(256).empty()) {
  }
  const Requeued done = replay(rig, seqs);
  EXPECT_EQ(done.seqs.size(), kMostReplaying);
  ASSERT_EQ(done.refused.size(), 10U);
  EXPECT_EQ(done.refused[0].code, "busy");
  EXPECT_EQ(done.refused[0].seq, seqs[kMostReplaying]) << "the first ones first";
  ASSERT_TRUE(rig.settle(ended(seqs[0])));
  EXPECT_EQ(replay(rig, {seqs.back()}).seqs.size(), 1U);
  EXPECT_EQ(codes_of(replay(rig, {seqs[0]})), "1 busy,");
}

TEST_P(JournalContract, WhatWasAppliedNamesItsEvent) {
  const Seq first = rig.add("a", "p");
  const Seq second = rig.add("b", "p");
  const AppliedKey key{{"desk", "note", "x"}, "p", "main", "store/1"};
  const Applied applied{key, std::nullopt, "hash", "digest"};
  for (const Seq seq : {first, second}) {
    Settlement settlement = ended(seq);
    settlement.applied = {applied};
    ASSERT_TRUE(rig.settle(settlement));
    EXPECT_EQ(rig.look({}, {key}).applied[0]->seq, seq);
  }
}

TEST_P(JournalContract, ARangeTellsWhatThereIs) {
  std::vector<NewEvent> events;
  for (int i = 0; i < 10; ++i) {
    events.push_back(new_event("e", i == 4 ? "q" : "p"));
    events.back().event.received_ms = 1000 * (i + 1);
  }
  const auto seqs = rig.append(append_of(events))->seqs;
  for (std::size_t i = 0; i < 8; ++i) {
    rig.runtime.now_ms = 1000 * static_cast<std::int64_t>(i + 1);
    ASSERT_TRUE(rig.settle(ended(seqs[i])));
  }
  Range range = range_of(rig, 0, INT64_MAX);
  EXPECT_EQ(range.events, 7U);
  EXPECT_EQ(range.open, 2U);
  EXPECT_EQ(range.first, 1U);
  EXPECT_EQ(range.last, 8U);
  EXPECT_EQ(range.gone, 0U);
  range = range_of(rig, 3000, 7000);
  EXPECT_EQ(range.events, 3U) << "from included, to not, another pipeline's not";
  EXPECT_EQ(range.first, 3U);
  EXPECT_EQ(range.last, 6U);
  EXPECT_EQ(range_of(rig, 3000, 7000, "q").events, 1U);
  EXPECT_EQ(range_of(rig, 11'000, 12'000).events, 0U);
  // The first three are deleted.
  rig.retain(3500);
  EXPECT_EQ(range_of(rig, 0, INT64_MAX).gone, 3U);
  EXPECT_EQ(range_of(rig, 2000, 7000).gone, 3U) << "they may have been of that time";
  EXPECT_EQ(range_of(rig, 5000, 7000).gone, 0U) << "they were older than an event that is older";
  EXPECT_EQ(range_of(rig, 0, 1000).gone, 3U);
}

TEST_P(JournalContract, ALongRangeIsCountedWhole) {
  std::vector<NewEvent> events(20'000, new_event("e", "p"));
  ASSERT_TRUE(rig.append(append_of(events)));
  EXPECT_EQ(range_of(rig, 0, INT64_MAX).open, 20'000U);
}

}  // namespace
}  // namespace tenon::journal::test
