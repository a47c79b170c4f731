// The SQLite journal on a disk that fails, fills up and loses power. What it acknowledged must be there.
#include <sqlite3.h>

#include "fault_vfs.hpp"
#include "rig.hpp"
#include "workload.hpp"

namespace tenon::journal::test {
namespace {

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
