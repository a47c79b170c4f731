#include "journal/sqlite/sqlite_store.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>

#include "journal/sqlite/statements.hpp"
#include "runtime/crash_point.hpp"

namespace tenon::journal {
namespace {

// Pages of 4 KiB in the log at which it is copied back: early while nobody waits; late under load, when many
// of its pages are versions of one.
constexpr int kCalmPages = 1024;
constexpr int kPressedPages = 4096;
// While space is low: the log is kept this short, and its file gives back what it took.
constexpr int kLowPages = 64;
constexpr std::uint64_t kPageBytes = 4096;
// A page in the log, with its head.
constexpr std::uint64_t kFrameBytes = kPageBytes + 24;
// What the end of an open event takes, without its conversation.
constexpr std::uint64_t kSettleBytes = 1024;
constexpr std::size_t kFreshEvents = 1024;
// Narrow rows of pending looked at per turn: a few milliseconds.
constexpr int kScanLook = 20'000;
constexpr std::size_t kFreshBytes = 4 * 1024 * 1024;

constexpr std::uint64_t kNoLimit = UINT64_MAX;

/// What this process may make of one file. Asked each time: it can be changed from outside.
std::uint64_t file_size_limit() {
  struct rlimit limit = {};
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kNoLimit;
  return limit.rlim_cur;
}

std::size_t weight(const Waiting& waiting) { return waiting.event.data.size() + 512; }

}  // namespace

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

SqliteStore::SqliteStore(std::optional<FolderLock> lock, std::unique_ptr<Database> database,
                         const Options& options)
    : lock_(std::move(lock)),
      database_(std::move(database)),
      sql_(std::make_unique<Statements>()),
      dedupe_keep_ms_(options.dedupe_keep_ms),
      min_free_bytes_(options.min_free_bytes),
      min_free_part_(std::max<std::uint32_t>(options.min_free_part, 1)),
      reserve_(options.min_free_bytes) {}

SqliteStore::~SqliteStore() { close(false); }

Status SqliteStore::load() {
  TENON_CHECK(sql_->prepare(*database_));
  TENON_TRY(const std::int64_t epoch, database_->number("SELECT value FROM meta WHERE key = 'epoch'"));
  TENON_TRY(const std::int64_t kept, database_->number("SELECT value FROM meta WHERE key = 'last_seq'"));
  TENON_TRY(const std::int64_t newest, database_->number("SELECT max(seq) FROM event"));
  TENON_TRY(restored_ms_, database_->number("SELECT value FROM meta WHERE key = 'restored_ms'"));
  epoch_ = static_cast<Epoch>(epoch) + 1;
  last_ = static_cast<Seq>(std::max(kept, newest));
  fresh_.from = last_ + 1;
  TENON_CHECK(count_all());
  if (!lock_) return {};
  sqlite3_wal_hook(database_->handle(), &SqliteStore::on_wal, this);
  return sql_->put_meta.run(std::string_view("epoch"), epoch_);
}

Status SqliteStore::count_all() {
  const auto each = [this](const char* sql, Change change) -> Status {
    TENON_TRY(auto statement, database_->prepare(sql));
    auto rows = statement.query();
    while (rows.next()) {
      change.pipeline = rows.text(0);
      count(change);
    }
    return rows.status();
  };
  TENON_CHECK(each("SELECT pipeline FROM pending", {"", 1, 0, 0}));
  return each(
      "SELECT e.pipeline FROM ended d INDEXED BY ended_dead CROSS JOIN event e ON e.seq = d.seq"
      " WHERE d.end IN ('rejected', 'exhausted')",
      {"", 0, 1, 0});
}

void SqliteStore::count(const Change& change) {
  open_ = static_cast<std::uint64_t>(static_cast<std::int64_t>(open_) + change.open);
  dead_ = static_cast<std::uint64_t>(static_cast<std::int64_t>(dead_) + change.dead);
  auto found = tallies_.find(change.pipeline);
  if (found == tallies_.end()) found = tallies_.try_emplace(change.pipeline).first;
  Tally& tally = found->second;
  tally.open = static_cast<std::uint64_t>(static_cast<std::int64_t>(tally.open) + change.open);
  tally.dead = static_cast<std::uint64_t>(static_cast<std::int64_t>(tally.dead) + change.dead);
  if (change.opened != 0) tally.oldest_from = std::min(tally.oldest_from, change.opened);
}

int SqliteStore::on_wal(void* self, sqlite3*, const char*, int pages) {
  static_cast<SqliteStore*>(self)->wal_pages_ = pages;
  return SQLITE_OK;
}

// --- the batch

Status SqliteStore::start(std::int64_t now_ms) {
  now_ms_ = now_ms;
  changes_.clear();
  appended_.clear();
  settled_ = 0;
  return sql_->start.run();
}

Status SqliteStore::commit() {
  TENON_CHECK(sql_->commit.run());
  for (const Change& change : changes_) count(change);
  changes_.clear();
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
  changes_.clear();
  // What was taken to be deleted is still there.
  drop_walk();
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

bool SqliteStore::take_fresh(Scan& scan, std::size_t limit, std::vector<Waiting>& out) {
  while (!fresh_.events.empty() && fresh_.events.front().seq <= scan.after) drop_oldest_fresh();
  if (scan.after + 1 < fresh_.from) return false;
  // The taker keeps up, and asks for each event once: hand it over.
  while (!fresh_.events.empty() && out.size() < limit) {
    Waiting waiting = std::move(fresh_.events.front());
    fresh_.bytes -= std::min(fresh_.bytes, weight(waiting));
    fresh_.events.pop_front();
    scan.after = waiting.seq;
    fresh_.from = scan.after + 1;
    if (scan.wants(waiting.pipeline)) out.push_back(std::move(waiting));
  }
  return true;
}

Result<bool> SqliteStore::open_some(Scan& scan, std::size_t limit, std::vector<Waiting>& out) {
  if (scan.only.empty() && take_fresh(scan, limit, out)) return fresh_.events.empty();
  auto rows = sql_->scan_open.query(scan.after, std::min<Seq>(scan.until, INT64_MAX));
  for (int looked = 0; out.size() < limit && looked < kScanLook; ++looked) {
    if (!rows.next()) {
      TENON_CHECK(rows.status());
      return true;
    }
    scan.after = static_cast<Seq>(rows.number(0));
    if (!scan.wants(rows.text(1))) continue;
    auto found = sql_->open_one.query(scan.after);
    if (found.next()) {
      TENON_TRY(auto waiting, read_waiting(found));
      out.push_back(std::move(waiting));
    }
    TENON_CHECK(found.status());
  }
  return false;
}

// --- space, the log, the end

/// What may still be written though no file may grow past `limit`: into the database, where free pages are
/// used first, and into the log, which is written from its start again once it is copied back.
std::uint64_t SqliteStore::room_below(std::uint64_t limit) {
  if (limit == kNoLimit) return kNoLimit;
  const auto live = live_bytes();
  const std::uint64_t log = static_cast<std::uint64_t>(wal_pages_) * kFrameBytes;
  const std::uint64_t used = std::max(live ? *live : 0, log);
  return limit - std::min(limit, used);
}

bool SqliteStore::has_space() {
  struct statvfs info = {};
  if (::statvfs(database_->file().c_str(), &info) != 0) return true;
  const std::uint64_t on_disk = static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  const std::uint64_t whole = static_cast<std::uint64_t>(info.f_blocks) * info.f_frsize;
  // Where nothing is to be kept back the limit is met when it is met.
  const std::uint64_t limit = min_free_bytes_ == 0 ? kNoLimit : file_size_limit();
  reserve_ = std::min(min_free_bytes_, std::min(whole, limit) / min_free_part_);
  const std::uint64_t free = std::min(on_disk, room_below(limit));
  const std::uint64_t to_settle = open_ * kSettleBytes;
  space_ = free >= reserve_ + to_settle       ? Space::enough
           : free >= reserve_ / 2 + to_settle ? Space::low
                                              : Space::scarce;
  return space_ == Space::enough;
}

Status SqliteStore::maintain(Pace pace) {
  int enough = pace == Pace::idle ? 1 : pace == Pace::calm ? kCalmPages : kPressedPages;
  const bool low = space_ != Space::enough;
  // What is copied back must find room beside the log.
  if (low || reserve_ > 0) {
    const std::uint64_t most = low ? 0 : std::min<std::uint64_t>(reserve_ / 2 / kPageBytes, kPressedPages);
    enough = std::min(enough, std::max(static_cast<int>(most), kLowPages));
  }
  if (wal_pages_ < enough || (wal_pages_ < checkpoint_after_ && !low)) return {};
  const Status status = checkpoint(low ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE);
  if (!status && status.error().code == kStoreFailed) return status;
  return {};
}

Status SqliteStore::checkpoint(int mode) {
  int pages = 0;
  int copied = 0;
  TENON_CRASH_POINT("journal.before_checkpoint");
  const int code = sqlite3_wal_checkpoint_v2(database_->handle(), nullptr, mode, &pages, &copied);
  TENON_CRASH_POINT("journal.after_checkpoint");
  if (code == SQLITE_OK && pages == copied) {
    wal_pages_ = 0;
    checkpoint_after_ = 0;
    return {};
  }
  // A reader holds a part of the log, or the disk is full: not again at once.
  checkpoint_after_ = wal_pages_ + kCalmPages;
  return code == SQLITE_OK ? Status() : Status(database_->error(code));
}

std::uint64_t SqliteStore::bytes() const {
  std::uint64_t total = 0;
  for (const char* suffix : {"", "-wal"}) {
    struct stat info = {};
    if (::stat((database_->file() + suffix).c_str(), &info) == 0)
      total += static_cast<std::uint64_t>(info.st_size);
  }
  return total;
}

void SqliteStore::close(bool sound) {
  if (!database_) return;
  if (database_->in_transaction()) rollback();
  sql_.reset();
  // What cannot be copied now is copied at the next start. Once it is, SQLite may remove the log.
  if (sound && lock_ && checkpoint(SQLITE_CHECKPOINT_TRUNCATE) && wal_pages_ == 0)
    sqlite3_db_config(database_->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  database_.reset();
}

}  // namespace tenon::journal
