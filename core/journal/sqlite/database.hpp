// Database: a SQLite connection and its prepared statements; the shared errors of both.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tenon::journal {

/// Bytes to be bound as BLOB rather than TEXT.
struct Blob {
  std::string_view bytes;
};

class Statement;

/// One connection, used by one thread at a time. Errors: `store_full` (no space), `store_busy` (another
/// process writes), `store_failed` (anything else); messages name the file.
class Database {
 public:
  Database() = default;
  enum class Access : std::uint8_t { write, read };
  /// `file` must exist. Sets nothing but the connection's safety switches.
  static Result<Database> open(const std::string& file, Access access = Access::write);

  Status run(const char* sql);
  Result<Statement> prepare(std::string_view sql);
  /// The first column of the first row.
  Result<std::int64_t> number(const char* sql);
  Result<std::string> text(const char* sql);

  Error error(int code) const;
  sqlite3* handle() const { return handle_.get(); }
  const std::string& file() const { return file_; }
  bool in_transaction() const { return handle_ && sqlite3_get_autocommit(handle_.get()) == 0; }
  std::int64_t changes() const { return sqlite3_changes64(handle_.get()); }

 private:
  struct Closer {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::unique_ptr<sqlite3, Closer> handle_;
  std::string file_;
};

/// A prepared statement, kept for the life of its connection. Texts are bound without a copy: they must
/// outlive the run or the rows.
class Statement {
 public:
  /// The rows of one run; resets the statement when it goes.
  class Rows {
   public:
    explicit Rows(Statement& statement) : statement_(&statement) {}
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;
    ~Rows() { sqlite3_reset(statement_->raw()); }

    /// True on a row; false at the end or on an error: ask `status`.
    bool next();
    Status status() const;

    bool is_null(int column) const { return sqlite3_column_type(statement_->raw(), column) == SQLITE_NULL; }
    std::int64_t number(int column) const { return sqlite3_column_int64(statement_->raw(), column); }
    std::optional<std::int64_t> maybe_number(int column) const {
      if (is_null(column)) return std::nullopt;
      return number(column);
    }
    /// Valid until the next row.
    std::string_view text(int column) const;
    std::string string(int column) const { return std::string(text(column)); }

   private:
    Statement* statement_;
    int code_ = SQLITE_OK;
  };

  Statement() = default;
  Statement(sqlite3_stmt* statement, const Database& database) : raw_(statement), database_(&database) {}

  /// Texts are not copied: they must live as long as the rows.
  template <class... Args>
  Rows query(Args&&... args) {
    static_assert(
        !((std::is_same_v<Args, std::string> || std::is_same_v<Args, std::optional<std::string>>) || ...),
        "a temporary text would be gone before the first row");
    int index = 0;
    (bind(++index, args), ...);
    return Rows(*this);
  }
  /// Runs to its end; for what gives no rows.
  template <class... Args>
  Status run(const Args&... args) {
    int index = 0;
    (bind(++index, args), ...);
    return finish();
  }
  sqlite3_stmt* raw() const { return raw_.get(); }

 private:
  void bind(int index, std::int64_t value) { sqlite3_bind_int64(raw(), index, value); }
  void bind(int index, std::uint64_t value) { bind(index, static_cast<std::int64_t>(value)); }
  void bind(int index, std::uint32_t value) { bind(index, static_cast<std::int64_t>(value)); }
  void bind(int index, int value) { bind(index, static_cast<std::int64_t>(value)); }
  void bind(int index, bool value) { bind(index, static_cast<std::int64_t>(value)); }
  void bind(int index, std::string_view value) {
    // A null pointer would bind NULL.
    sqlite3_bind_text64(raw(), index, value.data() ? value.data() : "", value.size(), SQLITE_STATIC,
                        SQLITE_UTF8);
  }
  void bind(int index, const std::string& value) { bind(index, std::string_view(value)); }
  void bind(int index, Blob value) {
    sqlite3_bind_blob64(raw(), index, value.bytes.data() ? value.bytes.data() : "", value.bytes.size(),
                        SQLITE_STATIC);
  }
  template <class T>
  void bind(int index, const std::optional<T>& value) {
    if (value) {
      bind(index, *value);
    } else {
      sqlite3_bind_null(raw(), index);
    }
  }
  Status finish();

  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalizer> raw_;
  const Database* database_ = nullptr;
};

}  // namespace tenon::journal
