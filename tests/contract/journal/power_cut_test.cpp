// Power cut after power cut over one store, on a disk that drops, tears and reorders what was not synced.
// TENON_POWER_CUTS: how many (tests/proof.sh: 100).
#include <sqlite3.h>

#include <cstdlib>

#include "fault_vfs.hpp"
#include "rig.hpp"
#include "workload.hpp"

namespace tenon::journal::test {
namespace {

using Loss = FaultVfs::Loss;

std::uint32_t cuts(std::uint32_t usual) {
  const char* const text = std::getenv("TENON_POWER_CUTS");
  return text == nullptr ? usual : static_cast<std::uint32_t>(std::atoi(text));
}

std::string integrity_of(const std::string& file) {
  sqlite3* database = nullptr;
  std::string verdict;
  sqlite3_open_v2(file.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr);
  sqlite3_exec(
      database, "PRAGMA integrity_check",
      [](void* out, int, char** columns, char**) {
        static_cast<std::string*>(out)->append(columns[0]);
        return 0;
      },
      &verdict, nullptr);
  sqlite3_close_v2(database);
  return verdict;
}

struct Outcome {
  std::size_t promised = 0;
  int lost = 0;
  int refused_to_open = 0;  ///< as store_corrupt
};

/// Works on the store in `folder` until the power goes in the middle of a commit; what is left is in `left`.
Ledger work_until_cut(const std::string& folder, const std::string& left, std::uint32_t seed, Loss loss,
                      bool normal) {
  FaultVfs vfs;
  vfs.force_synchronous_normal(normal);
  Rig rig;
  rig.journal = must_open(rig, folder);
  if (!rig.journal) return {};
  Workload work(rig, "cut" + std::to_string(seed) + "-");
  std::mt19937 chance(seed);
  const auto rounds = static_cast<int>(2 + chance() % 8);
  for (int i = 0; i < rounds; ++i) {
    work.round(i);
    // The log is copied back in some cycles only, so that a cut meets long and short ones.
    if (chance() % 8 == 0) {
      rig.runtime.writer().fire_timers();
      rig.runtime.run();
    }
  }
  for (int i = 0; i < 3; ++i) {
    rig.journal->append(append_of(new_event("torn", "p", "k", std::string(2000, 'y'))),
                        {&rig.runtime.ingress(), {}});
  }
  vfs.fail_sync(1, SQLITE_IOERR_FSYNC);
  rig.runtime.run();
  vfs.cut_power(folder, left, seed, loss);
  return std::move(work.ledger);
}

void add(Ledger& all, Ledger more) {
  std::move(more.appended.begin(), more.appended.end(), std::back_inserter(all.appended));
  all.settled.insert(all.settled.end(), more.settled.begin(), more.settled.end());
  std::move(more.creates.begin(), more.creates.end(), std::back_inserter(all.creates));
}

Outcome cut_again_and_again(std::uint32_t count, const std::vector<Loss>& losses, bool normal = false) {
  Outcome outcome;
  Ledger all;
  auto now = std::make_unique<TempFolder>();
  for (std::uint32_t seed = 1; seed <= count; ++seed) {
    auto left = std::make_unique<TempFolder>();
    Ledger fresh = work_until_cut(now->path(), left->path(), seed, losses[seed % losses.size()], normal);
    now = std::move(left);
    outcome.promised += fresh.appended.size() + fresh.settled.size() + fresh.creates.size();
    outcome.lost += lost(now->path(), fresh);
    if (outcome.lost > 0) return outcome;
    EXPECT_EQ(integrity_of(now->file()), "ok") << "cut " << seed;
    add(all, std::move(fresh));
  }
  outcome.lost += lost(now->path(), all);
  return outcome;
}

TEST(PowerCut, WhatWasPromisedOutlivesEachOfThem) {
  const auto count = cuts(12);
  const Outcome outcome = cut_again_and_again(count, {Loss::all, Loss::some});
  EXPECT_EQ(outcome.lost, 0);
  EXPECT_GT(outcome.promised, count * 10U);
  RecordProperty("promised", static_cast<int>(outcome.promised));
}

TEST(PowerCut, TornAndReorderedWritesLoseNothingAndShowNoWrongRow) {
  const auto count = cuts(12);
  const Outcome outcome = cut_again_and_again(count, {Loss::torn_512, Loss::torn_4096, Loss::reordered});
  EXPECT_EQ(outcome.lost, 0);
  EXPECT_GT(outcome.promised, count * 10U);
  RecordProperty("promised", static_cast<int>(outcome.promised));
}

TEST(PowerCut, PositiveControlWithSynchronousNormalItLoses) {
  int red = 0;
  for (int i = 0; i < 5; ++i) red += cut_again_and_again(3, {Loss::all}, true).lost > 0 ? 1 : 0;
  EXPECT_EQ(red, 5);
}

}  // namespace
}  // namespace tenon::journal::test
