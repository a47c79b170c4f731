// A key that is forgotten, a store that has a bound, and that no byte stays in the files.
#include <sqlite3.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "contract.hpp"
#include "journal/upkeep.hpp"

namespace tenon::journal::test {
namespace {

ForgetQuery key(const std::string& name, const std::string& connection = "",
                const std::string& pipeline = "") {
  ForgetQuery query;
  query.key = name;
  query.connection = connection;
  query.pipeline = pipeline;
  return query;
}

template <class T, class Start>
T need(Rig& rig, Start start) {
  Result<T> answer = rig.ask<T>(std::move(start));
  EXPECT_TRUE(answer) << (answer ? "" : answer.error().text());
  return answer ? std::move(*answer) : T();
}
Forgotten forget(Rig& rig, ForgetQuery query) {
  return need<Forgotten>(rig, [&](auto reply) { journal::forget(*rig.journal, query, std::move(reply)); });
}
Scrubbed scrub(Rig& rig) {
  return need<Scrubbed>(rig, [&](auto reply) { journal::scrub(*rig.journal, std::move(reply)); });
}

Identity known(const std::string& natural_key, const std::string& id) {
  return {{"desk:1", "customer", natural_key}, IdentityState::known, id, "", 0};
}

/// Ended, with all that a run leaves; `secret` stands in each of it.
Settlement told(Seq seq, const std::string& secret, const std::string& of, End end = End::delivered) {
  Settlement settlement = ended(seq, end, "why " + secret);
  settlement.attempts = {attempt(1, "[{\"request_body\":\"" + secret + "\"}]")};
  settlement.attempts[0].fetched = "{\"customer\":\"" + secret + "\"}";
  settlement.attempts[0].reason = "why " + secret;
  settlement.actions = {{"main", end, "why " + secret, "1000"}};
  settlement.identities = {known("email=" + secret, "id-" + of), known("external_id=" + of, "id-" + of)};
  settlement.applied = {
      {{known("external_id=" + of, "").key, "p", "main", "store/" + of}, "1", "hash", "digest"}};
  return settlement;
}

// As a deletion of the source object is kept.
TEST_P(JournalContract, WhatWasAppliedToNoIdentityIsKeptAndForgotten) {
  const AppliedKey mine{{}, "p", "", "store/30"};
  const AppliedKey other{{}, "p", "", "store/31"};
  const Seq first = rig.add("a", "p", "30");
  const Seq second = rig.add("b", "p", "31");
  Settlement settlement = told(first, "ann", "30");
  settlement.applied.push_back({mine, std::nullopt, "", "", first});
  ASSERT_TRUE(rig.settle(settlement));
  settlement = told(second, "ben", "31");
  settlement.applied.push_back({other, "7", "", "", second});
  ASSERT_TRUE(rig.settle(settlement));
  const auto look = [&](const AppliedKey& wanted) { return rig.look({}, {wanted}).applied.front(); };
  ASSERT_TRUE(look(mine));
  EXPECT_EQ(look(mine)->seq, first);
  EXPECT_EQ(look(mine)->version, std::nullopt);
  EXPECT_EQ(forget(rig, key("30")).events, 1U);
  EXPECT_FALSE(look(mine));
  ASSERT_TRUE(look(other));
  EXPECT_EQ(look(other)->version, "7");
}

TEST_P(JournalContract, AForgottenKeyLeavesOthersAlone) {
  const Seq mine = rig.add("a", "p", "30");
  const Seq dead = rig.add("b", "p", "30");
  const Seq other = rig.add("c", "p", "31");
  ASSERT_TRUE(rig.settle(told(mine, "ann", "30")));
  ASSERT_TRUE(rig.settle(told(dead, "ann", "30", End::rejected)));
  ASSERT_TRUE(rig.settle(told(other, "ben", "31")));
  EXPECT_EQ(forget(rig, key("30", "elsewhere")).events, 0U);
  EXPECT_EQ(forget(rig, key("30", "", "q")).events, 0U);
  EXPECT_EQ(rig.list().size(), 3U);
  const Forgotten done = forget(rig, key("30", "store", "p"));
  EXPECT_EQ(done.events, 2U);
  EXPECT_EQ(done.identities, 2U);
  EXPECT_EQ(done.next, 0U);
  EXPECT_EQ(rig.list().size(), 1U);
  EXPECT_EQ(rig.counts().dead, 0U);
  const Looked looked =
      rig.look({known("email=ann", "").key, known("external_id=30", "").key, known("email=ben", "").key},
               {{known("external_id=30", "").key, "p", "main", "store/30"},
                {known("external_id=31", "").key, "p", "main", "store/31"}});
  EXPECT_EQ(looked.identities[0].state, IdentityState::unknown);
  EXPECT_EQ(looked.identities[1].state, IdentityState::unknown);
  EXPECT_EQ(looked.identities[2].state, IdentityState::known);
  EXPECT_FALSE(looked.applied[0]);
  EXPECT_TRUE(looked.applied[1]);
  EXPECT_EQ(forget(rig, key("30")).events, 0U) << "once more does nothing";
  EXPECT_GT(rig.add("d", "p", "30"), other) << "numbers are not used again";
}

TEST_P(JournalContract, WhatWaitsIsForgottenWhenItHasEnded) {
  const Seq waits = rig.add("a", "p", "30");
  EXPECT_EQ(forget(rig, key("30")).waiting, 1U);
  EXPECT_EQ(rig.retain(0), 0U);
  EXPECT_TRUE(rig.show(std::to_string(waits)));
  ASSERT_TRUE(rig.settle(ended(waits, End::rejected)));
  EXPECT_EQ(rig.retain(0), 1U);
  EXPECT_FALSE(rig.show(std::to_string(waits)));
  EXPECT_EQ(rig.counts().dead, 0U);
  EXPECT_EQ(rig.retain(0), 0U);
}

TEST_P(JournalContract, ACreateThatWasNotHeardOfIsKept) {
  const Seq seq = rig.add("a", "p", "30");
  ASSERT_TRUE(rig.settle(told(seq, "ann", "30")));
  Intent intent;
  intent.seq = seq;
  intent.action = "main";
  intent.identities = {known("external_id=30", "").key};
  intent.create_id = "c";
  ASSERT_TRUE(rig.begin(intent));
  forget(rig, key("30"));
  EXPECT_EQ(rig.look(intent.identities).identities[0].state, IdentityState::creating);
}

TEST_P(JournalContract, ADeliveryOfAForgottenEventIsStillRecognised) {
  const Append request = signed_append("d1", "body", "d1");
  const Seq seq = rig.append(request)->seqs[0];
  ASSERT_TRUE(rig.settle(ended(seq)));
  EXPECT_EQ(forget(rig, key("customer:1")).events, 1U);
  EXPECT_TRUE(rig.append(request)->duplicate);
}

class Files : public testing::Test {
 protected:
  void open(std::uint64_t most_bytes = 0) {
    auto opened = open_sqlite(rig.runtime, folder.path(), rig.options());
    ASSERT_TRUE(opened) << opened.error().text();
    rig.journal = std::move(*opened);
    keep_below(*rig.journal, most_bytes);
  }
  /// In how many files of the data directory the text stands.
  int found(const std::string& text) const {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string bytes(std::istreambuf_iterator<char>(in), {});
      if (bytes.find(text) != std::string::npos) ++count;
    }
    return count;
  }
  /// Events of many keys, their attempts written out of order, so that pages split and move their rows.
  void fill() {
    std::vector<Seq> seqs;
    for (int i = 0; i < 300; ++i)
      seqs.push_back(
          rig.add("e" + std::to_string(i), "p", i % 3 == 0 ? "ann@example.com" : "k" + std::to_string(i),
                  i % 3 == 0 ? "{\"note\":\"Zanzibar-" + std::string(i * 13, 'x') + "-Zanzibar\"}" : "{}"));
    for (int i = 0; i < 300; ++i) {
      const int at = i * 7 % 300;
      const bool mine = at % 3 == 0;
      Intent intent;
      intent.seq = seqs[static_cast<std::size_t>(at)];
      intent.action = "main";
      intent.watch = mine ? R"({"name":"Zanzibar"})" : R"({"name":"Madrid"})";
      ASSERT_TRUE(rig.begin(intent));
      ASSERT_TRUE(rig.settle(told(seqs[static_cast<std::size_t>(at)], mine ? "Zanzibar" : "Madrid",
                                  mine ? "ann@example.com" : "k" + std::to_string(at),
                                  at % 2 == 0 ? End::delivered : End::rejected)));
    }
    // What was noted by hand.
    rig.requeue({seqs[3]});
    ASSERT_TRUE(rig.settle(told(seqs[3], "Zanzibar", "ann@example.com")));
  }

  std::vector<Seq> seqs_left() {
    std::vector<Seq> out;
    Query query;
    query.limit = 1000;
    query.oldest_first = true;
    do {
      const Listed listed = rig.listed(query);
      for (const EventRow& row : listed.rows) out.push_back(row.seq);
      query.after = listed.next;
    } while (query.after != 0);
    return out;
  }
  std::size_t skip(Seq seq) {
    const auto skipped = rig.ask<Skipped>([&](auto reply) { rig.journal->skip({seq}, std::move(reply)); });
    return skipped ? skipped->seqs.size() : 0;
  }

  FaultVfs no_waiting;
  TempFolder folder;
  Rig rig;
};

TEST_F(Files, NoByteOfAForgottenKeyIsLeft) {
  open();
  fill();
  EXPECT_GT(found("Zanzibar"), 0) << "the search finds what is there";
  Forgotten all;
  ForgetQuery query = key("ann@example.com");
  do {
    const Forgotten done = forget(rig, query);
    all.events += done.events;
    query.after = done.next;
  } while (query.after != 0);
  EXPECT_EQ(all.events, 100U);
  EXPECT_GT(found("Zanzibar"), 0) << "the log has it still: the test would notice";
  EXPECT_TRUE(scrub(rig).whole);
  EXPECT_EQ(found("Zanzibar"), 0);
  EXPECT_EQ(found("ann@example.com"), 0);
  EXPECT_GT(found("Madrid"), 0);
  rig.journal.reset();
  open();
  EXPECT_EQ(rig.list({}).size(), 100U);
}

TEST_F(Files, SomebodyWhoReadsKeepsTheBytesAndThatIsSaid) {
  open();
  fill();
  sqlite3* reader = nullptr;
  ASSERT_EQ(sqlite3_open_v2(folder.file().c_str(), &reader, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM event", nullptr, nullptr, nullptr), SQLITE_OK);
  ForgetQuery query = key("ann@example.com");
  do query.after = forget(rig, query).next;
  while (query.after != 0);
  const Scrubbed scrubbed = scrub(rig);
  EXPECT_FALSE(scrubbed.whole);
  EXPECT_NE(scrubbed.why, "");
  EXPECT_GT(found("Zanzibar"), 0);
  sqlite3_close(reader);
  EXPECT_TRUE(scrub(rig).whole);
  EXPECT_EQ(found("Zanzibar"), 0);
}

TEST_F(Files, WhatIsTooMuchGoesOldestFirstAndDeadLettersStay) {
  open(1024 * 1024);
  std::vector<Seq> seqs;
  for (int i = 0; i < 300; ++i) {
    seqs.push_back(rig.add("e" + std::to_string(i), "p", "k", "\"" + std::string(8000, 'x') + "\""));
    if (i != 299) {
      ASSERT_TRUE(rig.settle(ended(seqs.back(), i < 10 ? End::rejected : End::delivered)));
    }
  }
  EXPECT_EQ(rig.retain(0, 50), 50U) << "in small batches";
  std::uint64_t more = 0;
  while ((more = rig.retain(0, 50)) != 0) {
  }
  Query all;
  all.limit = 1000;
  const auto rows = rig.list(all);
  EXPECT_GT(rows.size(), 50U) << "no more than needed";
  EXPECT_LT(rows.size(), 150U);
  EXPECT_EQ(rows.front().seq, seqs.back()) << "the waiting one";
  EXPECT_EQ(rows.back().seq, seqs.front());
  EXPECT_EQ(rig.counts().dead, 10U);
  // Those in between are the newest, without a gap.
  for (std::size_t i = 0; i + 10 < rows.size(); ++i) EXPECT_EQ(rows[i].seq, seqs.back() - i);
}

TEST_F(Files, WhatIsTooMuchGoesInTheOrderOfItsEnd) {
  open(1024 * 1024);
  const std::string data = "\"" + std::string(8000, 'x') + "\"";
  // Received in one order and ended in another: the first 100 last, behind a pause, say.
  std::vector<Seq> seqs;
  for (int i = 0; i < 300; ++i) seqs.push_back(rig.add("e" + std::to_string(i), "p", "k", data));
  const auto end = [&](int i) {
    ++rig.runtime.now_ms;
    ASSERT_TRUE(rig.settle(ended(seqs[static_cast<std::size_t>(i)])));
  };
  for (int i = 299; i >= 100; --i) end(i);
  for (int i = 0; i < 100; ++i) end(i);
  ASSERT_TRUE(rig.settle({ended(rig.add("dead"), End::rejected)}));
  EXPECT_EQ(rig.retain(0, 10), 10U);
  std::vector<Seq> left = seqs_left();
  EXPECT_EQ(left.front(), seqs[0]) << "received first, ended late";
  EXPECT_EQ(left[left.size() - 2], seqs[289]) << "the ten that ended first are gone";
  while (rig.retain(0, 50) != 0) {
  }
  left = seqs_left();
  ASSERT_GT(left.size(), 50U) << "no more than needed";
  ASSERT_LT(left.size(), 150U);
  EXPECT_EQ(rig.counts().dead, 1U);
  left.pop_back();
  // Those that ended last.
  const std::size_t first = left.size() < 100 ? 100 - left.size() : 0;
  for (std::size_t i = 0; i < left.size(); ++i) EXPECT_EQ(left[i], seqs[first + i]);
}

TEST_F(Files, WhatRanAgainIsAsYoungAsItsLastEnd) {
  open(1024 * 1024);
  const std::string data = "\"" + std::string(8000, 'x') + "\"";
  std::vector<Seq> seqs;
  for (int i = 0; i < 300; ++i) {
    ++rig.runtime.now_ms;
    seqs.push_back(rig.add("e" + std::to_string(i), "p", "k", data));
    ASSERT_TRUE(rig.settle(ended(seqs.back(), i < 40 ? End::rejected : End::delivered)));
  }
  EXPECT_EQ(rig.retain(0, 10), 10U) << "a walk that passes the dead letters by";
  // Two of the dead letters run again, one is let go of by an operator; all three end last.
  ++rig.runtime.now_ms;
  rig.requeue({seqs[3], seqs[4]});
  ASSERT_TRUE(rig.settle(ended(seqs[3])));
  ASSERT_TRUE(rig.settle(ended(seqs[4])));
  EXPECT_EQ(skip(seqs[5]), 1U);
  while (rig.retain(0, 50) != 0) {
  }
  const std::vector<Seq> left = seqs_left();
  for (const std::size_t i : {0U, 3U, 4U, 5U, 39U, 299U})
    EXPECT_NE(std::find(left.begin(), left.end(), seqs[i]), left.end()) << i;
  EXPECT_EQ(std::find(left.begin(), left.end(), seqs[60]), left.end());
  // With a smaller bound they go as well, and in time: no walk passes them by.
  keep_below(*rig.journal, 400 * 1024);
  while (rig.retain(0, 50) != 0) {
  }
  EXPECT_EQ(seqs_left().size(), 37U) << "the dead letters alone";
}

TEST_F(Files, AWalkOverMoreThanATurnSaysThatItGoesOn) {
  open(1024 * 1024);
  // Many that ended long after the few that are to go.
  std::vector<Seq> seqs;
  for (int i = 0; i < 50'000; i += 500) {
    Append many;
    for (int j = 0; j < 500; ++j) many.events.push_back(new_event("e" + std::to_string(i + j)));
    const auto appended = rig.append(std::move(many));
    ASSERT_TRUE(appended);
    seqs.insert(seqs.end(), appended->seqs.begin(), appended->seqs.end());
  }
  std::vector<Settlement> batch;
  for (std::size_t i = 0; i < seqs.size(); ++i) {
    if (i % 500 == 0) ++rig.runtime.now_ms;
    batch.push_back(ended(seqs[seqs.size() - 1 - i]));
    if (batch.size() < 500) continue;
    ASSERT_TRUE(rig.settle(std::exchange(batch, {})));
  }
  const std::size_t before = seqs_left().size();
  ASSERT_EQ(before, 50'000U);
  EXPECT_EQ(rig.retain(0, 100), 100U);
  EXPECT_EQ(seqs_left().size(), before) << "it looks first, and says that there may be more";
  for (int turns = 0; turns < 10 && seqs_left().size() == before; ++turns) rig.retain(0, 100);
  const std::vector<Seq> left = seqs_left();
  EXPECT_EQ(left.size(), before - 100);
  EXPECT_EQ(left.front(), seqs.front());
  EXPECT_GE(left.back(), seqs[seqs.size() - 501]);
}

TEST_F(Files, AWalkEndsWhereAllWasReceivedLater) {
  open(1024 * 1024);
  for (int i = 0; i < 50'000; i += 500) {
    rig.runtime.now_ms += 10;
    Append many;
    std::vector<Settlement> batch;
    for (int j = 0; j < 500; ++j) {
      many.events.push_back(new_event("e" + std::to_string(i + j)));
      many.events.back().event.received_ms = rig.runtime.now_ms;
    }
    const auto appended = rig.append(std::move(many));
    ASSERT_TRUE(appended);
    for (const Seq seq : appended->seqs) batch.push_back(ended(seq));
    ASSERT_TRUE(rig.settle(std::move(batch)));
  }
  const std::size_t before = seqs_left().size();
  EXPECT_EQ(rig.retain(0, 100), 100U);
  EXPECT_EQ(seqs_left().size(), before - 100) << "in the first turn";
}

}  // namespace
}  // namespace tenon::journal::test
