// tenon forget: nothing of a key is left in the journal.
#include "app/cells.hpp"
#include "app/cli/interrupt.hpp"
#include "app/cli/output.hpp"
#include "app/cli/progress.hpp"
#include "app/host_client.hpp"
#include "app/verbs.hpp"
#include "base/json.hpp"

namespace tenon::app {
namespace {

struct ForgetOptions {
  std::string data, key, connection, pipeline;
};

struct Forgot {
  std::uint64_t events = 0, waiting = 0, identities = 0;
  bool interrupted = false;
  bool scrubbed = false;
  std::string why;  ///< not scrubbed
};

std::uint64_t number_of(Value value) {
  return value.is_number() ? static_cast<std::uint64_t>(value.as_double()) : 0;
}

/// In turns, each one commit of the journal's.
Result<Forgot> forget_all(const ForgetOptions& options) {
  Forgot done;
  // The newest number there is: how far there is to go.
  TENON_TRY(const Document newest, ask_host(options.data, "/v1/events?limit=1"));
  std::uint64_t total = 0;
  for (const Value event : newest.root.get("events").items()) total = number_of(event.get("seq"));
  const Interrupt interrupt;
  Progress progress("events", total);
  for (std::string after = "0"; !after.empty();) {
    if (Interrupt::asked()) {
      done.interrupted = true;
      return done;
    }
    std::string body = "{\"key\":" + json_string(options.key) + ",\"after\":" + after;
    if (!options.connection.empty()) body += ",\"connection\":" + json_string(options.connection);
    if (!options.pipeline.empty()) body += ",\"pipeline\":" + json_string(options.pipeline);
    TENON_TRY(const Document turn, tell_host(options.data, "/v1/forget", body + "}"));
    done.events += number_of(turn.root.get("events"));
    done.waiting += number_of(turn.root.get("waiting"));
    done.identities += number_of(turn.root.get("identities"));
    after = cell(turn.root.get("next_after"));
    progress.at(number_of(turn.root.get("next_after")));
  }
  TENON_TRY(const Document scrubbed, tell_host(options.data, "/v1/scrub", ""));
  done.scrubbed = scrubbed.root.get("whole").as_boolean();
  done.why = cell(scrubbed.root.get("why"));
  return done;
}

int forget(const ForgetOptions& options) {
  // What the host takes in one request. No event's key comes near it.
  constexpr std::size_t kMost = 8 * 1024;
  if (options.key.empty())
    return output().fail("bad_argument", "--key: expected the key of events, found nothing", kExitBadInput);
  for (const std::string* text : {&options.key, &options.connection, &options.pipeline}) {
    if (text->size() > kMost)
      return output().fail("bad_argument",
                           "a name or key has " + std::to_string(text->size()) + " bytes: at most " +
                               std::to_string(kMost) + " can be asked for",
                           kExitBadInput);
  }
  const auto done = forget_all(options);
  if (!done) return output().fail(done.error());
  if (output().json()) {
    output().document("{\"events\":" + std::to_string(done->events) + ",\"waiting\":" +
                      std::to_string(done->waiting) + ",\"identities\":" + std::to_string(done->identities) +
                      (done->interrupted ? ",\"interrupted\":true" : "") +
                      ",\"scrubbed\":" + (done->scrubbed ? "true" : "false") + "}");
  } else {
    output().text(std::to_string(done->events) + " events and " + std::to_string(done->identities) +
                  " identities forgotten\n");
  }
  if (done->interrupted) {
    output().warning("stopped by Ctrl-C before all was looked through: the same command goes on");
    return kExitInterrupted;
  }
  if (done->waiting > 0)
    output().note(
        std::to_string(done->waiting) +
        " have not ended: each is forgotten within a minute after it has. Then forget the key once more "
        "for what they leave at identities");
  if (!done->scrubbed)
    output().warning("what was deleted may still stand in unused parts of the files: " + done->why +
                     ". Stop the host, run `sqlite3 journal.db VACUUM`, or forget the key once more");
  return done->scrubbed ? kExitOk : kExitFailure;
}

}  // namespace

void add_forget(Command& program) {
  Command& command = program.verb("forget", "Delete all that the journal has of a key");
  command.about(
      "Ended events of the key go, dead letters too, with payloads, what was fetched and said for them, and "
      "what is "
      "known of the objects at the sinks that they wrote. Those that have not ended are delivered first, "
      "then go by "
      "themselves: `tenon pause` keeps them from it. The files are "
      "then rewritten, so that the bytes are gone. It is audited by the key's SHA-256. Nothing is changed at "
      "any "
      "remote; copies and backups of the journal are yours to look after.");
  auto& options = command.keep<ForgetOptions>();
  command.option("--key", options.key, "The key of the events, as `tenon events list` prints it")
      .value("KEY")
      .required();
  command.option("--connection", options.connection, "Only events that came by this connection")
      .value("NAME");
  command.option("--pipeline", options.pipeline, "Only events of this pipeline")
      .value("NAME")
      .completes(Completes::pipeline);
  add_data(command, options.data);
  command.json();
  command.example("tenon forget --key 12908", "One customer, everywhere");
  command.example("tenon forget --key 12908 --connection store --json", "One shop's, for a script");
  command.run([&options] { return forget(options); });
}

}  // namespace tenon::app
