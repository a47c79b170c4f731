// open_sqlite: the folder, the lock, and every check before a file is trusted.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "journal/engine.hpp"
#include "journal/sqlite/schema.hpp"
#include "journal/sqlite/sqlite_store.hpp"
#include "runtime/crash_point.hpp"

namespace tenon::journal {
namespace {

namespace fs = std::filesystem;

// Up to this size the whole file is checked at each start; above, only what is read then.
constexpr std::uintmax_t kCheckWhole = 64 * 1024 * 1024;

Error failed(const std::string& path, const std::string& what, int error) {
  const std::string_view code = error == ENOSPC || error == EDQUOT ? kStoreFull : kStoreFailed;
  return Error(std::string(code), path + ": " + what + ": " + std::strerror(error));
}

Error corrupt(const std::string& file, const std::string& why) {
  return Error("store_corrupt",
               file + ": " + why +
                   ". Nothing was changed. Move the folder aside and start with an empty one, "
                   "or put a copy back; `sqlite3 " +
                   file + " .recover` prints what can still be read");
}

Error newer(const std::string& file, std::int64_t format) {
  return Error("store_newer", file + " has format " + std::to_string(format) +
                                  ", written by a newer tenon; " + "this one reads up to " +
                                  std::to_string(kFormat) + ". It was left untouched");
}

/// What SQLite says of a file that is not sound.
Error as_corrupt(const std::string& file, Error error) {
  const auto mentions = [&](const std::string& code) {
    return error.message.find("(SQLite " + code + ")") != std::string::npos;
  };
  if (mentions("1") || mentions("11") || mentions("26") || mentions("267") || mentions("523") ||
      mentions("779"))
    return corrupt(file, error.message.substr(file.size() + 2));
  return error;
}

class File {
 public:
  File(const std::string& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

Status make_folder(const fs::path& folder) {
  if (folder.empty()) return {};
  std::error_code ignored;
  if (fs::is_directory(folder, ignored)) return {};
  TENON_CHECK(make_folder(folder.parent_path()));
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return failed(folder.string(), "cannot create the folder", errno);
  return {};
}

Error locked(const std::string& folder, int lock) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(lock, text.data(), text.size() - 1, 0);
  const std::string holder(text.data(), size > 0 ? std::strcspn(text.data(), "\n") : 0);
  return Error("store_locked",
               folder + " is in use by another tenon" + (holder.empty() ? "" : " (process " + holder + ")"));
}

Result<FolderLock> lock_folder(const std::string& folder) {
  File file(folder + "/lock", O_RDWR | O_CREAT);
  if (file.get() < 0) return failed(folder + "/lock", "cannot open", errno);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed(folder + "/lock", "cannot lock", errno);
    return locked(folder, file.get());
  }
  // For people and for the message above; the lock itself does not depend on it.
  const std::string mine = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file.get(), 0) == 0) {
    [[maybe_unused]] const ssize_t written = ::pwrite(file.get(), mine.data(), mine.size(), 0);
  }
  return FolderLock(file.release());
}

/// Made whole under another name first: a journal.db that exists is complete.
Status create(const std::string& folder, const std::string& file, std::int64_t now_ms) {
  const std::string fresh = file + ".new";
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) ::unlink((fresh + suffix).c_str());
  if (const File made(fresh, O_RDWR | O_CREAT | O_EXCL); made.get() < 0)
    return failed(fresh, "cannot create", errno);
  {
    TENON_TRY(auto database, Database::open(fresh));
    const std::string numbers = "PRAGMA application_id = " + std::to_string(kApplicationId) +
                                "; PRAGMA user_version = " + std::to_string(kFormat) +
                                "; INSERT INTO meta VALUES('format', " + std::to_string(kFormat) +
                                "), ('created_ms', " + std::to_string(now_ms) +
                                "), ('epoch', 0), ('last_seq', 0);";
    TENON_CHECK(database.run("PRAGMA synchronous = FULL; BEGIN IMMEDIATE"));
    TENON_CHECK(database.run(kSchema));
    TENON_CHECK(database.run(kSchema3));
    TENON_CHECK(database.run(kSchema4));
    TENON_CHECK(database.run(kSchema5));
    TENON_CHECK(database.run(kSchema6));
    TENON_CHECK(database.run(numbers.c_str()));
    TENON_CHECK(database.run("COMMIT"));
    TENON_CHECK(database.run("PRAGMA journal_mode = WAL; PRAGMA wal_checkpoint(TRUNCATE)"));
  }
  TENON_CRASH_POINT("start.before_store_named");
  if (::rename(fresh.c_str(), file.c_str()) != 0) return failed(file, "cannot rename", errno);
  TENON_CRASH_POINT("start.store_named");
  for (const char* suffix : {"-wal", "-shm"}) ::unlink((fresh + suffix).c_str());
  const File directory(folder, O_RDONLY | O_DIRECTORY);
  if (directory.get() < 0 || ::fsync(directory.get()) != 0) return failed(folder, "cannot sync", errno);
  return {};
}

std::int64_t big_endian(const unsigned char* bytes) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(bytes[0]) << 24 | bytes[1] << 16 |
                                   bytes[2] << 8 | bytes[3]);
}

/// Reads the file's first 100 bytes (https://www.sqlite.org/fileformat.html) without SQLite, which would
/// begin by repairing.
Status check_header(const std::string& file) {
  const File opened(file, O_RDONLY);
  if (opened.get() < 0) return failed(file, "cannot open", errno);
  std::array<unsigned char, 100> header{};
  const ssize_t size = ::pread(opened.get(), header.data(), header.size(), 0);
  if (size < 0) return failed(file, "cannot read", errno);
  if (size < 100 || std::memcmp(header.data(), "SQLite format 3", 16) != 0)
    return corrupt(file, "it is not a SQLite database");
  if (big_endian(&header[68]) != kApplicationId) return corrupt(file, "it is not a tenon journal");
  const std::int64_t format = big_endian(&header[60]);
  if (format > kFormat) return newer(file, format);
  if (format < 1) return corrupt(file, "it has no format number");
  return {};
}

/// `whole`: the log holds nothing that the file does not.
Status check_sound(Database& database, const std::string& file, bool whole) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  if (error) return failed(file, "cannot read its size", error.value());
  TENON_TRY(const std::int64_t pages, database.number("PRAGMA page_count"));
  TENON_TRY(const std::int64_t page_size, database.number("PRAGMA page_size"));
  if (whole && size < static_cast<std::uintmax_t>(pages * page_size))
    return corrupt(file, "its end is missing");
  if (size > kCheckWhole) return {};
  TENON_TRY(const std::string verdict, database.text("PRAGMA quick_check(1)"));
  if (verdict != "ok") return corrupt(file, verdict);
  return {};
}

Status check_content(Database& database, const std::string& file) {
  TENON_TRY(const std::int64_t format, database.number("PRAGMA user_version"));
  if (format > kFormat) return newer(file, format);
  TENON_TRY(const std::string mode, database.text("PRAGMA journal_mode = WAL"));
  if (mode != "wal")
    return Error(std::string(kStoreFailed), file + ": write-ahead logging is not possible here");
  TENON_CHECK(
      database.run("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA mmap_size = 0;"
                   "PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON;"
                   "PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = 67108864"));
  // Brings the log of a crash into the file. A full disk or a reader may forbid it, which harms nothing.
  if (const Status status = database.run("PRAGMA wal_checkpoint(TRUNCATE)");
      !status && status.error().code == kStoreFailed)
    return status;
  TENON_TRY(const std::int64_t log_pages, database.number("PRAGMA wal_checkpoint(PASSIVE)"));
  return check_sound(database, file, log_pages == 0);
}

/// Brings a file of an older format to this one, in one transaction.
Status upgrade(Database& database) {
  TENON_TRY(const std::int64_t format, database.number("PRAGMA user_version"));
  if (format >= kFormat) return {};
  std::string steps = "BEGIN IMMEDIATE;";
  for (auto from = format; from < kFormat; ++from) steps += kUpgrades[from - 1] + ";";
  const std::string number = std::to_string(kFormat);
  steps += "UPDATE meta SET value = " + number + " WHERE key = 'format'; PRAGMA user_version = " + number +
           "; COMMIT";
  const Status done = database.run(steps.c_str());
  if (!done) (void)database.run("ROLLBACK");
  return done;
}

/// A copy that is a host's journal from now on says so once: what happened behind it, it does not know.
/// Nothing that it lacks proves anything, and what it has of creates under way is long over.
Status note_restored(Database& database, std::int64_t now_ms) {
  TENON_TRY(const std::int64_t made, database.number("SELECT value FROM meta WHERE key = 'backup_ms'"));
  if (made == 0) return {};
  const std::string now = std::to_string(now_ms);
  const std::string steps =
      "BEGIN IMMEDIATE; INSERT INTO audit(at_ms, what, connection, subject) SELECT " + now +
      ", 'restored', '', 'from a backup of ' || datetime(value / 1000, 'unixepoch') FROM meta WHERE key = "
      "'backup_ms';"
      "INSERT OR REPLACE INTO meta VALUES('restored_ms', " +
      now +
      "); DELETE FROM meta WHERE key = 'backup_ms';"
      // Ids of objects may have changed since: each is searched for before it is written. That a call was
      // done stays true.
      "UPDATE identity SET state = 'unknown', sink_id = '' WHERE state = 'known' AND account <> ''; COMMIT";
  const Status done = database.run(steps.c_str());
  if (!done) (void)database.run("ROLLBACK");
  return done;
}

Result<std::unique_ptr<SqliteStore>> open_store(const std::string& folder, const Options& options,
                                                std::int64_t now_ms) {
  TENON_CHECK(make_folder(fs::path(folder)));
  auto lock = lock_folder(folder);
  if (!lock) return lock.error();
  const std::string file = folder + "/journal.db";
  std::error_code ignored;
  if (!fs::exists(file, ignored)) {
    if (fs::exists(file + "-wal", ignored))
      return corrupt(file, "it is missing, and the log beside it (journal.db-wal) is not");
    TENON_CHECK(create(folder, file, now_ms));
  }
  TENON_CHECK(check_header(file));
  auto opened = Database::open(file);
  if (!opened) return as_corrupt(file, opened.error());
  auto database = std::make_unique<Database>(std::move(*opened));
  if (const Status status = check_content(*database, file); !status) return as_corrupt(file, status.error());
  if (const Status status = upgrade(*database); !status) return as_corrupt(file, status.error());
  if (const Status status = note_restored(*database, now_ms); !status)
    return as_corrupt(file, status.error());
  auto store = std::make_unique<SqliteStore>(std::optional(std::move(*lock)), std::move(database), options);
  TENON_CRASH_POINT("start.before_epoch");
  // A statement that cannot be prepared (SQLite 1) means that the schema is not the one of this format.
  if (const Status status = store->load(); !status) return as_corrupt(file, status.error());
  return store;
}

/// An error if a host has the folder. The lock is not kept: a host may start while its files are read.
Status check_unlocked(const std::string& folder) {
  const File file(folder + "/lock", O_RDONLY);
  if (file.get() < 0) return {};
  if (::flock(file.get(), LOCK_SH | LOCK_NB) == 0) return {};
  return errno == EWOULDBLOCK ? locked(folder, file.get()) : failed(folder + "/lock", "cannot lock", errno);
}

Result<std::unique_ptr<SqliteStore>> open_reader(const std::string& folder) {
  const std::string file = folder + "/journal.db";
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return Error("store_missing", "there is no journal in " + folder);
  TENON_CHECK(check_unlocked(folder));
  TENON_CHECK(check_header(file));
  auto opened = Database::open(file, Database::Access::read);
  if (!opened) return as_corrupt(file, opened.error());
  auto database = std::make_unique<Database>(std::move(*opened));
  const auto format = database->number("PRAGMA user_version");
  if (!format) return as_corrupt(file, format.error());
  if (*format > kFormat) return newer(file, *format);
  if (*format < kFormat)
    return Error("store_older", file + " has format " + std::to_string(*format) + ", this tenon's is " +
                                    std::to_string(kFormat) + "; it is upgraded when `tenon run` opens it");
  if (const Status status = check_sound(*database, file, false); !status)
    return as_corrupt(file, status.error());
  auto store = std::make_unique<SqliteStore>(std::nullopt, std::move(database), Options());
  if (const Status status = store->load(); !status) return as_corrupt(file, status.error());
  return store;
}

}  // namespace

Result<std::unique_ptr<Journal>> open_sqlite_reader(runtime::Runtime& runtime, const std::string& folder) {
  auto store = open_reader(folder);
  if (!store) return std::move(store).error();
  return std::unique_ptr<Journal>(std::make_unique<Engine>(runtime, std::move(*store), Options()));
}

Result<std::unique_ptr<Journal>> open_sqlite(runtime::Runtime& runtime, const std::string& folder,
                                             Options options) {
  // Nobody reads SQLite's memory statistics, and they cost a lock per allocation. Refused, and harmless, once
  // SQLite is in use.
  [[maybe_unused]] static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  auto store = open_store(folder, options, runtime.clock().wall_ms());
  if (!store) return std::move(store).error();
  return std::unique_ptr<Journal>(std::make_unique<Engine>(runtime, std::move(*store), std::move(options)));
}

}  // namespace tenon::journal
