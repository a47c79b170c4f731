// tenon dead: the dead letters.
#include <algorithm>
#include <initializer_list>
#include <optional>

#include "app/cells.hpp"
#include "app/cli/interrupt.hpp"
#include "app/cli/output.hpp"
#include "app/cli/progress.hpp"
#include "app/event_filter.hpp"
#include "app/event_view.hpp"
#include "app/host_client.hpp"
#include "app/verbs.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "runtime/local_client.hpp"

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
  command.example("tenon dead show 2 --curl", "With lines to paste that ask the remotes again");
  command.run([&options] { return show_event(EventKind::dead_letter, options); });
}

/// What is done to dead letters.
struct Deed {
  const char* path;
  const char* done;  ///< the member that lists those that it was done to
  const char* told;  ///< behind their number
};
constexpr Deed kRetry{"/v1/dead/retry", "retried", "queued again"};
constexpr Deed kSkip{"/v1/dead/skip", "skipped", "skipped"};

struct DeedOptions {
  const Deed* deed = &kRetry;
  std::vector<std::string> ids;
  bool all = false;
  ListOptions which;  ///< of it: what narrows, and --data
};

struct Done {
  std::uint64_t count = 0;
  std::vector<std::pair<std::string, std::string>> refused;  ///< number, code
  std::uint64_t left = 0;                                    ///< not asked any more: Ctrl-C
  bool interrupted = false;
};

/// One batch, in one transaction of the journal.
Result<bool> do_batch(const Deed& deed, const std::string& data, const std::vector<std::string>& seqs,
                      Done& so_far) {
  std::string body = "{\"seqs\":[";
  for (const std::string& seq : seqs) body += (body.back() == '[' ? "" : ",") + seq;
  TENON_TRY(const Document done, tell_host(data, deed.path, body + "]}"));
  so_far.count += done.root.get(deed.done).size();
  for (const Value each : done.root.get("refused").items())
    so_far.refused.emplace_back(cell(each.get("seq")), cell(each.get("error")));
  return true;
}

/// Rows of a page, which is read at once.
constexpr int kPage = 40;

/// Live events come first: a host that runs is asked for so much at once, and for a tenth of the time at
/// most.
constexpr std::size_t kBatch = 4;
void leave_room(std::int64_t took_ms) {
  constexpr std::int64_t kMostMs = 200;
  if (host_is_stopped()) return;
  runtime::pause_for(std::chrono::milliseconds(std::min(9 * std::max<std::int64_t>(took_ms, 1), kMostMs)));
}

/// What the filter wants of a page.
struct Wanted {
  std::vector<std::string> seqs;
  std::vector<std::size_t> looked;  ///< for each, so many rows of the page up to it
};

Result<Wanted> wanted_of(Value page, EventFilter* where) {
  Wanted wanted;
  std::size_t looked = 0;
  for (const Value event : page.get("events").items()) {
    ++looked;
    if (where != nullptr) {
      TENON_TRY(const bool fits, where->test(event));
      if (!fits) continue;
    }
    wanted.seqs.push_back(cell(event.get("seq")));
    wanted.looked.push_back(looked);
  }
  return wanted;
}

/// All that match, oldest first and each once, in batches: Ctrl-C between two leaves whole ones behind it.
Result<Done> do_matching(const Deed& deed, const ListOptions& which, EventFilter* where) {
  Done so_far;
  TENON_TRY(const std::string filter, filter_of(which));
  TENON_TRY(const Document groups, ask_host(which.data, "/v1/dead/groups?by=pipeline&" + filter));
  std::uint64_t total = 0;
  std::uint64_t newest = 0;
  for (const Value group : groups.root.get("groups").items()) {
    total += static_cast<std::uint64_t>(group.get("count").as_double());
    newest = std::max(newest, static_cast<std::uint64_t>(group.get("newest").as_double()));
  }
  const Interrupt interrupt;
  Progress progress("dead letters", total);
  // What dies again meanwhile has a number that was passed by: it is done to nothing twice.
  std::uint64_t looked = 0;
  for (std::string after = "0"; !after.empty() && newest > 0;) {
    std::int64_t began_ms = runtime::steady_now_ms();
    TENON_TRY(const Document page,
              ask_host(which.data, "/v1/dead?" + filter + "order=oldest&limit=" + std::to_string(kPage) +
                                       "&after=" + after + "&before=" + std::to_string(newest + 1) +
                                       (where != nullptr ? "&data=1" : "")));
    TENON_TRY(const Wanted wanted, wanted_of(page.root, where));
    const std::size_t rows = page.root.get("events").size();
    after = cell(page.root.get("next_after"));
    std::size_t at = 0;
    do {
      const std::size_t size = host_is_stopped() ? wanted.seqs.size() : kBatch;
      const std::size_t end = std::min(wanted.seqs.size(), at + size);
      if (at < end) {
        TENON_CHECK(do_batch(deed, which.data,
                             {wanted.seqs.begin() + static_cast<std::ptrdiff_t>(at),
                              wanted.seqs.begin() + static_cast<std::ptrdiff_t>(end)},
                             so_far));
      }
      at = end;
      leave_room(runtime::steady_now_ms() - began_ms);
      began_ms = runtime::steady_now_ms();
      const std::uint64_t now = looked + (at < wanted.seqs.size() ? wanted.looked[at - 1] : rows);
      progress.at(now);
      if (!Interrupt::asked() || (at == wanted.seqs.size() && after.empty())) continue;
      so_far.interrupted = true;
      so_far.left = total > now ? total - now : 0;
      return so_far;
    } while (at < wanted.seqs.size());
    looked += rows;
  }
  return so_far;
}

/// The numbers of what was named by number or id.
Result<Done> do_named(const DeedOptions& options) {
  Done so_far;
  std::vector<std::string> seqs;
  for (const std::string& id : options.ids) {
    const auto found = ask_host(options.which.data, "/v1/events/" + percent_encode(id));
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
    TENON_CHECK(do_batch(*options.deed, options.which.data, batch, so_far));
  }
  return so_far;
}

/// The exit code.
int do_to_dead(const DeedOptions& options) {
  const ListOptions& which = options.which;
  const std::initializer_list<const std::string*> narrows = {&which.pipeline, &which.connection, &which.key,
                                                             &which.reason,   &which.since,      &which.until,
                                                             &which.where};
  const bool some =
      std::any_of(narrows.begin(), narrows.end(), [](const auto* each) { return !each->empty(); });
  if (options.ids.empty() == !(options.all || some))
    return output().fail(
        "bad_argument",
        "name dead letters, or say --all, or which: --reason, --pipeline, --connection, --key, "
        "--since, --until, --where",
        kExitBadInput);
  std::optional<EventFilter> where;
  if (!which.where.empty()) {
    auto parsed = EventFilter::parse(which.where);
    if (!parsed) return fail_list(parsed.error());
    where = std::move(*parsed);
  }
  const auto done =
      options.ids.empty() ? do_matching(*options.deed, which, where ? &*where : nullptr) : do_named(options);
  if (!done) return fail_list(done.error());
  if (where && where->failed() > 0)
    output().warning("--where could not be evaluated for " + std::to_string(where->failed()) +
                     " dead letters, which were left alone; for the first: " + where->first_failure());
  std::string refused;
  for (const auto& [id, code] : done->refused) {
    if (output().json()) {
      refused += (refused.empty() ? "" : ",") + ("{\"id\":" + json_string(id)) +
                 ",\"error\":" + json_string(code) + "}";
    } else {
      output().warning(id + " was not " + options.deed->done + ": " + code);
    }
  }
  if (output().json()) {
    output().document(
        "{\"" + std::string(options.deed->done) + "\":" + std::to_string(done->count) + ",\"refused\":[" +
        refused + "]" +
        (done->interrupted ? ",\"interrupted\":true,\"left\":" + std::to_string(done->left) : "") + "}");
  } else {
    output().text(
        std::to_string(done->count) + " " + options.deed->told +
        (done->interrupted ? ", " + std::to_string(done->left) + " left as they were: Ctrl-C" : "") + "\n");
  }
  if (done->interrupted) return kExitInterrupted;
  return options.ids.empty() || done->refused.empty() ? kExitOk : kExitFailure;
}

void add_which(Command& command, DeedOptions& options) {
  command.argument("id", options.ids, "Numbers or ids, as `list` prints them")
      .completes(Completes::dead_letter);
  command.flag("--all", options.all, "All there are");
  command.option("--reason", options.which.reason, "Those with this in their reason").value("TEXT");
  command.option("--pipeline", options.which.pipeline, "Those of this pipeline")
      .value("NAME")
      .completes(Completes::pipeline);
  command.option("--connection", options.which.connection, "Those of this connection").value("NAME");
  command.option("--key", options.which.key, "Those of this key").value("KEY");
  command
      .option("--since", options.which.since,
              "Those received then or later: a time in UTC, or 15m, 24h, 7d ago")
      .value("TIME");
  command.option("--until", options.which.until, "Those received before then").value("TIME");
  command
      .option("--where", options.which.where, "Those for which this expression is true, as with `dead list`")
      .value("EXPRESSION");
  add_data(command, options.which.data);
  command.json();
}

void add_retry(Command& group) {
  Command& command = group.verb("retry", "Queue dead letters again");
  auto& options = command.keep<DeedOptions>();
  command.about(
      "Each is queued once, the oldest first; what was delivered of it is not done again. Ctrl-C stops "
      "between two "
      "batches: what was queued stays queued, their number is told, and the exit code is 130. Malformed "
      "webhooks cannot be retried.");
  add_which(command, options);
  command.example("tenon dead retry --all", "Everything");
  command.example("tenon dead retry --all --json", "The same, for a script");
  command.example("tenon dead retry --reason 503 --since 24h", "What a remote's bad night left");
  command.run([&options] { return do_to_dead(options); });
}

void add_skip(Command& group) {
  Command& command = group.verb("skip", "Let dead letters rest: they end as skipped");
  auto& options = command.keep<DeedOptions>();
  options.deed = &kSkip;
  command.about(
      "They are no dead letters any more and go with their time, as all ended events; that it was done is "
      "kept with each. "
      "Where `on_exhausted` is `block_key`, the later events of their keys go on. Ctrl-C stops between two "
      "batches, with exit code 130.");
  add_which(command, options);
  command.example("tenon dead skip 2", "By its number");
  command.example("tenon dead skip --reason malformed_event --json", "What nobody can run, for a script");
  command.run([&options] { return do_to_dead(options); });
}

}  // namespace

void add_dead(Command& program) {
  Command& group = program.verb("dead", "List, show, retry and skip dead letters");
  add_list(group);
  add_show(group);
  add_retry(group);
  add_skip(group);
}

}  // namespace tenon::app
