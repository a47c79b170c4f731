// Handing events out, parking them, epochs and the order of answers.
#include "contract.hpp"

namespace tenon::journal::test {
namespace {

// --- take

TEST_P(JournalContract, TakeGivesEachEventOnceAndAtMostTheLimit) {
  std::vector<Seq> all;
  for (int i = 0; i < 7; ++i) all.push_back(rig.add("e" + std::to_string(i)));
  std::vector<Seq> got;
  for (const std::size_t expected : {3U, 3U, 1U, 0U}) {
    const auto taken = rig.take(3);
    EXPECT_EQ(taken.size(), expected);
    for (const auto& each : taken) got.push_back(each.seq);
  }
  EXPECT_EQ(got, all);
  const Seq later = rig.add("later");
  EXPECT_EQ(seqs_of(rig.take()), std::vector<Seq>{later});
}

TEST_P(JournalContract, TakeOfMoreThanMemoryHoldsKeepsTheOrder) {
  std::vector<Seq> all;
  for (int i = 0; i < 30; ++i) {
    const auto appended = rig.append(append_of(std::vector<NewEvent>(100, new_event("e"))));
    all.insert(all.end(), appended->seqs.begin(), appended->seqs.end());
  }
  std::vector<Seq> got;
  for (auto taken = rig.take(700); !taken.empty(); taken = rig.take(700)) {
    for (const auto& each : taken) got.push_back(each.seq);
    if (got.size() == 1400) all.push_back(rig.add("late"));
  }
  EXPECT_EQ(got, all);
}

TEST_P(JournalContract, WhatEndedBeforeItWasTakenIsNotHandedOut) {
  const Seq a = rig.add("a");
  const Seq b = rig.add("b");
  const Seq c = rig.add("c");
  ASSERT_TRUE(rig.settle(ended(b)));
  ASSERT_TRUE(rig.settle(retried(c, 99, 4)));
  const auto taken = rig.take();
  ASSERT_EQ(seqs_of(taken), (std::vector<Seq>{a, c}));
  EXPECT_EQ(taken[1].attempts, 4U);
  EXPECT_EQ(taken[1].next_ms, 99);
}

TEST_P(JournalContract, TellsOfAppendsAfterAShortTake) {
  int told = 0;
  rig.journal->on_appended(rig.runtime.delivery(), [&] {
    EXPECT_TRUE(rig.runtime.delivery().here());
    ++told;
  });
  EXPECT_TRUE(rig.take().empty());
  rig.add("a");
  EXPECT_EQ(told, 1);
  // Nobody has taken since: once is enough, more is allowed.
  rig.add("b");
  EXPECT_EQ(rig.take(2).size(), 2U);
  EXPECT_TRUE(rig.take().empty());
  const int before = told;
  rig.add("c");
  EXPECT_EQ(told, before + 1);
}

TEST_P(JournalContract, AppendsOfOneMomentAreToldOnce) {
  int told = 0;
  rig.journal->on_appended(rig.runtime.delivery(), [&] { ++told; });
  for (int i = 0; i < 10; ++i) rig.journal->append(append_of(new_event("e")), {&rig.runtime.ingress(), {}});
  rig.runtime.run();
  EXPECT_EQ(told, 1);
}

TEST_P(JournalContract, RepetitionsAndMalformedRequestsAreNotTold) {
  rig.append(signed_append("d1", "body", "d1")).value();
  rig.take();
  int told = 0;
  rig.journal->on_appended(rig.runtime.delivery(), [&] { ++told; });
  rig.append(signed_append("d1", "body", "d1")).value();
  Append malformed;
  malformed.malformed = event("m");
  rig.append(malformed).value();
  EXPECT_EQ(told, 0);
}

// --- pipelines of which the taker has enough

TEST_P(JournalContract, AFullPipelineIsPassedByAndGoesOnWhereItWasLeft) {
  std::vector<Seq> a;
  std::vector<Seq> b;
  for (int i = 0; i < 4; ++i) a.push_back(rig.add("a" + std::to_string(i), "a"));
  EXPECT_EQ(seqs_of(rig.take(2)), (std::vector<Seq>{a[0], a[1]}));
  b.push_back(rig.add("b0", "b"));
  a.push_back(rig.add("a4", "a"));
  b.push_back(rig.add("b1", "b"));
  EXPECT_EQ(seqs_of(rig.take(TakeQuery(9, {"a"}))), b);
  a.push_back(rig.add("a5", "a"));
  EXPECT_TRUE(rig.take(TakeQuery(9, {"a"})).empty());
  EXPECT_EQ(seqs_of(rig.take(2)), (std::vector<Seq>{a[2], a[3]}));
  EXPECT_TRUE(rig.take(TakeQuery(9, {"a", "b"})).empty()) << "full again in the middle of it";
  b.push_back(rig.add("b2", "b"));
  EXPECT_EQ(seqs_of(rig.take(9)), (std::vector<Seq>{a[4], a[5], b[2]}));
  a.push_back(rig.add("a6", "a"));
  EXPECT_EQ(seqs_of(rig.take(9)), std::vector<Seq>{a[6]});
}

TEST_P(JournalContract, WhatIsRetriedOfAFullPipelineComesOnce) {
  std::vector<Seq> a;
  for (int i = 0; i < 4; ++i) a.push_back(rig.add("a" + std::to_string(i), "a"));
  EXPECT_EQ(rig.take(2).size(), 2U);
  ASSERT_TRUE(rig.settle(ended(a[0], End::rejected)));
  EXPECT_TRUE(rig.take(TakeQuery(9, {"a"})).empty());
  EXPECT_EQ(rig.requeue({a[0]}).seqs, std::vector<Seq>{a[0]});
  EXPECT_TRUE(rig.take(TakeQuery(9, {"a"})).empty());
  EXPECT_EQ(seqs_of(rig.take(9)), (std::vector<Seq>{a[0], a[2], a[3]}));
  EXPECT_TRUE(rig.take(9).empty());
}

TEST_P(JournalContract, AFullPipelineThatIsPausedIsHandedOutAnewWhenItRuns) {
  const Seq first = rig.add("a0", "a");
  const Seq second = rig.add("a1", "a");
  EXPECT_EQ(seqs_of(rig.take(1)), std::vector<Seq>{first});
  EXPECT_TRUE(rig.take(TakeQuery(9, {"a"})).empty());
  rig.set_pipeline("a", PipelineMode::paused);
  EXPECT_TRUE(rig.take(9).empty());
  rig.set_pipeline("a", PipelineMode::running);
  EXPECT_EQ(seqs_of(rig.take(9)), (std::vector<Seq>{first, second}));
}

// --- park

TEST_P(JournalContract, ParkedEventsComeBackPerLaneInOrder) {
  std::vector<Seq> seqs;
  for (int i = 0; i < 6; ++i) seqs.push_back(rig.add("e" + std::to_string(i)));
  rig.take();
  ASSERT_TRUE(rig.park("x", {seqs[1], seqs[3]}));
  ASSERT_TRUE(rig.park("x", {seqs[5], seqs[0]}));
  ASSERT_TRUE(rig.park("y", {seqs[2]}));
  EXPECT_TRUE(rig.take().empty());
  EXPECT_EQ(seqs_of(rig.take_parked("x", 2)), (std::vector<Seq>{seqs[0], seqs[1]}));
  EXPECT_EQ(seqs_of(rig.take_parked("x", 9)), (std::vector<Seq>{seqs[3], seqs[5]}));
  EXPECT_TRUE(rig.take_parked("x").empty());
  EXPECT_TRUE(rig.take_parked("nobody").empty());
  EXPECT_EQ(seqs_of(rig.take_parked("y")), std::vector<Seq>{seqs[2]});
}

TEST_P(JournalContract, ParkedEventsThatEndedStayAway) {
  std::vector<Seq> seqs;
  for (int i = 0; i < 5; ++i) seqs.push_back(rig.add("e" + std::to_string(i)));
  rig.take();
  ASSERT_TRUE(rig.park("x", seqs));
  ASSERT_TRUE(rig.settle(std::vector<Settlement>{ended(seqs[0]), ended(seqs[1]), ended(seqs[3])}));
  EXPECT_EQ(seqs_of(rig.take_parked("x", 2)), (std::vector<Seq>{seqs[2], seqs[4]}));
}

TEST_P(JournalContract, ATakenParkedEventCanBeParkedAgain) {
  const Seq seq = rig.add("a");
  rig.take();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(rig.park("x", {seq}));
    ASSERT_TRUE(rig.park("x", {seq})) << "twice is once";
    EXPECT_EQ(seqs_of(rig.take_parked("x")), std::vector<Seq>{seq});
  }
}

TEST_P(JournalContract, OnlyTakenEventsCanBeParked) {
  const Seq seq = rig.add("a");
  EXPECT_EQ(rig.park("x", {seq}).error().code, "not_taken");
  EXPECT_EQ(seqs_of(rig.take()), std::vector<Seq>{seq});
}

TEST_P(JournalContract, TakenEventsCanBeTakenAgainAsTheyAreNow) {
  std::vector<Seq> seqs;
  for (int i = 0; i < 4; ++i) seqs.push_back(rig.add("e" + std::to_string(i)));
  EXPECT_EQ(rig.take_again({seqs[0]}).error().code, "not_taken");
  rig.take(3);
  EXPECT_EQ(rig.take_again({seqs[0], seqs[3]}).error().code, "not_taken");
  ASSERT_TRUE(rig.settle(std::vector<Settlement>{ended(seqs[1]), retried(seqs[2], 5'000, 2)}));
  const auto again = rig.take_again({seqs[2], seqs[1], seqs[0]});
  ASSERT_TRUE(again);
  EXPECT_EQ(seqs_of(*again), (std::vector<Seq>{seqs[2], seqs[0]}));
  EXPECT_EQ(again->front().attempts, 2U);
  EXPECT_EQ(again->front().next_ms, 5'000);
  EXPECT_TRUE(rig.take_again({})->empty());
  EXPECT_EQ(seqs_of(rig.take()), std::vector<Seq>{seqs[3]}) << "what was not taken is still to come";
}

TEST_P(JournalContract, RequeuedEventsComeInOrderAndOnce) {
  std::vector<Seq> seqs;
  for (int i = 0; i < 5; ++i) seqs.push_back(rig.add("e" + std::to_string(i)));
  rig.take();
  std::vector<Settlement> all;
  for (const Seq seq : seqs) all.push_back(ended(seq, End::rejected, "no"));
  ASSERT_TRUE(rig.settle(all));
  rig.requeue({seqs[3], seqs[4]});
  rig.requeue({seqs[1]});
  EXPECT_EQ(seqs_of(rig.take(1)), std::vector<Seq>{seqs[1]});
  rig.requeue({seqs[0]});
  EXPECT_EQ(seqs_of(rig.take(2)), (std::vector<Seq>{seqs[0], seqs[3]}));
  rig.requeue({seqs[2], seqs[4]});
  EXPECT_EQ(seqs_of(rig.take()), (std::vector<Seq>{seqs[2], seqs[4]}));
  EXPECT_TRUE(rig.take().empty());
}

// --- epochs, order of answers

TEST_P(JournalContract, ACallOfAnotherEpochChangesNothing) {
  const Seq seq = rig.add("a");
  for (const Epoch epoch : {rig.journal->epoch() - 1, rig.journal->epoch() + 1}) {
    EXPECT_EQ(rig.ask<Taken>([&](auto r) { rig.journal->take(epoch, 9, std::move(r)); }).error().code,
              "stale_epoch");
    EXPECT_EQ(rig.ask<bool>([&](auto r) { rig.journal->park(epoch, "x", {seq}, std::move(r)); }).error().code,
              "stale_epoch");
    EXPECT_EQ(
        rig.ask<std::vector<Waiting>>([&](auto r) { rig.journal->take_parked(epoch, "x", 1, std::move(r)); })
            .error()
            .code,
        "stale_epoch");
    EXPECT_EQ(rig.ask<bool>([&](auto r) {
                   rig.journal->begin(epoch, {seq, "main", {{"a", "r", "n"}}, "c", 1}, std::move(r));
                 })
                  .error()
                  .code,
              "stale_epoch");
    EXPECT_EQ(
        rig.ask<bool>([&](auto r) { rig.journal->settle(epoch, {ended(seq)}, std::move(r)); }).error().code,
        "stale_epoch");
  }
  EXPECT_EQ(rig.look({{"a", "r", "n"}}).identities[0].state, IdentityState::unknown);
  EXPECT_EQ(seqs_of(rig.take()), std::vector<Seq>{seq});
}

TEST_P(JournalContract, OneBadCallDoesNotSpoilTheBatch) {
  const Seq seq = rig.add("a");
  auto good = std::make_shared<Asked<bool>>();
  auto stale = std::make_shared<Asked<bool>>();
  auto unknown = std::make_shared<Asked<bool>>();
  auto added = std::make_shared<Asked<Appended>>();
  const Epoch epoch = rig.journal->epoch();
  rig.journal->settle(epoch + 1, {ended(seq)}, rig.reply(stale));
  rig.journal->settle(epoch, {ended(999)}, rig.reply(unknown));
  rig.journal->settle(epoch, {ended(seq)}, rig.reply(good));
  rig.journal->append(append_of(new_event("b")), rig.reply(added));
  rig.runtime.run();
  EXPECT_EQ(stale->answer->error().code, "stale_epoch");
  EXPECT_EQ(unknown->answer->error().code, "not_open");
  EXPECT_TRUE(good->answer->has_value());
  EXPECT_TRUE(added->answer->has_value());
  EXPECT_EQ(rig.show(std::to_string(seq))->row.state, "delivered");
}

TEST_P(JournalContract, AnswersComeInTheOrderOfTheCallsOnTheExecutorAsked) {
  std::vector<int> order;
  const auto note = [&](int n) {
    return [&order, n, this](const auto&) {
      EXPECT_TRUE(rig.runtime.delivery().here());
      order.push_back(n);
    };
  };
  auto& on = rig.runtime.delivery();
  rig.journal->counts({&on, note(1)});
  rig.journal->append(append_of(new_event("a")), {&on, note(2)});
  rig.journal->take(rig.journal->epoch(), 5, {&on, note(3)});
  rig.journal->settle(rig.journal->epoch(), {ended(1)}, {&on, note(4)});
  rig.journal->counts({&on, note(5)});
  int elsewhere = 0;
  rig.journal->append(append_of(new_event("b")), {&rig.runtime.ingress(), [&](const auto&) {
                                                    EXPECT_TRUE(rig.runtime.ingress().here());
                                                    ++elsewhere;
                                                  }});
  EXPECT_TRUE(order.empty()) << "never inline";
  rig.runtime.run();
  EXPECT_EQ(elsewhere, 1);
  std::vector<int> expected{1, 2, 3, 4, 5};
  // Reads behind a write of the same caller answer after it; writes keep their order.
  std::vector<int> writes;
  for (const int n : order)
    if (n == 2 || n == 4) writes.push_back(n);
  EXPECT_EQ(writes, (std::vector<int>{2, 4}));
  EXPECT_EQ(order, expected);
}

TEST_P(JournalContract, AReadSeesWhatItsCallerWroteBefore) {
  auto counted = std::make_shared<Asked<Counts>>();
  rig.journal->append(append_of(new_event("a")), {&rig.runtime.delivery(), {}});
  rig.journal->counts(rig.reply(counted));
  rig.runtime.run();
  EXPECT_EQ((*counted->answer)->waiting, 1U);
}

TEST_P(JournalContract, CallsOfOneMomentShareAnswersPerExecutor) {
  rig.add("warm");
  const std::size_t before = rig.runtime.ingress().posts;
  for (int i = 0; i < 50; ++i) {
    rig.journal->append(append_of(new_event("e")), {&rig.runtime.ingress(), {}});
  }
  rig.runtime.run();
  EXPECT_EQ(rig.runtime.ingress().posts, before + 1);
}

}  // namespace
}  // namespace tenon::journal::test
