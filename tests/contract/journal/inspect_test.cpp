// Lists, counts, retention and closing.
#include "contract.hpp"

namespace tenon::journal::test {
namespace {

std::vector<Seq> listed(Rig& rig, Query query) {
  std::vector<Seq> out;
  for (const auto& row : rig.list(query)) out.push_back(row.seq);
  return out;
}

TEST_P(JournalContract, ListsFilterAndPage) {
  const Seq waiting = rig.add("a", "p", "k1", "payload");
  const Seq retrying = rig.add("b", "p", "k2");
  const Seq rejected = rig.add("c", "q", "k1");
  const Seq delivered = rig.add("d", "q", "k2");
  const Seq exhausted = rig.add("e", "p", "k1");
  ASSERT_TRUE(rig.settle(retried(retrying, 5, 1)));
  ASSERT_TRUE(rig.settle(ended(rejected, End::rejected, "why")));
  ASSERT_TRUE(rig.settle(ended(delivered)));
  ASSERT_TRUE(rig.settle(ended(exhausted, End::exhausted)));
  using Seqs = std::vector<Seq>;
  EXPECT_EQ(listed(rig, {}), (Seqs{exhausted, delivered, rejected, retrying, waiting}));
  const auto query = [](auto set) {
    Query out;
    set(out);
    return out;
  };
  EXPECT_EQ(listed(rig, query([](Query& q) { q.dead_only = true; })), (Seqs{exhausted, rejected}));
  EXPECT_EQ(listed(rig, query([](Query& q) { q.pipeline = "q"; })), (Seqs{delivered, rejected}));
  EXPECT_EQ(listed(rig, query([](Query& q) { q.key = "k2"; })), (Seqs{delivered, retrying}));
  EXPECT_EQ(listed(rig, query([](Query& q) { q.state = "waiting"; })), (Seqs{waiting}));
  EXPECT_EQ(listed(rig, query([](Query& q) { q.state = "retrying"; })), (Seqs{retrying}));
  EXPECT_EQ(listed(rig, query([](Query& q) { q.state = "rejected"; })), (Seqs{rejected}));
  EXPECT_EQ(listed(rig, query([](Query& q) { q.state = "delivered"; })), (Seqs{delivered}));
  EXPECT_EQ(listed(rig, query([](Query& q) { q.state = "no such"; })), Seqs{});
  EXPECT_EQ(listed(rig, query([](Query& q) {
                     q.dead_only = true;
                     q.state = "waiting";
                   })),
            Seqs{});
  EXPECT_EQ(listed(rig, query([](Query& q) {
                     q.dead_only = true;
                     q.pipeline = "p";
                   })),
            (Seqs{exhausted}));
  EXPECT_EQ(listed(rig, query([](Query& q) { q.limit = 2; })), (Seqs{exhausted, delivered}));
  EXPECT_EQ(listed(rig, query([&](Query& q) {
                     q.limit = 2;
                     q.before = delivered;
                   })),
            (Seqs{rejected, retrying}));
  EXPECT_EQ(listed(rig, query([](Query& q) { q.limit = 0; })), Seqs{});
  const auto rows = rig.list(query([](Query& q) { q.state = "rejected"; }));
  EXPECT_EQ(rows[0].reason, "why");
  EXPECT_EQ(rows[0].pipeline, "q");
  EXPECT_EQ(rows[0].event.key, "k1");
  EXPECT_EQ(rows[0].ended_ms, rig.runtime.now_ms);
  EXPECT_EQ(rig.list(query([](Query& q) { q.state = "waiting"; }))[0].event.data, "") << "no data in lists";
}

TEST_P(JournalContract, ALongListIsReadInTurnsAndCapped) {
  std::vector<NewEvent> events;
  for (int i = 0; i < 5000; ++i) events.push_back(new_event("e", i == 0 ? "rare" : "p"));
  const auto seqs = rig.append(append_of(events))->seqs;
  Query query;
  query.pipeline = "rare";
  EXPECT_EQ(listed(rig, query), std::vector<Seq>{seqs.front()});
  Query all;
  all.limit = 1'000'000;
  const auto newest = listed(rig, all);
  ASSERT_EQ(newest.size(), 1000U);
  EXPECT_EQ(newest.front(), seqs.back());
  EXPECT_EQ(newest.back(), seqs[4000]);
}

TEST_P(JournalContract, ShowFindsByNumberAndByTheNewestOfAnId) {
  const Seq first = rig.add("same");
  const Seq second = rig.add("same");
  EXPECT_EQ(rig.show("same")->row.seq, second);
  EXPECT_EQ(rig.show(std::to_string(first))->row.seq, first);
  EXPECT_FALSE(rig.show("nothing"));
  EXPECT_FALSE(rig.show("999999"));
  EXPECT_FALSE(rig.show("99999999999999999999999999"));
  EXPECT_FALSE(rig.show(""));
  EXPECT_FALSE(rig.show("-1"));
  const Seq digits = rig.add("777777");
  EXPECT_EQ(rig.show("777777")->row.seq, digits);
}

TEST_P(JournalContract, ShowFindsEventsOfDeliveries) {
  Append request = append_of({new_event("d1#1"), new_event("d1#2", "p"), new_event("d1#2", "q")});
  request.dedupe = dedupe("d1", "body");
  const auto seqs = rig.append(request)->seqs;
  EXPECT_EQ(rig.show("d1#1")->row.seq, seqs[0]);
  EXPECT_EQ(rig.show("d1#2")->row.seq, seqs[2]);
  EXPECT_FALSE(rig.show("d1"));
  EXPECT_FALSE(rig.show("d1#3"));
  Append reused = append_of(new_event("d1#1"));
  reused.dedupe = dedupe("d1", "other");
  EXPECT_EQ(rig.show("d1#1")->row.seq, seqs[0]);
  const auto later = rig.append(reused)->seqs;
  EXPECT_EQ(rig.show("d1#1")->row.seq, later[0]);
  NewEvent replay = new_event("d1#1");
  replay.event.event_class = EventClass::replay;
  const auto replayed = rig.append(append_of(replay))->seqs;
  EXPECT_EQ(rig.show("d1#1")->row.seq, replayed[0]);
}

TEST_P(JournalContract, ShowFindsAnOldEventAmongMany) {
  const Seq old = rig.add("old");
  rig.append(append_of(std::vector<NewEvent>(9000, new_event("e")))).value();
  EXPECT_EQ(rig.show("old")->row.seq, old);
  EXPECT_FALSE(rig.show("nothing"));
}

TEST_P(JournalContract, CountsFollow) {
  EXPECT_EQ(rig.counts().waiting, 0U);
  EXPECT_FALSE(rig.counts().oldest_waiting_ms);
  NewEvent old = new_event("a");
  old.event.received_ms = 100;
  NewEvent young = new_event("b");
  young.event.received_ms = 200;
  const auto seqs = rig.append(append_of({old, young}))->seqs;
  EXPECT_EQ(rig.counts().waiting, 2U);
  EXPECT_EQ(rig.counts().oldest_waiting_ms, 100);
  ASSERT_TRUE(rig.settle(ended(seqs[0], End::rejected)));
  EXPECT_EQ(rig.counts().waiting, 1U);
  EXPECT_EQ(rig.counts().dead, 1U);
  EXPECT_EQ(rig.counts().oldest_waiting_ms, 200);
}

// --- retain

TEST_P(JournalContract, RetentionDeletesWhatEndedWellAndIsOld) {
  std::vector<NewEvent> events;
  for (int i = 0; i < 6; ++i) {
    events.push_back(new_event("e" + std::to_string(i)));
    events.back().event.received_ms = i < 5 ? 100 : 300;
  }
  const auto seqs = rig.append(append_of(events))->seqs;
  rig.runtime.now_ms = 150;
  Settlement done = ended(seqs[0]);
  done.attempts = {attempt(1)};
  done.actions = {{"main", End::delivered, "", ""}};
  ASSERT_TRUE(rig.settle(done));
  ASSERT_TRUE(rig.settle(ended(seqs[1], End::rejected)));
  ASSERT_TRUE(rig.settle(ended(seqs[3], End::skipped)));
  ASSERT_TRUE(rig.settle(ended(seqs[4], End::superseded)));
  rig.runtime.now_ms = 350;
  ASSERT_TRUE(rig.settle(ended(seqs[5])));
  EXPECT_EQ(rig.retain(200, 2), 2U);
  EXPECT_EQ(rig.retain(200, 2), 1U);
  EXPECT_EQ(rig.retain(200, 2), 0U);
  EXPECT_EQ(listed(rig, {}), (std::vector<Seq>{seqs[5], seqs[2], seqs[1]}));
  EXPECT_FALSE(rig.show(std::to_string(seqs[0])));
  EXPECT_EQ(rig.counts().dead, 1U);
  EXPECT_EQ(rig.counts().waiting, 1U);
  // What was skipped over is looked at again later, and what waited for long is kept as long as any.
  ASSERT_TRUE(rig.settle(ended(seqs[2])));
  EXPECT_EQ(rig.retain(200), 0U) << "received long ago, and just ended";
  EXPECT_EQ(rig.retain(351), 2U);
  EXPECT_GT(rig.add("next"), seqs[5]);
}

TEST_P(JournalContract, RetentionForgetsRequestsAfterTheirTime) {
  Append request = append_of(new_event("d1"));
  request.dedupe = dedupe("d1", "body");
  const auto first = rig.append(request);
  rig.settle(ended(first->seqs[0])).value();
  EXPECT_EQ(rig.retain(0), 0U);
  // The event may go before its dedupe row does.
  EXPECT_EQ(rig.retain(rig.runtime.now_ms + 1), 1U);
  EXPECT_TRUE(rig.append(request)->duplicate);
  rig.runtime.now_ms += rig.options().dedupe_keep_ms + 1;
  EXPECT_EQ(rig.retain(0), 1U);
  EXPECT_FALSE(rig.append(request)->duplicate);
}

TEST_P(JournalContract, RetentionPassesManyDeadLetters) {
  std::vector<NewEvent> events(9000, new_event("e"));
  events.push_back(new_event("last"));
  const auto seqs = rig.append(append_of(events))->seqs;
  std::vector<Settlement> batch;
  for (const Seq seq : seqs) batch.push_back(ended(seq, seq == seqs.back() ? End::delivered : End::rejected));
  ASSERT_TRUE(rig.settle(batch));
  rig.add("open");
  std::uint64_t gone = 0;
  for (int i = 0; i < 10; ++i) gone += rig.retain(rig.runtime.now_ms + 1, 10);
  EXPECT_EQ(gone, 1U);
  EXPECT_FALSE(rig.show("last"));
}

// --- close

TEST_P(JournalContract, ClosingAnswersWhatWasHandedIn) {
  auto asked = std::make_shared<Asked<Appended>>();
  auto rows = std::make_shared<Asked<Listed>>();
  rig.journal->append(append_of(new_event("a")), rig.reply(asked));
  rig.journal->list({}, rig.reply(rows));
  rig.journal->close();
  rig.runtime.run();
  ASSERT_TRUE(asked->answer);
  EXPECT_TRUE(asked->answer->has_value());
  ASSERT_TRUE(rows->answer && *rows->answer);
  EXPECT_EQ((*rows->answer)->rows.size(), 1U);
}

TEST_P(JournalContract, ACallAfterCloseFails) {
  rig.journal->close();
  const auto late = rig.append(append_of(new_event("a")));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, "store_failed");
  rig.journal->close();
}

TEST_P(JournalContract, TasksThatOutliveTheJournalDoNothing) {
  rig.journal->append(append_of(new_event("a")), {&rig.runtime.delivery(), {}});
  rig.runtime.writer().run_one();
  rig.journal.reset();
  rig.runtime.writer().fire_timers();
  rig.runtime.run();
}

}  // namespace
}  // namespace tenon::journal::test
