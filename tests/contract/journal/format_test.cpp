// Stores of other formats, and reading without a host.
#include <sqlite3.h>
#include <sys/file.h>

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "rig.hpp"

namespace tenon::journal::test {
namespace {

class Formats : public testing::Test {
 protected:
  /// The store that the release of format 1 left.
  void put_format_1() const { put_format(1); }
  void put_format(int number) const {
    std::ifstream in(std::string(TENON_SOURCE_DIR) + "/tests/contract/journal/fixtures/format_" +
                     std::to_string(number) + ".sql");
    const std::string sql(std::istreambuf_iterator<char>(in), {});
    run(sql);
  }
  void run(const std::string& sql) const {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(folder.file().c_str(), &database), SQLITE_OK);
    char* why = nullptr;
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &why), SQLITE_OK) << (why ? why : "");
    sqlite3_free(why);
    sqlite3_close(database);
  }
  std::string bytes() const {
    std::ifstream in(folder.file(), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  void open() {
    auto opened = open_sqlite(rig.runtime, folder.path(), rig.options());
    ASSERT_TRUE(opened) << opened.error().text();
    rig.journal = std::move(*opened);
  }
  std::string reader_refusal() {
    auto opened = open_sqlite_reader(rig.runtime, folder.path());
    return opened ? "" : opened.error().code;
  }

  TempFolder folder;
  Rig rig;
};

TEST_F(Formats, AStoreOfFormat1IsUpgradedWhole) {
  put_format_1();
  open();
  EXPECT_EQ(rig.counts().waiting, 3U);
  EXPECT_EQ(rig.counts().dead, 2U);
  const auto rows = rig.list();
  ASSERT_EQ(rows.size(), 7U);
  EXPECT_EQ(rows[6].state, "delivered");
  EXPECT_EQ(rows[5].state, "skipped");
  EXPECT_EQ(rows[4].reason, "malformed_event");
  EXPECT_EQ(rows[3].state, "rejected");
  EXPECT_EQ(rows[2].state, "retrying");
  EXPECT_EQ(rows[1].state, "waiting");
  ASSERT_FALSE(rig.show("1")->attempts.empty());
  EXPECT_EQ(rig.show("1")->attempts[0].version, "") << "format 4 has it";
  const auto taken = rig.take();
  ASSERT_EQ(seqs_of(taken), (std::vector<Seq>{5, 6, 7}));
  EXPECT_EQ(taken[0].pipeline, "bigcommerce-gorgias");
  EXPECT_TRUE(taken[0].next_ms);
  EXPECT_EQ(rig.requeue({4}).seqs, (std::vector<Seq>{4}));
  const auto backlog = rig.overview().backlog;
  ASSERT_EQ(backlog.size(), 2U);
  EXPECT_EQ(backlog[1].waiting, 4U);
  EXPECT_EQ(backlog[1].retrying, 1U);
  rig.journal.reset();
  open();
  EXPECT_EQ(rig.counts().waiting, 4U);
}

TEST_F(Formats, StoresOfTheFormatsBetweenAreUpgradedToo) {
  for (const int number : {2, 3}) {
    SCOPED_TRACE(number);
    rig.journal.reset();
    std::filesystem::remove(folder.file());
    put_format(number);
    open();
    EXPECT_EQ(rig.counts().waiting, 3U);
    EXPECT_EQ(rig.counts().dead, 2U);
    EXPECT_EQ(rig.list().size(), 7U);
    ASSERT_EQ(rig.show("1")->actions.size(), 1U);
    EXPECT_EQ(rig.show("1")->actions[0].id, "1000");
    EXPECT_EQ(seqs_of(rig.take()), (std::vector<Seq>{5, 6, 7}));
    EXPECT_EQ(rig.overview().states.size(), number == 3 ? 1U : 0U);
    EXPECT_EQ(rig.requeue({4}).seqs.size(), 1U);
    EXPECT_GT(rig.add("next"), 7U);
  }
}

TEST_F(Formats, AStoreOfFormat4KeepsWhatWasAskedForAgain) {
  put_format(4);
  open();
  EXPECT_EQ(rig.counts().waiting, 4U);
  EXPECT_EQ(rig.counts().dead, 1U);
  const auto taken = rig.take();
  ASSERT_EQ(seqs_of(taken), (std::vector<Seq>{4, 5, 6, 7}));
  EXPECT_EQ(taken[0].event.event_class, EventClass::retry);
  EXPECT_TRUE(taken[0].requeued_ms);
  EXPECT_FALSE(taken[0].forced);
  EXPECT_EQ(taken[2].event.event_class, EventClass::live);
  const AppliedKey key{
      {"gorgias:e2e", "customer", "external_id=bigcommerce_30"}, "bigcommerce-gorgias", "main", "store/30"};
  const auto applied = rig.look({}, {key}).applied;
  ASSERT_TRUE(applied[0]);
  EXPECT_EQ(applied[0]->version, "2026-11-25T16:30:42Z");
  EXPECT_EQ(applied[0]->seq, 0U) << "format 5 has it";
  EXPECT_EQ(rig.overview().states.size(), 1U);
}

TEST_F(Formats, AStoreOfFormat5KeepsItsReplays) {
  put_format(5);
  open();
  const auto taken = rig.take();
  ASSERT_EQ(seqs_of(taken), (std::vector<Seq>{1, 2, 4, 5, 6, 7}));
  EXPECT_EQ(taken[0].event.event_class, EventClass::replay);
  EXPECT_TRUE(taken[0].forced);
  EXPECT_EQ(taken[2].event.event_class, EventClass::retry);
  EXPECT_EQ(taken[3].event.event_class, EventClass::live);
  const AppliedKey key{
      {"gorgias:e2e", "customer", "external_id=bigcommerce_33"}, "bigcommerce-gorgias", "main", "store/33"};
  ASSERT_TRUE(rig.look({}, {key}).applied[0]);
  EXPECT_EQ(rig.look({}, {key}).applied[0]->seq, 6U);
  EXPECT_TRUE(rig.watches().empty()) << "format 6 has them";
}

TEST_F(Formats, AReaderDoesNotUpgrade) {
  put_format_1();
  const std::string before = bytes();
  EXPECT_EQ(reader_refusal(), "store_older");
  EXPECT_EQ(bytes(), before);
}

TEST_F(Formats, AReaderLeavesNewerAndDamagedStoresAlone) {
  EXPECT_EQ(reader_refusal(), "store_missing");
  open();
  rig.add("a");
  rig.journal.reset();
  run("PRAGMA user_version = 9");
  std::string before = bytes();
  EXPECT_EQ(reader_refusal(), "store_newer");
  EXPECT_EQ(bytes(), before);
  std::ofstream(folder.file(), std::ios::binary) << "not a database";
  before = bytes();
  EXPECT_EQ(reader_refusal(), "store_corrupt");
  EXPECT_EQ(bytes(), before);
}

TEST_F(Formats, AReaderReadsWhatAStoppedHostLeftAndWritesNothing) {
  open();
  const Seq seq = rig.add("a");
  rig.set_pipeline("p", PipelineMode::paused);
  rig.journal.reset();
  const std::string before = bytes();
  auto opened = open_sqlite_reader(rig.runtime, folder.path());
  ASSERT_TRUE(opened) << opened.error().text();
  rig.journal = std::move(*opened);
  EXPECT_EQ(rig.list().size(), 1U);
  EXPECT_EQ(rig.show(std::to_string(seq))->row.state, "waiting");
  EXPECT_EQ(rig.overview().states.size(), 1U);
  EXPECT_FALSE(rig.append(append_of(new_event("b"))));
  rig.journal.reset();
  EXPECT_EQ(bytes(), before);
}

TEST_F(Formats, AReaderIsToldOfALockedStore) {
  open();
  rig.journal.reset();
  const int lock = ::open((folder.path() + "/lock").c_str(), O_RDWR | O_CREAT, 0600);
  ASSERT_EQ(::flock(lock, LOCK_EX), 0);
  EXPECT_EQ(reader_refusal(), "store_locked");
  ::close(lock);
  EXPECT_EQ(reader_refusal(), "");
}

TEST_F(Formats, AHoldSurvivesAnotherOpening) {
  open();
  rig.set_pipeline("p", PipelineMode::held, "why");
  rig.add("a", "p");
  rig.journal.reset();
  open();
  EXPECT_TRUE(rig.take().empty());
  EXPECT_EQ(rig.overview().states[0].reason, "why");
  rig.set_pipeline("p", PipelineMode::running);
  EXPECT_EQ(rig.take().size(), 1U);
}

}  // namespace
}  // namespace tenon::journal::test
