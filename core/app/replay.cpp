// tenon replay: stored events run once more, or a look at what that would do.
#include <algorithm>
#include <chrono>

#include "app/cells.hpp"
#include "app/cli/confirm.hpp"
#include "app/cli/interrupt.hpp"
#include "app/cli/output.hpp"
#include "app/cli/progress.hpp"
#include "app/host_client.hpp"
#include "app/replay_dry_run.hpp"
#include "app/replay_range.hpp"
#include "app/verbs.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "runtime/local_client.hpp"

namespace tenon::app {
namespace {

constexpr std::uint32_t kBatch = 200;

struct Replayed {
  std::uint64_t replayed = 0;
  std::vector<std::pair<std::string, std::string>> refused;  ///< number, code
  std::uint64_t left = 0;                                    ///< not asked any more
  bool interrupted = false;
  std::string stopped;  ///< the pipeline does not run any more: as what
};

std::string state_of(const ReplayOptions& options, Result<Document> status) {
  if (!status) return "not answering";
  for (const Value each : status->root.get("pipelines").items()) {
    if (cell(each.get("name")) == options.pipeline) return cell(each.get("state"));
  }
  return "not_defined";
}

/// Asks for some; what the host has no room for yet stays in `seqs`.
Result<bool> ask_for(const ReplayOptions& options, std::vector<std::string>& seqs, Replayed& so_far) {
  std::string body = "{\"pipeline\":" + json_string(options.pipeline) + ",\"seqs\":[";
  for (const std::string& seq : seqs) body += (body.back() == '[' ? "" : ",") + seq;
  TENON_TRY(const Document done, tell_host(options.data, "/v1/replay",
                                           body + "],\"force\":" + (options.force ? "true}" : "false}")));
  so_far.replayed += done.root.get("replayed").size();
  seqs.clear();
  for (const Value each : done.root.get("refused").items()) {
    if (cell(each.get("error")) == "busy") {
      seqs.push_back(cell(each.get("seq")));
    } else {
      so_far.refused.emplace_back(cell(each.get("seq")), cell(each.get("error")));
    }
  }
  return seqs.empty();
}

/// All of the batch, as the host has room. False: asked to stop, or the pipeline stopped.
Result<bool> replay_batch(const ReplayOptions& options, std::vector<std::string> seqs, Replayed& so_far) {
  constexpr int kLookEvery = 10;
  for (int waited = 0;; ++waited) {
    TENON_TRY(const bool all, ask_for(options, seqs, so_far));
    if (all) return true;
    if (Interrupt::asked()) return false;
    if (waited % kLookEvery == 0) {
      const std::string state = state_of(options, ask_host(options.data, "/v1/status"));
      if (state != "running") {
        so_far.stopped = state;
        return false;
      }
    }
    runtime::pause_for(std::chrono::milliseconds(200));
  }
}

/// The oldest first, each once: a page goes on behind the last number, whatever has ended again meanwhile.
Result<Replayed> replay_all(const ReplayOptions& options, const ReplayRange& range) {
  Replayed so_far;
  const Interrupt interrupt;
  Progress progress("events", range.events);
  ReplayPages pages(options, range, kBatch);
  const auto seen = [&] { return so_far.replayed + so_far.refused.size(); };
  while (!pages.at_end()) {
    TENON_TRY(const std::vector<std::string> seqs, pages.next());
    bool go_on = true;
    if (!seqs.empty()) {
      TENON_TRY(go_on, replay_batch(options, seqs, so_far));
    }
    progress.at(seen());
    if (go_on && !(Interrupt::asked() && !pages.at_end())) continue;
    so_far.interrupted = so_far.stopped.empty();
    so_far.left = range.events - std::min(range.events, seen());
    break;
  }
  return so_far;
}

int tell(const ReplayOptions& options, const ReplayRange& range, const Replayed& done) {
  if (output().json()) {
    std::string refused;
    for (const auto& [seq, code] : done.refused)
      refused += (refused.empty() ? "" : ",") + ("{\"seq\":" + seq) + ",\"error\":" + json_string(code) + "}";
    output().document("{\"replayed\":" + std::to_string(done.replayed) + ",\"refused\":[" + refused +
                      "],\"open\":" + std::to_string(range.open) + ",\"gone\":" + std::to_string(range.gone) +
                      (done.interrupted ? ",\"interrupted\":true" : "") +
                      (done.stopped.empty() ? "" : ",\"stopped\":" + json_string(done.stopped)) +
                      ",\"left\":" + std::to_string(done.left) + "}");
  } else {
    for (const auto& [seq, code] : done.refused)
      output().warning("event " + seq + " was not queued: " + code);
    std::string text = std::to_string(done.replayed) + " queued again";
    if (done.left > 0) text += ", " + std::to_string(done.left) + " left as they were";
    if (done.interrupted) text += ": Ctrl-C";
    output().text(text + "\n");
  }
  if (!done.stopped.empty())
    return output().fail(
        "not_running", options.pipeline + " is " + done.stopped + ": what was queued runs once it is resumed",
        kExitFailure);
  return done.interrupted ? kExitInterrupted : kExitOk;
}

int replay(const ReplayOptions& options) {
  if (!options.with.empty() && !options.dry_run)
    return output().fail(
        "bad_argument", "--with only shows, with --dry-run: events run under the pipeline that is loaded",
        kExitBadInput,
        "`tenon apply " + printable(options.with) + "` first, then the same command without --with.");
  int code = kExitOk;
  const auto range = find_range(options, code);
  if (!range) return code;
  if (options.dry_run) return dry_run(options, *range);
  if (range->state != "running")
    return output().fail("not_running", options.pipeline + " is " + range->state, kExitFailure);
  const std::string what = std::to_string(range->events) + (range->events == 1 ? " event" : " events") +
                           " of " + printable(options.pipeline) + ", received from " + utc(range->from_ms) +
                           " to " + utc(range->to_ms);
  if (!options.yes &&
      !confirmed("Run " + what + ", again" + (options.force ? ", also over newer state" : "") + "?", code))
    return code;
  const auto done = replay_all(options, *range);
  if (!done) return output().fail(done.error());
  return tell(options, *range, *done);
}

}  // namespace

void add_replay(Command& program) {
  Command& command = program.verb("replay", "Run stored events of a pipeline once more");
  command.about(
      "Events that have ended, received from --from to before --to, run again under the pipeline that is "
      "loaded, the oldest first, behind live and retried ones. Each keeps its number and its id, so what "
      "took "
      "effect once takes effect once: objects are updated, not made anew; a call that was delivered is not "
      "made "
      "again; an event older than what was written ends superseded. --force writes older state over newer, "
      "repeats what is unchanged and makes delivered calls again, with the id of the first time; it is "
      "written into the event's record.");
  command.about(
      "Ctrl-C asks for no more: what was queued runs, its number and that of the rest are told, and the exit "
      "code is 130.");
  command.about(
      "--dry-run writes nothing: events are fetched for and mapped as `mode: shadow` does, and the "
      "differences are "
      "told, each once with the number of events that show it and one of them. With --with NEW.yaml the "
      "records "
      "of the pipeline that is loaded are compared with those of that file; without, what was said to the "
      "sink "
      "then with what would be said now.");
  auto& options = command.keep<ReplayOptions>();
  command.argument("pipeline", options.pipeline, "Name of the pipeline")
      .required()
      .completes(Completes::pipeline);
  command.option("--from", options.from, "Those received then or later: a time in UTC, or 15m, 24h, 7d ago")
      .value("TIME")
      .required();
  command.option("--to", options.to, "Those received before then").value("TIME").shows_default("now");
  command.flag("--dry-run", options.dry_run, "Write nothing: tell what would change");
  command
      .option("--with", options.with,
              "With --dry-run: beside this file's pipeline of that name, or its only one")
      .value("FILE")
      .completes(Completes::file);
  command.flag("--force", options.force, "Also over newer state; delivered calls too");
  command.flag("--yes", options.yes, "Do not ask first");
  add_data(command, options.data);
  command.json();
  command.example("tenon replay blueprint --from 24h --dry-run", "What a replay of a day would change now");
  command.example("tenon replay blueprint --from 24h --dry-run --with pipelines/blueprint.yaml --json",
                  "What a changed file would make of it, for a script");
  command.example("tenon replay blueprint --from 24h --yes", "A day, run again");
  command.run([&options] { return replay(options); });
}

}  // namespace tenon::app
