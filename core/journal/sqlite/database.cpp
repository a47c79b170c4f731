#include "journal/sqlite/database.hpp"

#include <cerrno>

#include "journal/store.hpp"

namespace tenon::journal {
namespace {

// How long another process (somebody's sqlite3 shell) may hold the write lock before calls are refused.
constexpr int kBusyMs = 2000;

bool is_out_of_space(int code, int system_error) {
  if ((code & 0xff) == SQLITE_FULL) return true;
  // EFBIG: a limit on the size of files.
  return (code & 0xff) == SQLITE_IOERR &&
         (system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG) &&
         code != SQLITE_IOERR_FSYNC && code != SQLITE_IOERR_DIR_FSYNC;
}

/// Why a call failed, as the kernel said. A commit does not pass it on: the log's file has it.
int system_error_of(sqlite3* handle, int code) {
  int error = sqlite3_system_errno(handle);
  sqlite3_file* log = nullptr;
  if (code != SQLITE_IOERR_WRITE || sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER,
                                                         static_cast<void*>(&log)) != SQLITE_OK)
    return error;
  int of_log = 0;
  if (log != nullptr && log->pMethods != nullptr &&
      log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &of_log) == SQLITE_OK && of_log != 0)
    error = of_log;
  return error;
}

}  // namespace

Result<Database> Database::open(const std::string& file, Access access) {
  sqlite3* raw = nullptr;
  const int mode = access == Access::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  const int code =
      sqlite3_open_v2(file.c_str(), &raw, mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  Database database;
  database.handle_.reset(raw);
  database.file_ = file;
  if (code != SQLITE_OK) return database.error(code);
  sqlite3_busy_timeout(raw, kBusyMs);
  // After a failed write nothing may be copied from the log into the database: closing must not checkpoint.
  sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return database;
}

Error Database::error(int code) const {
  const int system_error = handle_ ? system_error_of(handle_.get(), code) : 0;
  std::string text = file_ + ": ";
  text += handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code);
  if (is_out_of_space(code, system_error)) return Error(std::string(kStoreFull), std::move(text));
  if ((code & 0xff) == SQLITE_BUSY) return Error(std::string(kStoreBusy), std::move(text));
  return Error(std::string(kStoreFailed), text + " (SQLite " + std::to_string(code) + ")");
}

Status Database::run(const char* sql) {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error(code);
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (code != SQLITE_OK) return error(code);
  return Statement(raw, *this);
}

Result<std::int64_t> Database::number(const char* sql) {
  TENON_TRY(auto statement, prepare(sql));
  auto rows = statement.query();
  if (rows.next()) return rows.number(0);
  TENON_CHECK(rows.status());
  return std::int64_t{0};
}

Result<std::string> Database::text(const char* sql) {
  TENON_TRY(auto statement, prepare(sql));
  auto rows = statement.query();
  if (rows.next()) return rows.string(0);
  TENON_CHECK(rows.status());
  return std::string();
}

bool Statement::Rows::next() {
  code_ = sqlite3_step(statement_->raw());
  return code_ == SQLITE_ROW;
}

Status Statement::Rows::status() const {
  if (code_ == SQLITE_OK || code_ == SQLITE_ROW || code_ == SQLITE_DONE) return {};
  return statement_->database_->error(code_);
}

std::string_view Statement::Rows::text(int column) const {
  // Blobs and texts alike; the pointer must be asked for before the size.
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_->raw(), column));
  const int size = sqlite3_column_bytes(statement_->raw(), column);
  return data ? std::string_view(data, static_cast<std::size_t>(size)) : std::string_view();
}

Status Statement::finish() {
  const int code = sqlite3_step(raw());
  Status status;
  if (code != SQLITE_DONE && code != SQLITE_ROW) status = database_->error(code);
  sqlite3_reset(raw());
  return status;
}

}  // namespace tenon::journal
