// Copies: whole, of one moment, marked; and what a store that was one knows of itself.
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "contract.hpp"
#include "journal/upkeep.hpp"

namespace tenon::journal::test {
namespace {

const IdentityKey kAnn{"desk:1", "customer", "email=ann"};

class Backup : public testing::Test {
 protected:
  void open(const std::string& path) {
    rig.journal.reset();
    auto opened = open_sqlite(rig.runtime, path, rig.options());
    ASSERT_TRUE(opened) << opened.error().text();
    rig.journal = std::move(*opened);
  }
  std::string target() const { return other.path() + "/copy.db"; }
  Result<std::uint64_t> copy(const std::string& file) const {
    return backup_sqlite(folder.path(), file, rig.runtime.now_ms, [](auto, auto) { return true; });
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(other.path()), {}));
  }
  std::string audited() const {
    sqlite3* database = nullptr;
    std::string found;
    sqlite3_open_v2(other.file().c_str(), &database, SQLITE_OPEN_READONLY, nullptr);
    sqlite3_exec(
        database, "SELECT what || ' ' || subject FROM audit WHERE what = 'restored'",
        [](void* out, int, char** text, char**) {
          *static_cast<std::string*>(out) += text[0];
          return 0;
        },
        &found, nullptr);
    sqlite3_close(database);
    return found;
  }

  FaultVfs no_waiting;
  TempFolder folder;
  TempFolder other;
  Rig rig;
};

TEST_F(Backup, IsOfAStoreInUseAndOpensAsAStore) {
  open(folder.path());
  for (int i = 0; i < 3000; ++i)
    rig.add("e" + std::to_string(i), "p", "k", "\"" + std::string(2000, 'x') + "\"");
  Settlement settlement = ended(1);
  const IdentityKey call = key_of_call(1, "main");
  settlement.identities = {{kAnn, IdentityState::known, "1000", "", 0},
                           {call, IdentityState::known, "", "", 0}};
  ASSERT_TRUE(rig.settle(settlement));
  int steps = 0;
  const auto size =
      backup_sqlite(folder.path(), target(), rig.runtime.now_ms, [&](std::uint64_t done, std::uint64_t all) {
        EXPECT_LE(done, all);
        // What is written meanwhile is of another moment, and does not make it begin anew.
        rig.add("meanwhile" + std::to_string(steps++));
        return true;
      });
  ASSERT_TRUE(size) << size.error().text();
  EXPECT_GT(steps, 1);
  EXPECT_LT(steps, 10);
  EXPECT_EQ(*size, std::filesystem::file_size(target()));
  EXPECT_EQ(files(), 1U) << "nothing is left beside it";
  struct stat info = {};
  ASSERT_EQ(::stat(target().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_EQ(rig.look({kAnn}).identities[0].state, IdentityState::known) << "the store itself is as it was";

  std::filesystem::rename(target(), other.file());
  EXPECT_EQ(audited(), "");
  open(other.path());
  EXPECT_EQ(rig.counts().waiting, 2999U);
  EXPECT_EQ(rig.look({kAnn}).identities[0].state, IdentityState::unknown)
      << "searched for before it is written";
  EXPECT_EQ(rig.look({call}).identities[0].state, IdentityState::known) << "what was done was done";
  rig.journal.reset();
  EXPECT_TRUE(audited().starts_with("restored from a backup of 20")) << audited();
  // Once.
  open(other.path());
  settlement = ended(2);
  settlement.identities = {{kAnn, IdentityState::known, "1000", "", 0}};
  ASSERT_TRUE(rig.settle(settlement));
  open(other.path());
  EXPECT_EQ(rig.look({kAnn}).identities[0].state, IdentityState::known);
}

TEST_F(Backup, OfAStoppedStoreReplacesAFormerOne) {
  open(folder.path());
  rig.add("a");
  rig.journal.reset();
  std::ofstream(target()) << "a former copy";
  ASSERT_TRUE(copy(target()));
  ASSERT_TRUE(copy(target()));
  EXPECT_EQ(files(), 1U);
}

TEST_F(Backup, ThatIsStoppedLeavesTheFormerOne) {
  open(folder.path());
  for (int i = 0; i < 3000; ++i)
    rig.add("e" + std::to_string(i), "p", "k", "\"" + std::string(2000, 'x') + "\"");
  std::ofstream(target()) << "a former copy";
  const auto stopped = backup_sqlite(folder.path(), target(), 1, [](auto, auto) { return false; });
  EXPECT_EQ(stopped.error().code, "cancelled");
  EXPECT_EQ(std::filesystem::file_size(target()), 13U);
  EXPECT_EQ(files(), 1U);
}

TEST_F(Backup, RefusesWhatIsNoPlaceForOne) {
  EXPECT_EQ(copy(target()).error().code, "store_missing");
  open(folder.path());
  rig.add("a");
  EXPECT_EQ(copy(other.path()).error().code, "file_failed") << "a directory";
  EXPECT_EQ(copy(folder.file()).error().code, "file_failed") << "the journal itself";
  EXPECT_EQ(copy(other.path() + "/no/where.db").error().code, "file_failed");
  EXPECT_EQ(copy("/dev/null").error().code, "file_failed");
  ASSERT_EQ(::symlink(folder.file().c_str(), target().c_str()), 0);
  EXPECT_EQ(copy(target()).error().code, "file_failed") << "a link";
  EXPECT_EQ(rig.counts().waiting, 1U);
}

TEST_F(Backup, OfADamagedStoreIsNone) {
  open(folder.path());
  for (int i = 0; i < 300; ++i)
    rig.add("e" + std::to_string(i), "p", "k", "\"" + std::string(2000, 'x') + "\"");
  rig.journal.reset();
  std::fstream file(folder.file(), std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(4096 * 100);
  file << std::string(4096 * 20, '\x7f');
  file.close();
  EXPECT_EQ(copy(target()).error().code, "store_corrupt");
  EXPECT_EQ(files(), 0U);
}

}  // namespace
}  // namespace tenon::journal::test
