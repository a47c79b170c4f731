// tenon backup: a copy of the journal, while the host runs.
#include "app/cells.hpp"
#include "app/cli/interrupt.hpp"
#include "app/cli/output.hpp"
#include "app/cli/progress.hpp"
#include "app/host_client.hpp"
#include "app/verbs.hpp"
#include "base/json.hpp"
#include "journal/upkeep.hpp"
#include "runtime/local_client.hpp"

namespace tenon::app {
namespace {

struct BackupOptions {
  std::string data, file;
};

int backup(const BackupOptions& options) {
  const Interrupt interrupt;
  Progress progress("pages");
  const auto done = journal::backup_sqlite(options.data, options.file, runtime::wall_now_ms(),
                                           [&](std::uint64_t copied, std::uint64_t all) {
                                             progress.total(all);
                                             progress.at(copied);
                                             return !Interrupt::asked();
                                           });
  if (!done && done.error().code == "cancelled")
    return output().fail("cancelled", done.error().message, kExitInterrupted, "Run it again.");
  if (!done) return output().fail(done.error());
  if (output().json()) {
    output().document("{\"file\":" + json_string(options.file) + ",\"bytes\":" + std::to_string(*done) + "}");
  } else {
    output().text(printable(options.file) + ": " + std::to_string(*done) + " bytes, checked\n");
  }
  return kExitOk;
}

}  // namespace

void add_backup(Command& program) {
  Command& command = program.verb("backup", "Copy the journal, whether a host runs or not");
  command.about(
      "The copy is one moment's, while the host goes on. It is checked before it gets its name, so a file of "
      "that name "
      "is whole; one that is there already is replaced. Only its owner may read it: it holds payloads, as "
      "the journal "
      "does. To restore it, stop the host and put it in the place of journal.db, without journal.db-wal and "
      "-shm; "
      "docs/operations.md says what that means.");
  auto& options = command.keep<BackupOptions>();
  command.argument("file", options.file, "Where the copy goes").required().completes(Completes::file);
  add_data(command, options.data);
  command.json();
  command.example("tenon backup journal-backup.db", "Of the host in ./data");
  command.example("tenon backup journal-backup.db --json", "The same, for a script");
  command.run([&options] { return backup(options); });
}

}  // namespace tenon::app
