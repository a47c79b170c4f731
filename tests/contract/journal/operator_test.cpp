// What an operator does: dead letters opened again, pipelines paused and held, lists within bounds.
#include "contract.hpp"

namespace tenon::journal::test {
namespace {

using Seqs = std::vector<Seq>;

std::vector<std::string> codes_of(const Requeued& done) {
  std::vector<std::string> out;
  for (const auto& refused : done.refused) out.push_back(refused.code);
  return out;
}

TEST_P(JournalContract, ADeadLetterIsOpenedAgainOnce) {
  const Seq dead = rig.add("a", "p");
  const Seq alive = rig.add("b", "p");
  EXPECT_EQ(seqs_of(rig.take()), (Seqs{dead, alive}));
  Settlement end = ended(dead, End::rejected, "HTTP 400");
  end.actions = {{"one", End::delivered, "", "7"}, {"two", End::rejected, "HTTP 400", ""}};
  end.attempts_counted = 3;
  ASSERT_TRUE(rig.settle(end));
  auto first = std::make_shared<Asked<Requeued>>();
  auto second = std::make_shared<Asked<Requeued>>();
  rig.journal->requeue({dead, dead, alive, 999}, rig.reply(first));
  rig.journal->requeue({dead}, rig.reply(second));
  rig.runtime.run();
  EXPECT_EQ((*first->answer)->seqs, Seqs{dead});
  EXPECT_EQ(codes_of(**first->answer), (std::vector<std::string>{"not_dead", "not_found"}));
  EXPECT_EQ((*second->answer)->seqs, Seqs{});
  EXPECT_EQ(codes_of(**second->answer), std::vector<std::string>{"not_dead"});
  const auto taken = rig.take();
  ASSERT_EQ(seqs_of(taken), Seqs{dead});
  EXPECT_EQ(taken[0].event.event_class, EventClass::retry);
  EXPECT_EQ(taken[0].attempts, 0U);
  EXPECT_EQ(taken[0].requeued_ms, rig.runtime.now_ms);
  ASSERT_EQ(taken[0].ended_actions.size(), 1U) << "what was delivered stays so";
  EXPECT_EQ(taken[0].ended_actions[0].first, "one");
  EXPECT_TRUE(rig.take().empty());
  const auto shown = rig.show(std::to_string(dead));
  ASSERT_EQ(shown->notes.size(), 1U);
  EXPECT_EQ(shown->notes[0].what, "requeued");
  EXPECT_EQ(shown->notes[0].text, "rejected: HTTP 400");
  EXPECT_EQ(rig.counts().dead, 0U);
  EXPECT_EQ(rig.counts().waiting, 2U);
  ASSERT_TRUE(rig.settle(ended(dead)));
}

TEST_P(JournalContract, ADeadLetterThatIsSkippedIsOneNoMore) {
  const Seq dead = rig.add("d", "p", "k");
  const Seq alive = rig.add("a", "p", "k");
  ASSERT_TRUE(rig.settle(ended(dead, End::exhausted)));
  Append malformed;
  malformed.malformed = event("bad");
  ASSERT_TRUE(rig.append(std::move(malformed)));
  const Seq bad = alive + 1;
  auto asked = std::make_shared<Asked<Skipped>>();
  rig.journal->skip({bad, dead, dead, alive, 999}, rig.reply(asked));
  rig.runtime.run();
  EXPECT_EQ((*asked->answer)->seqs, (Seqs{dead, bad}));
  EXPECT_EQ(codes_of(**asked->answer), (std::vector<std::string>{"not_dead", "not_found"}));
  EXPECT_EQ(rig.counts().dead, 0U);
  EXPECT_EQ(rig.counts().waiting, 1U);
  const auto shown = rig.show(std::to_string(dead));
  EXPECT_EQ(shown->row.state, "skipped");
  ASSERT_EQ(shown->notes.size(), 1U);
  EXPECT_EQ(shown->notes[0].what, "skipped");
  EXPECT_TRUE(shown->notes[0].text.starts_with("exhausted"));
  EXPECT_EQ(codes_of(rig.requeue({dead})), std::vector<std::string>{"not_dead"}) << "for good";
  Query query;
  query.dead_only = true;
  EXPECT_TRUE(rig.list(query).empty());
}

TEST_P(JournalContract, AMalformedEventIsNotOpenedAgain) {
  Append malformed;
  malformed.malformed = event("bad");
  ASSERT_TRUE(rig.append(std::move(malformed)));
  EXPECT_EQ(codes_of(rig.requeue({1})), std::vector<std::string>{"malformed_event"});
  EXPECT_EQ(rig.counts().dead, 1U);
  EXPECT_TRUE(rig.take().empty());
}

TEST_P(JournalContract, ManyAreOpenedInTheOrderOfTheirNumbers) {
  std::vector<NewEvent> events(600, new_event("e", "p"));
  const auto seqs = rig.append(append_of(events))->seqs;
  while (!rig.take(256).empty()) {
  }
  std::vector<Settlement> ends;
  for (const Seq seq : seqs) ends.push_back(ended(seq, End::exhausted));
  ASSERT_TRUE(rig.settle(ends));
  EXPECT_EQ(rig.requeue({seqs.rbegin(), seqs.rend()}).seqs, seqs);
  Seqs taken;
  for (auto some = rig.take(256); !some.empty(); some = rig.take(256)) {
    for (const auto& each : some) taken.push_back(each.seq);
  }
  EXPECT_EQ(taken, seqs);
}

TEST_P(JournalContract, APausedPipelineIsPassedByAndHandedOutWholeLater) {
  const Seq before = rig.add("a", "p");
  EXPECT_EQ(seqs_of(rig.take()), Seqs{before});
  EXPECT_EQ(rig.set_pipeline("p", PipelineMode::paused).mode, PipelineMode::paused);
  const Seq during = rig.add("b", "p");
  const Seq other = rig.add("c", "q");
  EXPECT_EQ(seqs_of(rig.take()), Seqs{other});
  EXPECT_EQ(rig.overview().states.size(), 1U);
  EXPECT_EQ(rig.set_pipeline("p", PipelineMode::running).mode, PipelineMode::running);
  const Seq after = rig.add("d", "p");
  Seqs taken;
  for (auto some = rig.take(1); !some.empty(); some = rig.take(1)) taken.push_back(some[0].seq);
  EXPECT_EQ(taken, (Seqs{before, during, after})) << "all that are open, none overtaken";
  EXPECT_TRUE(rig.overview().states.empty());
}

TEST_P(JournalContract, AHoldIsNotHiddenByAPause) {
  rig.set_pipeline("p", PipelineMode::held, "desk: HTTP 401");
  const PipelineState still = rig.set_pipeline("p", PipelineMode::paused);
  EXPECT_EQ(still.mode, PipelineMode::held);
  EXPECT_EQ(still.reason, "desk: HTTP 401");
  EXPECT_EQ(rig.set_pipeline("p", PipelineMode::running).mode, PipelineMode::running);
}

TEST_P(JournalContract, WhatWasParkedOfAPausedPipelineComesOnceOnly) {
  const Seq one = rig.add("a", "p", "k");
  const Seq two = rig.add("b", "p", "k");
  EXPECT_EQ(rig.take().size(), 2U);
  const std::string lane = std::string("p") + '\0' + "k";
  ASSERT_TRUE(rig.park(lane, {two}));
  rig.set_pipeline("p", PipelineMode::paused);
  EXPECT_TRUE(rig.take_parked(lane).empty());
  rig.set_pipeline("p", PipelineMode::running);
  EXPECT_EQ(seqs_of(rig.take()), (Seqs{one, two}));
  EXPECT_TRUE(rig.take_parked(lane).empty());
}

TEST_P(JournalContract, ADeadLetterOfAPausedPipelineWaitsForItsTurn) {
  const Seq dead = rig.add("a", "p");
  rig.take();
  ASSERT_TRUE(rig.settle(ended(dead, End::rejected)));
  rig.set_pipeline("p", PipelineMode::paused);
  EXPECT_EQ(rig.requeue({dead}).seqs, Seqs{dead});
  EXPECT_TRUE(rig.take().empty());
  rig.set_pipeline("p", PipelineMode::running);
  EXPECT_EQ(seqs_of(rig.take()), Seqs{dead});
  EXPECT_TRUE(rig.take().empty());
}

TEST_P(JournalContract, TheOverviewCountsByPipeline) {
  const Seq a = rig.add("a", "p");
  const Seq b = rig.add("b", "p");
  const Seq c = rig.add("c", "q");
  ASSERT_TRUE(rig.settle(retried(b, 5, 1)));
  ASSERT_TRUE(rig.settle(ended(c, End::rejected)));
  auto backlog = rig.overview().backlog;
  ASSERT_EQ(backlog.size(), 2U);
  EXPECT_EQ(backlog[0].pipeline, "p");
  EXPECT_EQ(backlog[0].waiting, 2U);
  EXPECT_EQ(backlog[0].retrying, 1U);
  EXPECT_EQ(backlog[0].oldest_waiting_ms, 1'700'000'000'000);
  EXPECT_EQ(backlog[1].dead, 1U);
  ASSERT_TRUE(rig.settle(ended(a)));
  ASSERT_TRUE(rig.settle(ended(b)));
  backlog = rig.overview().backlog;
  ASSERT_EQ(backlog.size(), 1U);
  EXPECT_EQ(rig.requeue({c}).seqs, Seqs{c});
  EXPECT_EQ(rig.overview().backlog[0].waiting, 1U);
}

TEST_P(JournalContract, AListStopsWhereItWasToldTo) {
  rig.append(append_of(std::vector<NewEvent>(9000, new_event("e")))).value();
  Query query;
  query.key = "nobody";
  query.look = 4000;
  const Listed part = rig.listed(query);
  EXPECT_TRUE(part.rows.empty());
  EXPECT_GE(part.looked, 4000U);
  EXPECT_LT(part.looked, 9000U);
  EXPECT_NE(part.next, 0U);
  query.before = part.next;
  query.look = 1'000'000;
  EXPECT_EQ(rig.listed(query).next, 0U);
}

TEST_P(JournalContract, ListsByTimeConnectionAndReason) {
  std::vector<NewEvent> events;
  for (int i = 0; i < 4; ++i) {
    events.push_back(new_event("e", "p", "k", "{\"n\":1}"));
    events.back().event.received_ms = 100 * (i + 1);
    if (i == 3) events.back().event.connection = "other";
  }
  const auto seqs = rig.append(append_of(events))->seqs;
  ASSERT_TRUE(rig.settle(ended(seqs[0], End::rejected, "HTTP 400: no")));
  ASSERT_TRUE(rig.settle(ended(seqs[1], End::rejected, "HTTP 422: no")));
  const auto found = [&](auto set) {
    Query query;
    set(query);
    Seqs out;
    for (const auto& row : rig.list(query)) out.push_back(row.seq);
    return out;
  };
  EXPECT_EQ(found([](Query& q) { q.since_ms = 200; }), (Seqs{seqs[3], seqs[2], seqs[1]}));
  EXPECT_EQ(found([](Query& q) { q.until_ms = 300; }), (Seqs{seqs[1], seqs[0]}));
  EXPECT_EQ(found([](Query& q) { q.connection = "other"; }), Seqs{seqs[3]});
  EXPECT_EQ(found([](Query& q) { q.reason = "400"; }), Seqs{seqs[0]});
  EXPECT_EQ(found([](Query& q) { q.oldest_first = true; }), seqs);
  EXPECT_EQ(found([&](Query& q) {
              q.oldest_first = true;
              q.after = seqs[0];
              q.before = seqs[3];
            }),
            (Seqs{seqs[1], seqs[2]}));
  Query with_data;
  with_data.with_data = true;
  EXPECT_EQ(rig.list(with_data)[0].event.data, "{\"n\":1}");
}

TEST_P(JournalContract, DeadLettersAreCountedInGroups) {
  const Seq a = rig.add("a", "p");
  const Seq b = rig.add("b", "p");
  const Seq c = rig.add("c", "q");
  Settlement first = ended(a, End::rejected, "same");
  first.attempts = {attempt(1, R"([{"status":200},{"status":422}])")};
  ASSERT_TRUE(rig.settle(first));
  ASSERT_TRUE(rig.settle(ended(b, End::rejected, "same")));
  ASSERT_TRUE(rig.settle(ended(c, End::exhausted, "other")));
  const auto names = [&](GroupBy by) {
    std::vector<std::pair<std::string, std::uint64_t>> out;
    for (const auto& group : rig.dead_groups(by)) out.emplace_back(group.name, group.count);
    return out;
  };
  using Names = std::vector<std::pair<std::string, std::uint64_t>>;
  EXPECT_EQ(names(GroupBy::reason), (Names{{"same", 2}, {"other", 1}}));
  EXPECT_EQ(names(GroupBy::pipeline), (Names{{"p", 2}, {"q", 1}}));
  EXPECT_EQ(names(GroupBy::connection), (Names{{"store", 3}}));
  EXPECT_EQ(names(GroupBy::status), (Names{{"-", 2}, {"422", 1}}));
}

}  // namespace
}  // namespace tenon::journal::test
