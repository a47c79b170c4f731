// The SQLite journal on a disk that fails, fills up and loses power. What it acknowledged must be there.
#include <sqlite3.h>

#include "fault_vfs.hpp"
#include "rig.hpp"

namespace tenon::journal::test {
namespace {

/// What the journal has promised so far.
struct Ledger {
  std::vector<std::pair<Seq, std::string>> appended;
  std::vector<Seq> settled;
  std::vector<std::string> creates;
  int refused = 0;
  int acknowledged_after_failure = 0;
};

/// Appends, takes, begins and settles for a number of rounds, several calls in each commit.
class Workload {
 public:
  explicit Workload(Rig& rig) : rig_(rig) {}

  void round(int number) {
    std::vector<std::pair<std::string, std::shared_ptr<Asked<Appended>>>> appends;
    for (int i = 0; i < 3; ++i) {
      const std::string id = std::to_string(number) + "-" + std::to_string(i);
      Append request = append_of(new_event(id, "p", "k", std::string(2000, 'x')));
      request.dedupe = dedupe(id, "body");
      appends.emplace_back(id, std::make_shared<Asked<Appended>>());
      rig_.journal->append(std::move(request), rig_.reply(appends.back().second));
    }
    std::vector<std::pair<Seq, std::shared_ptr<Asked<bool>>>> settles;
    for (const Seq seq : std::exchange(open_, {})) {
      Settlement done = ended(seq);
      done.attempts = {attempt(1, std::string(1500, 'c'))};
      done.actions = {{"main", End::delivered, "", ""}};
      settles.emplace_back(seq, std::make_shared<Asked<bool>>());
      rig_.journal->settle(rig_.journal->epoch(), {done}, rig_.reply(settles.back().second));
    }
    const std::string create = "c" + std::to_string(number);
    auto begun = std::make_shared<Asked<bool>>();
    rig_.journal->begin(rig_.journal->epoch(), {1, "main", {{"a", "r", create}}, create, 1},
                        rig_.reply(begun));
    rig_.runtime.run();
    for (const auto& [id, asked] : appends) {
      if (!note(asked->answer->has_value())) continue;
      ledger.appended.emplace_back((*asked->answer)->seqs[0], id);
      open_.push_back((*asked->answer)->seqs[0]);
    }
    for (const auto& [seq, asked] : settles) {
      if (note(asked->answer->has_value())) ledger.settled.push_back(seq);
    }
    if (note(begun->answer->has_value())) ledger.creates.push_back(create);
    if (!rig_.failures.empty()) failed_ = true;
  }

  Ledger ledger;

 private:
  bool note(bool acknowledged) {
    if (!acknowledged) ++ledger.refused;
    if (acknowledged && failed_) ++ledger.acknowledged_after_failure;
    return acknowledged;
  }
  Rig& rig_;
  std::vector<Seq> open_;
  bool failed_ = false;
};

std::unique_ptr<Journal> must_open(Rig& rig, const std::string& folder) {
  auto opened = open_sqlite(rig.runtime, folder, rig.options());
  if (!opened) {
    ADD_FAILURE() << opened.error().text();
    return nullptr;
  }
  return std::move(*opened);
}

/// How much of the ledger a journal in `folder` no longer knows.
int lost(const std::string& folder, const Ledger& ledger) {
  Rig rig;
  auto opened = open_sqlite(rig.runtime, folder, rig.options());
  const int all = static_cast<int>(ledger.appended.size() + ledger.settled.size() + ledger.creates.size());
  if (!opened) return all;
  rig.journal = std::move(*opened);
  int missing = 0;
  std::vector<std::shared_ptr<Asked<Appended>>> repeated;
  for (const auto& [seq, id] : ledger.appended) {
    const auto shown = rig.show(std::to_string(seq));
    if (!shown || shown->row.event.id != id || shown->row.event.data.size() != 2000) ++missing;
    Append again = append_of(new_event(id));
    again.dedupe = dedupe(id, "body");
    repeated.push_back(std::make_shared<Asked<Appended>>());
    rig.journal->append(std::move(again), rig.reply(repeated.back()));
  }
  rig.runtime.run();
  for (const auto& asked : repeated) {
    if (!*asked->answer || !(*asked->answer)->duplicate) ++missing;
  }
  for (const Seq seq : ledger.settled) {
    const auto shown = rig.show(std::to_string(seq));
    if (!shown || shown->row.state != "delivered" || shown->attempts.size() != 1) ++missing;
  }
  for (const auto& create : ledger.creates) {
    if (rig.look({{"a", "r", create}}).identities[0].create_id != create) ++missing;
  }
  return missing;
}

enum class Way { write, sync };

/// Fails the n-th write or sync of a workload; answers whether the fault was reached.
bool fail_at(Way way, int n) {
  SCOPED_TRACE(testing::Message() << (way == Way::write ? "write " : "sync ") << n);
  TempFolder folder;
  Ledger ledger;
  bool fired = false;
  {
    FaultVfs vfs;
    Rig rig;
    rig.journal = must_open(rig, folder.path());
    if (way == Way::write) {
      vfs.fail_write(n, SQLITE_IOERR_WRITE);
    } else {
      vfs.fail_sync(n, SQLITE_IOERR_FSYNC);
    }
    Workload work(rig);
    for (int i = 0; i < 12; ++i) work.round(i);
    fired = vfs.fired();
    EXPECT_EQ(rig.failures.size(), fired ? 1U : 0U);
    EXPECT_EQ(work.ledger.acknowledged_after_failure, 0);
    if (fired) {
      EXPECT_EQ(rig.failures[0].code, "store_failed");
      EXPECT_GT(work.ledger.refused, 0);
      const auto read = rig.ask<Counts>([&](auto reply) { rig.journal->counts(std::move(reply)); });
      EXPECT_FALSE(read) << "nothing is answered any more";
    }
    const int syncs = vfs.syncs();
    rig.journal.reset();
    if (fired) {
      EXPECT_EQ(vfs.syncs(), syncs) << "a sync was tried again";
    }
    EXPECT_EQ(vfs.writes_after_failure(), 0) << "something was written after a failed sync";
    ledger = std::move(work.ledger);
  }
  EXPECT_EQ(lost(folder.path(), ledger), 0);
  return fired;
}

TEST(SqliteFaults, AnyWriteMayFail) {
  int fired = 0;
  for (int n = 1; n <= 60; ++n) fired += fail_at(Way::write, n) ? 1 : 0;
  EXPECT_EQ(fired, 60);
}

TEST(SqliteFaults, AnySyncMayFail) {
  int fired = 0;
  for (int n = 1; n <= 10; ++n) fired += fail_at(Way::sync, n) ? 1 : 0;
  EXPECT_EQ(fired, 10);
}

TEST(SqliteFaults, AFaultWhileOpeningIsAnErrorAndNoDamage) {
  for (const Way way : {Way::write, Way::sync}) {
    for (int n = 1; n <= 30; ++n) {
      TempFolder folder;
      {
        FaultVfs vfs;
        if (way == Way::write) {
          vfs.fail_write(n, SQLITE_IOERR_WRITE);
        } else {
          vfs.fail_sync(n, SQLITE_IOERR_FSYNC);
        }
        Rig rig;
        auto opened = open_sqlite(rig.runtime, folder.path(), rig.options());
        EXPECT_NE(opened.has_value(), vfs.fired());
        if (!opened) {
          EXPECT_EQ(opened.error().code, "store_failed") << opened.error().message;
        }
      }
      Rig rig;
      rig.journal = must_open(rig, folder.path());
      ASSERT_TRUE(rig.journal);
      EXPECT_GT(rig.add("a"), 0U);
    }
  }
}

TEST(SqliteFaults, AFullDiskRefusesAndRecovers) {
  TempFolder folder;
  Ledger ledger;
  {
    FaultVfs vfs;
    Rig rig;
    rig.journal = must_open(rig, folder.path());
    Workload work(rig);
    for (int i = 0; i < 5; ++i) work.round(i);
    EXPECT_EQ(work.ledger.refused, 0);
    vfs.set_quota(400'000);
    for (int i = 5; i < 60; ++i) work.round(i);
    EXPECT_GT(work.ledger.refused, 0);
    const auto refused = rig.append(append_of(new_event("x", "p", "k", std::string(500'000, 'x'))));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "store_full");
    EXPECT_NO_FATAL_FAILURE(rig.counts());
    EXPECT_TRUE(rig.failures.empty()) << "a full disk is no I/O error";
    vfs.set_quota(INT64_MAX);
    const int before = work.ledger.refused;
    const auto waiting = rig.counts().waiting;
    for (int i = 60; i < 70; ++i) work.round(i);
    EXPECT_EQ(work.ledger.refused, before);
    EXPECT_LE(rig.counts().waiting, waiting + 30);
    ledger = std::move(work.ledger);
  }
  EXPECT_EQ(lost(folder.path(), ledger), 0);
}

TEST(SqliteFaults, AnyWriteMayFindTheDiskFull) {
  for (int n = 1; n <= 60; ++n) {
    SCOPED_TRACE(n);
    TempFolder folder;
    Ledger ledger;
    {
      FaultVfs vfs;
      Rig rig;
      rig.journal = must_open(rig, folder.path());
      vfs.fail_write(n, SQLITE_FULL);
      Workload work(rig);
      for (int i = 0; i < 12; ++i) work.round(i);
      EXPECT_TRUE(vfs.fired());
      EXPECT_TRUE(rig.failures.empty());
      EXPECT_EQ(work.ledger.refused > 0, true);
      EXPECT_LT(work.ledger.refused, 10) << "one commit";
      ledger = std::move(work.ledger);
    }
    EXPECT_EQ(lost(folder.path(), ledger), 0);
  }
}

TEST(SqliteFaults, APowerCutLosesNothingAcknowledged) {
  std::size_t checked = 0;
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    TempFolder folder;
    TempFolder left;
    FaultVfs vfs;
    Rig rig;
    rig.journal = must_open(rig, folder.path());
    Workload work(rig);
    for (std::uint32_t i = 0; i < 1 + seed; ++i) work.round(static_cast<int>(i));
    // In the middle of a commit: its writes are there or not, and nobody was answered.
    for (int i = 0; i < 3; ++i)
      rig.journal->append(append_of(new_event("torn", "p", "k", std::string(2000, 'y'))),
                          {&rig.runtime.ingress(), {}});
    vfs.fail_sync(1, SQLITE_IOERR_FSYNC);
    rig.runtime.run();
    vfs.cut_power(folder.path(), left.path(), seed);
    checked += work.ledger.appended.size();
    EXPECT_EQ(lost(left.path(), work.ledger), 0);
  }
  EXPECT_GT(checked, 2000U);
}

TEST(SqliteFaults, PositiveControlADiskThatLiesIsNoticed) {
  int lossy = 0;
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    TempFolder folder;
    TempFolder left;
    FaultVfs vfs;
    Rig rig;
    rig.journal = must_open(rig, folder.path());
    vfs.lie(true);
    Workload work(rig);
    for (int i = 0; i < 10; ++i) work.round(i);
    vfs.cut_power(folder.path(), left.path(), seed);
    lossy += lost(left.path(), work.ledger) > 0 ? 1 : 0;
  }
  EXPECT_EQ(lossy, 10);
}

}  // namespace
}  // namespace tenon::journal::test
