#include "journal/sqlite/sqlite_store.hpp"

#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>

#include "journal/sqlite/statements.hpp"

namespace tenon::journal {
namespace {

// Pages of 4 KiB in the log at which it is copied back: early while nobody waits; late under load, when many
// of its pages are versions of one.
constexpr int kCalmPages = 1024;
constexpr int kPressedPages = 4096;
constexpr std::size_t kFreshEvents = 1024;
constexpr std::size_t kFreshBytes = 4 * 1024 * 1024;

std::size_t weight(const Waiting& waiting) { return waiting.event.data.size() + 512; }

}  // namespace

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

SqliteStore::SqliteStore(FolderLock lock, std::unique_ptr<Database> database, const Options& options)
    : lock_(std::move(lock)),
      database_(std::move(database)),
      sql_(std::make_unique<Statements>()),
      dedupe_keep_ms_(options.dedupe_keep_ms),
      min_free_bytes_(options.min_free_bytes) {}

SqliteStore::~SqliteStore() { close(false); }

Status SqliteStore::load() {
  TENON_CHECK(sql_->prepare(*database_));
  TENON_TRY(const std::int64_t epoch, database_->number("SELECT value FROM meta WHERE key = 'epoch'"));
  TENON_TRY(const std::int64_t kept, database_->number("SELECT value FROM meta WHERE key = 'last_seq'"));
  TENON_TRY(const std::int64_t newest, database_->number("SELECT max(seq) FROM event"));
  TENON_TRY(const std::int64_t open, database_->number("SELECT count(*) FROM pending"));
  TENON_TRY(const std::int64_t dead,
            database_->number("SELECT count(*) FROM ended WHERE end IN ('rejected', 'exhausted')"));
  epoch_ = static_cast<Epoch>(epoch) + 1;
  last_ = static_cast<Seq>(std::max(kept, newest));
  open_ = static_cast<std::uint64_t>(open);
  dead_ = static_cast<std::uint64_t>(dead);
  fresh_.from = last_ + 1;
  sqlite3_wal_hook(database_->handle(), &SqliteStore::on_wal, this);
  return sql_->put_meta.run(std::string_view("epoch"), epoch_);
}

int SqliteStore::on_wal(void* self, sqlite3*, const char*, int pages) {
  static_cast<SqliteStore*>(self)->wal_pages_ = pages;
  return SQLITE_OK;
}

// --- the batch

Status SqliteStore::start(std::int64_t now_ms) {
  now_ms_ = now_ms;
  open_change_ = 0;
  dead_change_ = 0;
  appended_.clear();
  settled_ = 0;
  return sql_->start.run();
}

Status SqliteStore::commit() {
  TENON_CHECK(sql_->commit.run());
  open_ = static_cast<std::uint64_t>(static_cast<std::int64_t>(open_) + open_change_);
  dead_ = static_cast<std::uint64_t>(static_cast<std::int64_t>(dead_) + dead_change_);
  for (auto& waiting : appended_) keep_fresh(std::move(waiting));
  appended_.clear();
  if (!fresh_.events.empty() && settled_ >= fresh_.events.front().seq) {
    // Settled before it was taken: what is in memory is no longer what is on disk.
    fresh_ = Fresh();
    fresh_.from = last_ + 1;
  }
  return {};
}

void SqliteStore::rollback() {
  appended_.clear();
  // A failed commit may have undone itself already. The outcome does not matter: what could not be rolled
  // back now is when the file is opened again.
  if (database_->in_transaction()) (void)sql_->rollback.run();
}

Status SqliteStore::start_reads() { return sql_->start_read.run(); }

void SqliteStore::end_reads() {
  if (database_->in_transaction()) (void)sql_->commit.run();
}

// --- events that need not be read back

void SqliteStore::keep_fresh(Waiting waiting) {
  fresh_.bytes += weight(waiting);
  fresh_.events.push_back(std::move(waiting));
  while (fresh_.events.size() > kFreshEvents || (fresh_.bytes > kFreshBytes && !fresh_.events.empty())) {
    drop_oldest_fresh();
  }
}

void SqliteStore::drop_oldest_fresh() {
  fresh_.bytes -= std::min(fresh_.bytes, weight(fresh_.events.front()));
  fresh_.from = fresh_.events.front().seq + 1;
  fresh_.events.pop_front();
}

Result<std::vector<Waiting>> SqliteStore::open_after(Seq after, std::uint32_t limit) {
  std::vector<Waiting> out;
  while (!fresh_.events.empty() && fresh_.events.front().seq <= after) drop_oldest_fresh();
  if (after + 1 >= fresh_.from) {
    // The taker keeps up, and asks for each event once: hand it over.
    while (!fresh_.events.empty() && out.size() < limit) {
      fresh_.bytes -= std::min(fresh_.bytes, weight(fresh_.events.front()));
      out.push_back(std::move(fresh_.events.front()));
      fresh_.events.pop_front();
      fresh_.from = out.back().seq + 1;
    }
    return out;
  }
  auto rows = sql_->open_after.query(after, limit);
  while (rows.next()) {
    TENON_TRY(auto waiting, read_waiting(rows));
    out.push_back(std::move(waiting));
  }
  TENON_CHECK(rows.status());
  return out;
}

// --- space, the log, the end

bool SqliteStore::has_space() {
  if (!look_at_space_) return true;
  struct statvfs info = {};
  if (::statvfs(database_->file().c_str(), &info) != 0) return true;
  look_at_space_ = static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize < min_free_bytes_;
  return !look_at_space_;
}

Status SqliteStore::maintain(Pace pace) {
  const int enough = pace == Pace::idle ? 1 : pace == Pace::calm ? kCalmPages : kPressedPages;
  if (wal_pages_ < enough || wal_pages_ < checkpoint_after_) return {};
  const Status status = checkpoint(SQLITE_CHECKPOINT_PASSIVE);
  look_at_space_ = true;
  if (!status && status.error().code == kStoreFailed) return status;
  return {};
}

Status SqliteStore::checkpoint(int mode) {
  int pages = 0;
  int copied = 0;
  const int code = sqlite3_wal_checkpoint_v2(database_->handle(), nullptr, mode, &pages, &copied);
  if (code == SQLITE_OK && pages == copied) {
    wal_pages_ = 0;
    checkpoint_after_ = 0;
    return {};
  }
  // A reader holds a part of the log, or the disk is full: not again at once.
  checkpoint_after_ = wal_pages_ + kCalmPages;
  return code == SQLITE_OK ? Status() : Status(database_->error(code));
}

void SqliteStore::close(bool sound) {
  if (!database_) return;
  if (database_->in_transaction()) rollback();
  sql_.reset();
  // What cannot be copied now is copied at the next start. Once it is, SQLite may remove the log.
  if (sound && checkpoint(SQLITE_CHECKPOINT_TRUNCATE) && wal_pages_ == 0)
    sqlite3_db_config(database_->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  database_.reset();
}

}  // namespace tenon::journal
