// What stands in the journal's rows may be damaged, or another hand's: it is listed, shown and looked after
// without harm, and the control socket's answer about it stays JSON. The first byte chooses the column.
#include <sqlite3.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>

#include "admin/json.hpp"
#include "base/json.hpp"
#include "journal/journal.hpp"
#include "runtime/virtual.hpp"

namespace {

using namespace tenon;

constexpr const char* kColumns[] = {
    "UPDATE event SET id = ?1",
    "UPDATE event SET connection = ?1",
    "UPDATE event SET pipeline = ?1",
    "UPDATE event SET type = ?1",
    "UPDATE event SET key = ?1",
    "UPDATE event SET keys = ?1",
    "UPDATE event SET version = ?1",
    "UPDATE event SET class = ?1",
    "UPDATE event SET data = ?1",
    "UPDATE attempt SET action = ?1",
    "UPDATE attempt SET outcome = ?1",
    "UPDATE attempt SET cause = ?1",
    "UPDATE attempt SET reason = ?1",
    "UPDATE attempt SET fetched = ?1",
    "UPDATE attempt SET conversation = ?1",
    "UPDATE event SET data = CAST(?1 AS BLOB)",
    "UPDATE event SET time_ms = length(?1) * 1152921504606846975, received_ms = -length(?1)",
    "UPDATE pending SET attempts = -length(?1), next_ms = length(?1) - 2",
    "UPDATE watch SET action = ?1",
    "UPDATE watch SET record = ?1"};

void need(bool fine, const char* what) {
  if (fine) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

/// A journal with one event and one attempt of it, and a second hand on its file.
struct Store {
  Store() {
    std::string name = (std::filesystem::temp_directory_path() / "tenon-fuzz-XXXXXX").string();
    need(mkdtemp(name.data()) != nullptr, "no folder");
    folder = name;
    auto opened = journal::open_sqlite(runtime, folder, {});
    need(opened.has_value(), "no journal");
    journal = std::move(*opened);
    sqlite3_open((folder + "/journal.db").c_str(), &hand);
    execute(
        "INSERT INTO event(seq, id, connection, pipeline, type, key, keys, received_ms, class, thin, data) "
        "VALUES(1, 'e', 'c', 'p', 't', 'k', '{\"a\":\"b\"}', 1, 'live', 0, '{}')");
    execute("INSERT INTO pending(seq, pipeline, attempts) VALUES(1, 'p', 1)");
    execute("INSERT INTO watch VALUES(1, 'main', '{}', 1)");
    execute("INSERT INTO attempt VALUES((1 << 20) + 1, 'main', 1, 1, 2, 'retry', '', '', '{}', '[]', '')");
  }
  ~Store() {
    sqlite3_close(hand);
    journal->close();
    std::filesystem::remove_all(folder);
  }
  void execute(const char* sql) {
    need(sqlite3_exec(hand, sql, nullptr, nullptr, nullptr) == SQLITE_OK, sqlite3_errmsg(hand));
  }
  void write(const char* sql, std::string_view text) {
    sqlite3_stmt* statement = nullptr;
    need(sqlite3_prepare_v2(hand, sql, -1, &statement, nullptr) == SQLITE_OK, sqlite3_errmsg(hand));
    sqlite3_bind_text64(statement, 1, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
    sqlite3_step(statement);  // one that its column does not take is none to read
    sqlite3_finalize(statement);
  }
  template <class T, class Ask>
  void ask(const Ask& call) {
    bool answered = false;
    call(journal::Journal::Reply<T>{&runtime.delivery(), [&](Result<T> answer) {
                                      answered = true;
                                      check(answer);
                                    }});
    runtime.run_until_idle();
    need(answered, "no answer");
  }
  static void need_json(const std::string& text) {
    // As the command line reads it.
    JsonLimits limits;
    limits.members = 10'000'000;
    limits.depth = 100;
    need(parse_json(text, limits).has_value(), text.c_str());
  }
  static void check(const Result<std::vector<journal::Watch>>&) {}
  static void check(const Result<std::optional<std::string>>&) {}
  static void check(const Result<journal::Listed>& rows) {
    if (rows) need_json(admin::events_json(*rows, false));
  }
  static void check(const Result<std::optional<journal::EventDetail>>& found) {
    if (found && *found) need_json(admin::event_json(**found));
  }

  runtime::VirtualRuntime runtime;
  std::string folder;
  std::unique_ptr<journal::Journal> journal;
  sqlite3* hand = nullptr;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Store store;
  if (size == 0 || size > 65536) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  store.execute("BEGIN");
  store.write(kColumns[data[0] % std::size(kColumns)], text);
  store.execute("COMMIT");
  store.ask<journal::Listed>([&](auto reply) { store.journal->list({}, std::move(reply)); });
  store.ask<std::optional<journal::EventDetail>>(
      [&](auto reply) { store.journal->show("1", std::move(reply)); });
  store.ask<std::vector<journal::Watch>>([&](auto reply) { store.journal->watches(std::move(reply)); });
  store.ask<std::optional<std::string>>(
      [&](auto reply) { store.journal->watched(1, "main", std::move(reply)); });
  store.write(kColumns[5], R"({"a":"b"})");
  return 0;
}
