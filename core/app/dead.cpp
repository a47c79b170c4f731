// tenon dead: the dead letters of a running host.
#include <algorithm>

#include "app/cells.hpp"
#include "app/cli/interrupt.hpp"
#include "app/cli/output.hpp"
#include "app/cli/progress.hpp"
#include "app/event_view.hpp"
#include "app/host_client.hpp"
#include "app/verbs.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace tenon::app {
namespace {

void add_list(Command& group) {
  Command& command = group.verb("list", "List dead letters, newest first");
  auto& options = command.keep<ListOptions>();
  command.option("--group-by", options.group_by, "Count them instead, by this")
      .value("WHAT")
      .one_of({"reason", "pipeline", "connection", "status"});
  add_list_options(command, options);
  command.example("tenon dead list", "The newest 50");
  command.example("tenon dead list --limit 10 --json", "Ten, for a script");
  command.run([&options] { return list_events(EventKind::dead_letter, options); });
}

void add_show(Command& group) {
  Command& command = group.verb("show", "Show one, with its attempts and what was said to the remotes");
  auto& options = command.keep<ShowOptions>();
  add_show_options(command, EventKind::dead_letter, options);
  command.example("tenon dead show 2", "By its number");
  command.example("tenon dead show 2 --json", "The same, for a script");
  command.run([&options] { return show_event(EventKind::dead_letter, options); });
}

struct RetryOptions {
  std::string data = "data";
  std::vector<std::string> ids;
  bool all = false;
  std::string pipeline, reason, since;
};

struct Retried {
  std::uint64_t retried = 0;
  std::vector<std::pair<std::string, std::string>> refused;  ///< number, code
  std::uint64_t left = 0;                                    ///< not asked any more: Ctrl-C
  bool interrupted = false;
};

/// One batch, in one transaction of the journal.
Result<bool> retry_batch(const std::string& data, const std::vector<std::string>& seqs, Retried& so_far) {
  std::string body = "{\"seqs\":[";
  for (const std::string& seq : seqs) body += (body.back() == '[' ? "" : ",") + seq;
  TENON_TRY(const Document done, tell_host(data, "/v1/dead/retry", body + "]}"));
  so_far.retried += done.root.get("retried").size();
  for (const Value each : done.root.get("refused").items())
    so_far.refused.emplace_back(cell(each.get("seq")), cell(each.get("error")));
  return true;
}

/// All that match, oldest first and each once, in batches: Ctrl-C between two leaves whole ones behind it.
Result<Retried> retry_matching(const RetryOptions& options) {
  Retried so_far;
  std::string filter;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) filter += std::string("&") + name + "=" + percent_encode(value);
  };
  add("pipeline", options.pipeline);
  add("reason", options.reason);
  if (!options.since.empty()) {
    TENON_TRY(const std::int64_t since, moment(options.since));
    add("since", std::to_string(since));
  }
  TENON_TRY(const Document groups, ask_host(options.data, "/v1/dead/groups?by=pipeline" + filter));
  std::uint64_t total = 0;
  std::uint64_t newest = 0;
  for (const Value group : groups.root.get("groups").items()) {
    total += static_cast<std::uint64_t>(group.get("count").as_double());
    newest = std::max(newest, static_cast<std::uint64_t>(group.get("newest").as_double()));
  }
  const Interrupt interrupt;
  Progress progress("dead letters", total);
  // What dies again meanwhile has a number that was passed by: nothing is retried twice.
  std::uint64_t looked = 0;
  for (std::string after = "0"; !after.empty() && newest > 0;) {
    TENON_TRY(const Document page,
              ask_host(options.data, "/v1/dead?order=oldest&limit=200&after=" + after +
                                         "&before=" + std::to_string(newest + 1) + filter));
    std::vector<std::string> seqs;
    for (const Value event : page.root.get("events").items()) seqs.push_back(cell(event.get("seq")));
    if (!seqs.empty()) TENON_CHECK(retry_batch(options.data, seqs, so_far));
    looked += seqs.size();
    after = cell(page.root.get("next_after"));
    progress.at(looked);
    if (Interrupt::asked() && !after.empty()) {
      so_far.interrupted = true;
      so_far.left = total > looked ? total - looked : 0;
      break;
    }
  }
  return so_far;
}

/// The numbers of what was named by number or id.
Result<Retried> retry_named(const RetryOptions& options) {
  Retried so_far;
  std::vector<std::string> seqs;
  for (const std::string& id : options.ids) {
    const auto found = ask_host(options.data, "/v1/events/" + percent_encode(id));
    if (!found && found.error().code == "not_found") {
      so_far.refused.emplace_back(id, "not_found");
      continue;
    }
    if (!found) return found.error();
    seqs.push_back(cell(found->root.get("seq")));
  }
  for (std::size_t at = 0; at < seqs.size(); at += 200) {
    const auto end = seqs.begin() + static_cast<std::ptrdiff_t>(std::min(seqs.size(), at + 200));
    const std::vector<std::string> batch(seqs.begin() + static_cast<std::ptrdiff_t>(at), end);
    TENON_CHECK(retry_batch(options.data, batch, so_far));
  }
  return so_far;
}

int retry_dead(const RetryOptions& options) {
  const bool some = !options.pipeline.empty() || !options.reason.empty() || !options.since.empty();
  if (options.ids.empty() == !(options.all || some))
    return output().fail("bad_argument", "name dead letters, or say --all, --reason, --pipeline or --since",
                         kExitBadInput);
  const auto done = options.ids.empty() ? retry_matching(options) : retry_named(options);
  if (!done)
    return output().fail(done.error(), done.error().code == "bad_argument" ? kExitBadInput : kExitFailure);
  std::string refused;
  for (const auto& [id, code] : done->refused) {
    if (output().json()) {
      refused += (refused.empty() ? "" : ",") + ("{\"id\":" + json_string(id)) +
                 ",\"error\":" + json_string(code) + "}";
    } else {
      output().warning(id + " was not retried: " + code);
    }
  }
  if (output().json()) {
    output().document(
        "{\"retried\":" + std::to_string(done->retried) + ",\"refused\":[" + refused + "]" +
        (done->interrupted ? ",\"interrupted\":true,\"left\":" + std::to_string(done->left) : "") + "}");
  } else {
    output().text(
        std::to_string(done->retried) + " queued again" +
        (done->interrupted ? ", " + std::to_string(done->left) + " left as they were: Ctrl-C" : "") + "\n");
  }
  if (done->interrupted) return kExitInterrupted;
  return options.ids.empty() || done->refused.empty() ? kExitOk : kExitFailure;
}

void add_retry(Command& group) {
  Command& command = group.verb("retry", "Queue dead letters again");
  auto& options = command.keep<RetryOptions>();
  command.about(
      "Each is queued once, the oldest first; what was delivered of it is not done again. Ctrl-C stops "
      "between two "
      "batches: what was queued stays queued, their number is told, and the exit code is 130. Malformed "
      "webhooks cannot be retried.");
  command.argument("id", options.ids, "Numbers or ids, as `list` prints them")
      .completes(Completes::dead_letter);
  command.flag("--all", options.all, "All there are");
  command.option("--reason", options.reason, "Those with this in their reason").value("TEXT");
  command.option("--pipeline", options.pipeline, "Those of this pipeline")
      .value("NAME")
      .completes(Completes::pipeline);
  command.option("--since", options.since, "Those received then or later").value("TIME");
  add_data(command, options.data);
  command.json();
  command.example("tenon dead retry --all", "Everything");
  command.example("tenon dead retry --all --json", "The same, for a script");
  command.run([&options] { return retry_dead(options); });
}

}  // namespace

void add_dead(Command& program) {
  Command& group = program.verb("dead", "List or show dead letters of a running host");
  add_list(group);
  add_show(group);
  add_retry(group);
}

}  // namespace tenon::app
