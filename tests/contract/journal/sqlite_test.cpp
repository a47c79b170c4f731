// What only the SQLite journal can be asked: the file, its lock, its versions, and that everything survives.
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

#include "fault_vfs.hpp"
#include "rig.hpp"

namespace tenon::journal::test {
namespace {

namespace fs = std::filesystem;

class SqliteJournal : public testing::Test {
 protected:
  void open() {
    auto opened = open_sqlite(rig.runtime, folder.path(), rig.options());
    ASSERT_TRUE(opened) << opened.error().text();
    rig.journal = std::move(*opened);
  }
  void reopen() {
    rig.journal.reset();
    open();
  }
  /// The code that opening fails with; empty if it opens.
  std::string refusal() {
    rig.journal.reset();
    auto opened = open_sqlite(rig.runtime, folder.path(), rig.options());
    if (opened) return "";
    message = opened.error().message;
    return opened.error().code;
  }
  std::string bytes() const {
    std::ifstream in(folder.file(), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  void put(const std::string& content) const { std::ofstream(folder.file(), std::ios::binary) << content; }
  /// As somebody with the sqlite3 shell would.
  std::vector<std::string> shell(const std::string& sql) const {
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open(folder.file().c_str(), &db), SQLITE_OK);
    std::vector<std::string> out;
    char* error = nullptr;
    sqlite3_exec(
        db, sql.c_str(),
        [](void* rows, int n, char** values, char**) {
          std::string row;
          for (int i = 0; i < n; ++i) row += (i ? "|" : "") + std::string(values[i] ? values[i] : "");
          static_cast<std::vector<std::string>*>(rows)->push_back(row);
          return 0;
        },
        &out, &error);
    EXPECT_EQ(error, nullptr) << error;
    sqlite3_free(error);
    sqlite3_close(db);
    return out;
  }

  TempFolder folder;
  Rig rig;
  std::string message;
};

TEST_F(SqliteJournal, EverythingSurvivesAReopening) {
  open();
  const Epoch epoch = rig.journal->epoch();
  std::vector<Seq> seqs;
  for (int i = 0; i < 5; ++i) seqs.push_back(rig.add("e" + std::to_string(i)));
  Append twice = append_of(new_event("d1"));
  twice.dedupe = dedupe("d1", "body");
  seqs.push_back(rig.append(twice)->seqs[0]);
  rig.take();
  const IdentityKey ann{"a", "r", "ann"};
  const AppliedKey key{ann, "p", "main", "customer/1"};
  Settlement done = ended(seqs[0], End::rejected, "no");
  done.attempts = {attempt(1)};
  done.actions = {{"main", End::rejected, "no", ""}};
  done.identities = {{ann, IdentityState::known, "g1", "c1", 5}};
  done.applied = {{key, std::nullopt, "hash", "digest"}};
  ASSERT_TRUE(rig.settle(done));
  Settlement half = retried(seqs[2], 12345, 3);
  half.actions = {{"first", End::delivered, "", ""}};
  ASSERT_TRUE(rig.settle(half));
  ASSERT_TRUE(rig.park("lane", {seqs[3]}));
  ASSERT_TRUE(rig.begin({seqs[4], "main", {{"a", "r", "bob"}}, "c2", 9}));

  reopen();
  EXPECT_EQ(rig.journal->epoch(), epoch + 1);
  EXPECT_EQ(rig.counts().waiting, 5U);
  EXPECT_EQ(rig.counts().dead, 1U);
  const auto taken = rig.take();
  // In order, what was parked too.
  EXPECT_EQ(seqs_of(taken), std::vector<Seq>(seqs.begin() + 1, seqs.end()));
  EXPECT_EQ(taken[1].attempts, 3U);
  EXPECT_EQ(taken[1].next_ms, 12345);
  EXPECT_EQ(taken[1].ended_actions.size(), 1U);
  EXPECT_TRUE(rig.take_parked("lane").empty());
  EXPECT_TRUE(rig.append(twice)->duplicate);
  const Looked looked = rig.look({ann, {"a", "r", "bob"}}, {key});
  EXPECT_EQ(looked.identities[0].sink_id, "g1");
  EXPECT_EQ(looked.identities[1].state, IdentityState::creating);
  EXPECT_EQ(looked.identities[1].create_id, "c2");
  EXPECT_EQ(looked.applied[0]->record_hash, "hash");
  EXPECT_EQ(rig.show("e0")->attempts.size(), 1U);
  EXPECT_EQ(
      rig.ask<bool>([&](auto r) { rig.journal->settle(epoch, {ended(seqs[1])}, std::move(r)); }).error().code,
      "stale_epoch");
}

TEST_F(SqliteJournal, NumbersAreNotReusedAfterRetention) {
  open();
  const Seq seq = rig.add("a");
  ASSERT_TRUE(rig.settle(ended(seq)));
  EXPECT_EQ(rig.retain(INT64_MAX), 1U);
  reopen();
  EXPECT_GT(rig.add("b"), seq);
}

TEST_F(SqliteJournal, HandsOutABacklogAndWhatComesMeanwhile) {
  open();
  std::vector<Seq> all;
  for (int i = 0; i < 20; ++i) {
    const auto appended = rig.append(append_of(std::vector<NewEvent>(100, new_event("e"))));
    all.insert(all.end(), appended->seqs.begin(), appended->seqs.end());
  }
  reopen();
  std::vector<Seq> got;
  for (auto taken = rig.take(300); !taken.empty(); taken = rig.take(300)) {
    for (const auto& each : taken) got.push_back(each.seq);
    if (all.size() < 2010) all.push_back(rig.add("late"));
  }
  EXPECT_EQ(got, all);
}

TEST_F(SqliteJournal, KeepsFreshEventsWithinBounds) {
  open();
  const std::string big(512 * 1024, 'x');
  std::vector<Seq> all;
  for (int i = 0; i < 20; ++i) all.push_back(rig.add("e" + std::to_string(i), "p", "k", big));
  std::vector<Seq> got;
  for (auto taken = rig.take(3); !taken.empty(); taken = rig.take(3)) {
    for (const auto& each : taken) {
      got.push_back(each.seq);
      EXPECT_EQ(each.event.data, big);
    }
  }
  EXPECT_EQ(got, all);
}

TEST_F(SqliteJournal, FilesAreForTheirOwnerOnly) {
  rig.journal.reset();
  const std::string nested = folder.path() + "/a/b";
  auto opened = open_sqlite(rig.runtime, nested, rig.options());
  ASSERT_TRUE(opened);
  rig.journal = std::move(*opened);
  rig.add("a");
  const auto mode = [](const std::string& path) {
    struct stat info = {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777;
  };
  EXPECT_EQ(mode(folder.path() + "/a"), 0700U);
  EXPECT_EQ(mode(nested), 0700U);
  for (const char* name : {"/journal.db", "/journal.db-wal", "/journal.db-shm", "/lock"}) {
    EXPECT_EQ(mode(nested + name), 0600U) << name;
  }
}

TEST_F(SqliteJournal, ASecondOneIsRefused) {
  open();
  auto second = open_sqlite(rig.runtime, folder.path(), rig.options());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "store_locked");
  EXPECT_NE(second.error().message.find(folder.path()), std::string::npos);
  EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos);
  rig.add("still works");
  reopen();
}

TEST_F(SqliteJournal, AFileOfFormat1IsBroughtUpToDate) {
  open();
  const Seq seq = rig.add("a");
  Settlement half = retried(seq, 12345, 1);
  half.actions = {{"first", End::delivered, "", ""}};
  ASSERT_TRUE(rig.settle(half));
  rig.journal.reset();
  shell(
      "DROP INDEX pending_retrying; DROP INDEX audit_seq; DROP TABLE pipeline_state;"
      "DROP INDEX pending_replaying; ALTER TABLE pending DROP COLUMN class;"
      "ALTER TABLE pending DROP COLUMN forced; ALTER TABLE applied DROP COLUMN seq; DROP TABLE watch;"
      "ALTER TABLE pending DROP COLUMN pipeline; ALTER TABLE pending DROP COLUMN requeued_ms;"
      "ALTER TABLE action_end DROP COLUMN id; DROP VIEW attempts; ALTER TABLE attempt DROP COLUMN version;"
      "UPDATE meta SET value = 1 WHERE key = 'format'; "
      "PRAGMA user_version = 1");
  open();
  const auto taken = rig.take();
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].ended_actions.size(), 1U);
  EXPECT_TRUE(taken[0].written.empty());
  EXPECT_EQ(shell("SELECT value FROM meta WHERE key = 'format'"), std::vector<std::string>{"6"});
}

TEST_F(SqliteJournal, AFileOfANewerTenonIsLeftUntouched) {
  open();
  rig.add("a");
  rig.journal.reset();
  shell("PRAGMA user_version = 999; PRAGMA wal_checkpoint(TRUNCATE)");
  const std::string before = bytes();
  EXPECT_EQ(refusal(), "store_newer");
  EXPECT_NE(message.find("999"), std::string::npos);
  EXPECT_EQ(bytes(), before);
  EXPECT_FALSE(fs::exists(folder.file() + "-wal"));
}

TEST_F(SqliteJournal, ANewerNumberThatIsOnlyInTheLogIsSeenToo) {
  open();
  rig.add("a");
  rig.journal.reset();
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(folder.file().c_str(), &db), SQLITE_OK);
  sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  ASSERT_EQ(sqlite3_exec(db, "PRAGMA user_version = 99", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  const std::string before = bytes();
  EXPECT_EQ(refusal(), "store_newer");
  EXPECT_EQ(bytes(), before);
}

TEST_F(SqliteJournal, WhatIsNoJournalIsRefusedAndKept) {
  for (const std::string& content : {std::string(), std::string("hello"), std::string(8192, '\0'),
                                     std::string(8192, 'x'), std::string("SQLite format 3\0", 16),
                                     std::string("SQLite format 3\0", 16) + std::string(5000, '\0')}) {
    put(content);
    EXPECT_EQ(refusal(), "store_corrupt") << content.size();
    EXPECT_NE(message.find(folder.file()), std::string::npos);
    EXPECT_NE(message.find("Move the folder"), std::string::npos);
    EXPECT_EQ(bytes(), content);
  }
  fs::remove(folder.file());
  shell("CREATE TABLE other(x)");
  const std::string other = bytes();
  EXPECT_EQ(refusal(), "store_corrupt");
  EXPECT_EQ(bytes(), other);
}

TEST_F(SqliteJournal, ALogWithoutItsDatabaseIsRefused) {
  open();
  rig.add("a");
  rig.journal.reset();
  fs::remove(folder.file());
  std::ofstream(folder.file() + "-wal") << "something";
  EXPECT_EQ(refusal(), "store_corrupt");
  EXPECT_FALSE(fs::exists(folder.file()));
}

TEST_F(SqliteJournal, AMissingTableIsRefused) {
  open();
  rig.journal.reset();
  shell("DROP TABLE pending");
  EXPECT_EQ(refusal(), "store_corrupt");
}

TEST_F(SqliteJournal, DamageIsRefusedOrHarmless) {
  const FaultVfs no_waiting;
  open();
  for (int i = 0; i < 40; ++i) {
    Append request = append_of(new_event("e" + std::to_string(i), "p", "k", std::string(900, 'x')));
    request.dedupe = dedupe("d" + std::to_string(i), "body");
    const Seq seq = rig.append(request)->seqs[0];
    if (i % 2 == 0) rig.settle(ended(seq)).value();
  }
  rig.journal.reset();
  const std::string sound = bytes();
  std::mt19937 chance(7);
  int refused = 0;
  for (int round = 0; round < 150; ++round) {
    std::string damaged = sound;
    if (round % 3 == 0) {
      damaged.resize(chance() % sound.size());
    } else {
      damaged[chance() % sound.size()] ^= static_cast<char>(1U << (chance() % 8));
    }
    put(damaged);
    fs::remove(folder.file() + "-wal");
    const std::string code = refusal();
    if (!code.empty()) {
      EXPECT_TRUE(code == "store_corrupt" || code == "store_newer" || code == "store_failed") << message;
      EXPECT_NE(message.find(folder.file()), std::string::npos);
      ++refused;
      continue;
    }
    // It opened: then it answers, whatever was hit (a payload's byte, a free page), or says that it cannot.
    open();
    rig.take();
    rig.list();
    (void)rig.append(append_of(new_event("more")));
  }
  EXPECT_GT(refused, 50);
  rig.journal.reset();
}

TEST_F(SqliteJournal, PlainSqliteReadsItAsDocumented) {
  open();
  Append request = append_of({new_event("d1", "p", "customer:1"), new_event("d1", "q", "customer:1")});
  request.dedupe = dedupe("d1", "body");
  const auto seqs = rig.append(request)->seqs;
  Append reused = append_of(new_event("d1"));
  reused.dedupe = dedupe("d1", "other");
  rig.append(reused).value();
  Settlement done = ended(seqs[0], End::rejected, "email is missing");
  done.attempts = {attempt(1)};
  ASSERT_TRUE(rig.settle(done));
  // While it runs.
  EXPECT_EQ(shell("SELECT seq, id, pipeline, state, reason FROM events WHERE seq <= 2"),
            (std::vector<std::string>{"1|d1|p|rejected|email is missing", "2|d1|q|waiting|"}));
  EXPECT_EQ(shell("SELECT seq, number, outcome FROM attempts"), (std::vector<std::string>{"1|1|retry"}));
  EXPECT_EQ(shell("SELECT what, connection, subject, seq FROM audit"),
            (std::vector<std::string>{"id_reused|store|d1|3"}));
  EXPECT_EQ(shell("SELECT keys ->> 'customer' FROM event WHERE seq = 1"), std::vector<std::string>{"1"});
  EXPECT_EQ(shell("SELECT value FROM meta WHERE key = 'format'"), std::vector<std::string>{"6"});
  EXPECT_EQ(shell("PRAGMA integrity_check"), std::vector<std::string>{"ok"});
}

TEST_F(SqliteJournal, TheQueriesOfTheManualWork) {
  open();
  rig.settle(ended(rig.add("a"), End::rejected, "why")).value();
  std::ifstream in(TENON_SOURCE_DIR "/docs/store.md");
  std::string sql;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("```")) {
      inside = line == "```sql";
    } else if (inside) {
      sql += line + "\n";
    }
  }
  EXPECT_GT(sql.size(), 500U);
  EXPECT_FALSE(shell(sql).empty());
}

TEST_F(SqliteJournal, AReaderElsewhereDoesNotStopIt) {
  open();
  rig.add("a");
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(folder.file().c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "BEGIN; SELECT * FROM event", nullptr, nullptr, nullptr), SQLITE_OK);
  const std::string big(256 * 1024, 'x');
  for (int i = 0; i < 40; ++i) rig.add("e" + std::to_string(i), "p", "k", big);
  EXPECT_EQ(rig.counts().waiting, 41U);
  EXPECT_TRUE(rig.failures.empty());
  sqlite3_close(db);
}

TEST_F(SqliteJournal, AWriterElsewhereMakesItBusyAndNoMore) {
  open();
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(folder.file().c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto refused = rig.append(append_of(new_event("a")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "store_busy");
  sqlite3_close(db);
  EXPECT_TRUE(rig.append(append_of(new_event("b"))));
  EXPECT_TRUE(rig.failures.empty());
}

TEST_F(SqliteJournal, TheLogIsCopiedBackAsItGrowsAndAtIdle) {
  open();
  const std::string big(1024 * 1024, 'x');
  for (int i = 0; i < 12; ++i) rig.add("e" + std::to_string(i), "p", "k", big);
  EXPECT_LT(fs::file_size(folder.file() + "-wal"), 8U * 1024 * 1024) << "the log is used again";
  EXPECT_GT(fs::file_size(folder.file()), 8U * 1024 * 1024);
  const auto before = fs::last_write_time(folder.file());
  rig.add("small", "p", "k", std::string(3000, 'x'));
  rig.runtime.writer().fire_timers();
  rig.runtime.run();
  rig.runtime.writer().fire_timers();
  rig.runtime.run();
  EXPECT_GT(fs::last_write_time(folder.file()), before);
  rig.journal->close();
  EXPECT_FALSE(fs::exists(folder.file() + "-wal"));
}

TEST_F(SqliteJournal, RefusesAppendsBeforeTheDiskIsFull) {
  open();
  const Seq seq = rig.add("a");
  rig.journal.reset();
  Options options = rig.options();
  options.min_free_bytes = UINT64_MAX;
  options.min_free_part = 1;
  auto opened = open_sqlite(rig.runtime, folder.path(), std::move(options));
  ASSERT_TRUE(opened);
  rig.journal = std::move(*opened);
  const auto refused = rig.append(append_of(new_event("b")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "store_full");
  EXPECT_TRUE(rig.settle(ended(seq))) << "what was accepted can still be settled";
  EXPECT_TRUE(rig.failures.empty());
}

/// For as long as it lives no file of this process may grow past so much.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const struct rlimit wanted = {bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &wanted);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  struct rlimit before_ = {};
};

TEST_F(SqliteJournal, RefusesAppendsBeforeALimitOfTheFilesSize) {
  Options options;
  options.on_failure = [this](Error error) { rig.failures.push_back(std::move(error)); };
  auto opened = open_sqlite(rig.runtime, folder.path(), std::move(options));
  ASSERT_TRUE(opened);
  rig.journal = std::move(*opened);
  const FileSizeLimit limit(1024 * 1024);
  std::vector<Seq> taken;
  std::string refused;
  while (refused.empty() && taken.size() < 20'000) {
    const auto appended = rig.append(append_of(new_event("e" + std::to_string(taken.size()))));
    if (appended) {
      taken.push_back(appended->seqs[0]);
    } else {
      refused = appended.error().code;
    }
  }
  EXPECT_EQ(refused, "store_full");
  EXPECT_GT(taken.size(), 200U);
  EXPECT_FALSE(rig.counts().has_space);
  // All of it can be settled, with what was said to the remote.
  for (const Seq seq : taken) {
    Settlement end = ended(seq);
    end.attempts.push_back(attempt(1));
    const auto settled = rig.settle(std::move(end));
    ASSERT_TRUE(settled) << seq << " " << settled.error().text();
  }
  EXPECT_TRUE(rig.failures.empty());
}

TEST_F(SqliteJournal, AFolderThatCannotBeMadeIsAnError) {
  put("a file");
  auto opened = open_sqlite(rig.runtime, folder.file() + "/below", rig.options());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, "store_failed");
}

}  // namespace
}  // namespace tenon::journal::test
