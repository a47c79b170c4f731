// backup_sqlite: SQLite's online backup of one snapshot, marked and checked before it gets its name.
// https://www.sqlite.org/backup.html
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "journal/sqlite/database.hpp"
#include "journal/sqlite/schema.hpp"
#include "journal/store.hpp"
#include "journal/upkeep.hpp"

namespace tenon::journal {
namespace {

namespace fs = std::filesystem;

// Pages of 4 KiB a step: Ctrl-C is heard between two.
constexpr int kPagesAtOnce = 1024;

Error file_failed(const std::string& path, const std::string& what, int error) {
  const std::string_view code = error == ENOSPC || error == EDQUOT ? kStoreFull : "file_failed";
  return Error(std::string(code), path + ": " + what + ": " + std::strerror(error));
}

/// A file that is not there under its name yet; gone with this unless it was given the name.
class Draft {
 public:
  static Result<Draft> make(const std::string& path) {
    Draft draft;
    draft.path_ = path + ".tmp-" + std::to_string(::getpid());
    const int file = ::open(draft.path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) {
      const Error error = file_failed(path, "cannot be created", errno);
      draft.path_.clear();
      return error;
    }
    ::close(file);
    return draft;
  }
  Draft(Draft&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Draft& operator=(Draft&&) = delete;
  ~Draft() {
    if (path_.empty()) return;
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) ::unlink((path_ + suffix).c_str());
  }
  const std::string& path() const { return path_; }

  Status rename_to(const std::string& path) {
    const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    const bool synced = file >= 0 && ::fsync(file) == 0;
    const int why = errno;
    if (file >= 0) ::close(file);
    if (!synced) return file_failed(path, "cannot be made durable", why);
    if (::rename(path_.c_str(), path.c_str()) != 0) return file_failed(path, "cannot be replaced", errno);
    path_.clear();
    const fs::path above = fs::path(path).parent_path();
    const int folder = ::open(above.empty() ? "." : above.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool durable = folder >= 0 && ::fsync(folder) == 0;
    const int error = errno;
    if (folder >= 0) ::close(folder);
    return durable ? Status() : file_failed(path, "its folder cannot be made durable", error);
  }

 private:
  Draft() = default;
  std::string path_;
};

/// A name that a backup may take: nothing, or a regular file that is not the journal's own.
Status check_target(const std::string& file, const std::string& journal) {
  struct stat target = {};
  if (::lstat(file.c_str(), &target) != 0)
    return errno == ENOENT ? Status() : file_failed(file, "cannot be looked at", errno);
  if (!S_ISREG(target.st_mode)) return Error("file_failed", file + ": is there and is no regular file");
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat own = {};
    if (::stat((journal + suffix).c_str(), &own) == 0 && own.st_ino == target.st_ino &&
        own.st_dev == target.st_dev)
      return Error("file_failed", file + ": is the journal itself");
  }
  return {};
}

Status check_source(Database& source, const std::string& file) {
  const auto id = source.number("PRAGMA application_id");
  if (!id) return Error("store_corrupt", id.error().message);
  if (*id != kApplicationId) return Error("store_corrupt", file + ": it is not a tenon journal");
  TENON_TRY(const std::int64_t format, source.number("PRAGMA user_version"));
  if (format > kFormat)
    return Error("store_newer",
                 file + " has format " + std::to_string(format) + ", written by a newer tenon");
  return {};
}

/// While the snapshot is held the writer's commits do not make the copy begin anew.
Status copy(Database& source, Database& target, Function<bool(std::uint64_t, std::uint64_t)>& progress) {
  TENON_CHECK(source.run("BEGIN"));
  TENON_TRY([[maybe_unused]] const std::int64_t held, source.number("SELECT count(*) FROM meta"));
  sqlite3_backup* const job = sqlite3_backup_init(target.handle(), "main", source.handle(), "main");
  if (job == nullptr) return target.error(sqlite3_errcode(target.handle()));
  int code = SQLITE_OK;
  bool wanted = true;
  while (code == SQLITE_OK && wanted) {
    code = sqlite3_backup_step(job, kPagesAtOnce);
    const auto all = static_cast<std::uint64_t>(sqlite3_backup_pagecount(job));
    wanted = progress(all - static_cast<std::uint64_t>(sqlite3_backup_remaining(job)), all);
  }
  sqlite3_backup_finish(job);
  if (!wanted && code != SQLITE_DONE)
    return Error("cancelled", "stopped before the copy was whole: there is none");
  if (code == SQLITE_DONE) return {};
  Error error = target.error(code);
  if ((code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB) error.code = "store_corrupt";
  return error;
}

/// One file, that knows what it is, and sound.
Status finish(const std::string& path, std::int64_t now_ms) {
  TENON_TRY(auto target, Database::open(path));
  TENON_CHECK(target.run("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL"));
  const std::string mark = "INSERT OR REPLACE INTO meta VALUES('backup_ms', " + std::to_string(now_ms) + ")";
  TENON_CHECK(target.run(mark.c_str()));
  TENON_TRY(const std::string verdict, target.text("PRAGMA integrity_check(1)"));
  if (verdict != "ok")
    return Error("store_corrupt", "the journal is damaged, and no copy was kept: " + verdict);
  return {};
}

}  // namespace

Result<std::uint64_t> backup_sqlite(const std::string& folder, const std::string& file, std::int64_t now_ms,
                                    Function<bool(std::uint64_t, std::uint64_t)> progress) {
  const std::string journal = folder + "/journal.db";
  std::error_code failed;
  if (!fs::exists(journal, failed)) return Error("store_missing", "there is no journal in " + folder);
  TENON_CHECK(check_target(file, journal));
  TENON_TRY(auto source, Database::open(journal, Database::Access::read));
  TENON_CHECK(check_source(source, journal));
  TENON_TRY(Draft draft, Draft::make(file));
  {
    TENON_TRY(auto target, Database::open(draft.path()));
    TENON_CHECK(copy(source, target, progress));
  }
  if (const Status finished = finish(draft.path(), now_ms); !finished)
    return finished.error().code == kStoreFailed ? Error("store_corrupt", finished.error().message)
                                                 : finished.error();
  const std::uintmax_t size = fs::file_size(draft.path(), failed);
  TENON_CHECK(draft.rename_to(file));
  return static_cast<std::uint64_t>(size);
}

}  // namespace tenon::journal
