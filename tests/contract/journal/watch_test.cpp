// Creates that are to be looked after: from their intent until somebody has, over restarts.
#include "contract.hpp"
#include "journal/upkeep.hpp"

namespace tenon::journal::test {
namespace {

Intent intent_of(Seq seq, std::optional<std::string> watch, const std::string& action = "main") {
  Intent intent;
  intent.seq = seq;
  intent.action = action;
  intent.identities = {{"desk:1", "customer", "external_id=" + std::to_string(seq)}};
  intent.create_id = "c";
  intent.at_ms = 7;
  intent.watch = std::move(watch);
  return intent;
}

TEST_P(JournalContract, AnIntentIsWatchedIfItAsksForThat) {
  const Seq first = rig.add("a", "p");
  const Seq second = rig.add("b", "q");
  ASSERT_TRUE(rig.begin(intent_of(first, std::nullopt)));
  EXPECT_TRUE(rig.watches().empty());
  ASSERT_TRUE(rig.begin(intent_of(second, "{}", "note")));
  ASSERT_TRUE(rig.begin(intent_of(first, R"({"old":1})")));
  ASSERT_TRUE(rig.begin(intent_of(first, R"({"new":2})")));
  const auto watches = rig.watches();
  ASSERT_EQ(watches.size(), 2U);
  EXPECT_EQ(watches[0].seq, first);
  EXPECT_EQ(watches[0].action, "main");
  EXPECT_EQ(watches[0].pipeline, "p");
  EXPECT_EQ(watches[0].since_ms, 7);
  EXPECT_EQ(watches[1].action, "note");
  EXPECT_EQ(rig.watched(first, "main"), R"({"new":2})");
  EXPECT_EQ(rig.watched(first, "note"), std::nullopt);
  EXPECT_EQ(rig.watched(99, "main"), std::nullopt);
}

TEST_P(JournalContract, AWatchOutlivesTheEndOfItsEventAndEndsOnce) {
  const Seq seq = rig.add("a");
  ASSERT_TRUE(rig.begin(intent_of(seq, "{}")));
  ASSERT_TRUE(rig.settle(ended(seq)));
  ASSERT_EQ(rig.watches().size(), 1U);
  EXPECT_TRUE(rig.unwatch(seq, "main", Note{0, "duplicate_at_sink", "17, 18"}));
  EXPECT_FALSE(rig.unwatch(seq, "main", Note{0, "duplicate_at_sink", "17, 18"}));
  EXPECT_TRUE(rig.watches().empty());
  const auto shown = rig.show("a");
  ASSERT_EQ(shown->notes.size(), 1U);
  EXPECT_EQ(shown->notes[0].what, "duplicate_at_sink");
  EXPECT_EQ(shown->notes[0].text, "17, 18");
  EXPECT_EQ(shown->notes[0].at_ms, rig.runtime.now_ms);
}

TEST_P(JournalContract, AWatchGoesWithItsEvent) {
  const Seq kept = rig.add("a", "p", "30");
  const Seq gone = rig.add("b", "p", "31");
  for (const Seq seq : {kept, gone}) {
    ASSERT_TRUE(rig.begin(intent_of(seq, "{}")));
    ASSERT_TRUE(rig.settle(ended(seq)));
  }
  ForgetQuery query;
  query.key = "31";
  ASSERT_TRUE(rig.ask<Forgotten>([&](auto reply) { forget(*rig.journal, query, std::move(reply)); }));
  ASSERT_EQ(rig.watches().size(), 1U);
  EXPECT_EQ(rig.watches()[0].seq, kept);
  EXPECT_GE(rig.retain(rig.runtime.now_ms + 1), 1U);
  EXPECT_TRUE(rig.watches().empty());
}

TEST_P(JournalContract, ALateHostDoesNotEndAWatch) {
  const Seq seq = rig.add("a");
  ASSERT_TRUE(rig.begin(intent_of(seq, "{}")));
  const auto late = rig.ask<bool>([&](auto reply) {
    rig.journal->unwatch(rig.journal->epoch() - 1, seq, "main", std::nullopt, std::move(reply));
  });
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, "stale_epoch");
  EXPECT_EQ(rig.watches().size(), 1U);
}

TEST(Watches, ANewStartFindsThem) {
  TempFolder folder;
  Rig rig;
  const auto open = [&] {
    rig.journal.reset();
    auto opened = open_sqlite(rig.runtime, folder.path(), rig.options());
    ASSERT_TRUE(opened) << opened.error().text();
    rig.journal = std::move(*opened);
  };
  open();
  const Seq seq = rig.add("a");
  ASSERT_TRUE(rig.begin(intent_of(seq, R"({"name":"Ann"})")));
  open();
  ASSERT_EQ(rig.watches().size(), 1U);
  EXPECT_EQ(rig.watched(seq, "main"), R"({"name":"Ann"})");
  EXPECT_TRUE(rig.unwatch(seq, "main"));
  open();
  EXPECT_TRUE(rig.watches().empty());
}

}  // namespace
}  // namespace tenon::journal::test
