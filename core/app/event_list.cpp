// Lists of events and dead letters: `tenon events list`, `tenon dead list`.
#include <algorithm>
#include <charconv>
#include <ctime>
#include <optional>

#include "app/cells.hpp"
#include "app/cli/interrupt.hpp"
#include "app/cli/output.hpp"
#include "app/cli/progress.hpp"
#include "app/cli/table.hpp"
#include "app/event_filter.hpp"
#include "app/event_view.hpp"
#include "app/host_client.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "runtime/local_client.hpp"

namespace tenon::app {
namespace {

// Of one answer: short turns of the host, and a bar that moves.
constexpr std::uint64_t kLookAtOnce = 20'000;
constexpr std::uint64_t kRowsAtOnce = 1000;

int list_groups(const ListOptions& options, const std::string& target) {
  const auto mark = target.find('?');
  const auto document =
      ask_host(options.data, "/v1/dead/groups?by=" + options.group_by + "&" + target.substr(mark + 1));
  if (!document) return output().fail(document.error());
  if (output().json()) {
    output().document(document->root);
    return kExitOk;
  }
  Table table({{"COUNT"}, {"NEWEST"}, {"OLDEST RECEIVED"}, {"NEWEST RECEIVED"}, {"GROUP", 12}});
  for (const Value group : document->root.get("groups").items()) {
    table.add({cell(group.get("count")), cell(group.get("newest")), time_cell(group.get("oldest_ms")),
               time_cell(group.get("newest_ms")), cell(group.get("name"))});
  }
  if (table.empty()) {
    output().note("no dead letters");
  } else {
    output().text(table.render(output().out()));
  }
  return kExitOk;
}

/// What a list came to.
struct Found {
  std::vector<Document> pages;  ///< what `rows` borrow from
  std::vector<Value> rows;
  std::string next;  ///< empty: there is nothing more
  std::uint64_t looked = 0;
  bool interrupted = false;
};

std::uint64_t number_of(Value value) {
  return value.is_number() ? static_cast<std::uint64_t>(value.as_double()) : 0;
}

/// The rows of a page that the filter wants, as long as there is room for them.
Status keep_rows(Document page, EventFilter* filter, std::size_t limit, Found& found) {
  bool kept = false;
  for (const Value row : page.root.get("events").items()) {
    if (filter != nullptr) {
      TENON_TRY(const bool wanted, filter->test(row));
      if (!wanted) continue;
    }
    found.rows.push_back(row);
    kept = true;
    if (found.rows.size() < limit) continue;
    found.next = cell(row.get("seq"));
    break;
  }
  if (kept) found.pages.push_back(std::move(page));
  return {};
}

/// Page by page, newest first, until there are enough rows, enough was looked at, or Ctrl-C.
Result<Found> find_rows(const ListOptions& options, const std::string& target, const std::string& filter,
                        EventFilter* where) {
  Found found;
  found.next = options.after;
  const Interrupt interrupt;
  Progress progress("events");
  for (;;) {
    const std::uint64_t room = options.limit - found.rows.size();
    std::string asked = target + filter + "look=" +
                        std::to_string(std::min<std::uint64_t>(kLookAtOnce, options.look - found.looked)) +
                        "&limit=" + std::to_string(where != nullptr ? kRowsAtOnce : room);
    if (!found.next.empty()) asked += "&before=" + percent_encode(found.next);
    if (where != nullptr) asked += "&data=1";
    TENON_TRY(Document page, ask_host(options.data, asked));
    const std::uint64_t next = number_of(page.root.get("next_before"));
    found.looked += number_of(page.root.get("looked"));
    found.next = next == 0 ? "" : std::to_string(next);
    TENON_CHECK(keep_rows(std::move(page), where, options.limit, found));
    if (next == 0 || found.rows.size() >= options.limit || found.looked >= options.look) return found;
    // Numbers grow by one: as many as the next number are left, unless some were deleted.
    progress.total(std::min<std::uint64_t>(options.look, found.looked + next));
    progress.at(found.looked);
    if (Interrupt::asked()) {
      found.interrupted = true;
      return found;
    }
  }
}

/// One document, whatever number of pages it took; without the data that only the filter needed.
std::string document_of(const Found& found) {
  std::string out = "{\"events\":[";
  for (const Value row : found.rows) {
    if (out.back() == '}') out += ',';
    std::vector<Member> members;
    for (const Member& member : row.members()) {
      if (member.name != "data" && member.name != "data_base64") members.push_back(member);
    }
    out += to_json(Value::object(members));
  }
  out += "]";
  if (!found.next.empty()) out += ",\"next_before\":" + found.next;
  out += ",\"looked\":" + std::to_string(found.looked);
  if (found.interrupted) out += ",\"interrupted\":true";
  return out + "}";
}

void show_rows(const Found& found, EventKind kind, const ListOptions& options) {
  Table table({{"NUMBER"},
               {"RECEIVED"},
               {"PIPELINE", 12},
               {"TYPE", 12},
               {"KEY", 8},
               {"STATE"},
               {"ATTEMPTS"},
               {"ID", 8},
               {"REASON", 12}});
  for (const Value event : found.rows) {
    const std::string state = cell(event.get("state"));
    table.add({cell(event.get("seq")), time_cell(event.get("received_ms")), cell(event.get("pipeline")),
               cell(event.get("type")), cell(event.get("key")), Cell(state, state_style(state)),
               cell(event.get("attempts")), cell(event.get("id")), cell(event.get("reason"))});
  }
  if (!found.next.empty() && found.rows.size() < options.limit)
    output().note("looked at " + std::to_string(found.looked) + " events" +
                  (found.interrupted ? " until Ctrl-C" : "") + "; go on with --after " + found.next +
                  ", or look at more with --look");
  if (!table.empty()) {
    output().text(table.render(output().out()));
  } else if (found.next.empty()) {
    output().note(kind == EventKind::dead_letter ? "no dead letters" : "no events");
  }
}

}  // namespace

Result<std::int64_t> moment(const std::string& text) {
  const auto wrong = [&] {
    return Error("bad_argument",
                 "'" + text + "' is no time: write 2026-01-31T13:00:00Z, or 90s, 15m, 24h, 7d ago");
  };
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  if (const auto [stop, bad] = std::from_chars(text.data(), end, number);
      bad == std::errc() && stop + 1 == end && number >= 0 && number < 100'000'000) {
    const std::string_view units = "smhd";
    constexpr std::int64_t kMs[] = {1000, 60'000, 3'600'000, 86'400'000};
    const auto unit = units.find(*stop);
    if (unit == std::string_view::npos) return wrong();
    return runtime::wall_now_ms() - number * kMs[unit];
  }
  std::tm parts{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (rest == nullptr || *rest != '\0') {
    parts = {};
    rest = strptime(text.c_str(), "%Y-%m-%d", &parts);
  }
  if (rest == nullptr || *rest != '\0') return wrong();
  return static_cast<std::int64_t>(timegm(&parts)) * 1000;
}

Result<std::string> filter_of(const ListOptions& options) {
  // They travel in one request line.
  constexpr std::size_t kMost = 2048;
  for (const auto& [name, value] :
       {std::pair{"--pipeline", &options.pipeline}, std::pair{"--key", &options.key},
        std::pair{"--connection", &options.connection}, std::pair{"--reason", &options.reason}}) {
    if (value->size() > kMost)
      return Error("bad_argument", std::string(name) + " has " + std::to_string(value->size()) +
                                       " bytes: at most " + std::to_string(kMost) + " can be asked for");
  }
  std::string filter;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) filter += std::string(name) + "=" + percent_encode(value) + "&";
  };
  add("pipeline", options.pipeline);
  add("state", options.state);
  add("key", options.key);
  add("connection", options.connection);
  add("reason", options.reason);
  for (const auto& [name, text] : {std::pair{"since", options.since}, std::pair{"until", options.until}}) {
    if (text.empty()) continue;
    TENON_TRY(const std::int64_t ms, moment(text));
    add(name, std::to_string(ms));
  }
  return filter;
}

// What follows the first line shows the place: it is not part of the message.
int fail_list(const Error& error) {
  const auto line = std::min(error.message.find('\n'), error.message.size());
  const int code = error.code == "bad_argument" ? kExitBadInput : kExitFailure;
  return output().fail(error.code, error.message.substr(0, line), code,
                       error.message.substr(std::min(line + 1, error.message.size())));
}

int list_events(EventKind kind, const ListOptions& options) {
  const auto filter = filter_of(options);
  if (!filter) return output().fail(filter.error(), kExitBadInput);
  const std::string target = kind == EventKind::dead_letter ? "/v1/dead?" : "/v1/events?";
  if (!options.group_by.empty()) {
    if (!options.where.empty())
      return output().fail("bad_argument", "--where and --group-by: one of the two", kExitBadInput);
    return list_groups(options, target + *filter);
  }
  std::optional<EventFilter> where;
  if (!options.where.empty()) {
    auto parsed = EventFilter::parse(options.where);
    if (!parsed) return fail_list(parsed.error());
    where = std::move(*parsed);
  }
  const auto found = find_rows(options, target, *filter, where ? &*where : nullptr);
  if (!found) return fail_list(found.error());
  if (where && where->failed() > 0)
    output().warning("--where could not be evaluated for " + std::to_string(where->failed()) +
                     " events, which are left out; for the first: " + where->first_failure());
  if (output().json()) {
    output().document(document_of(*found));
  } else {
    show_rows(*found, kind, options);
  }
  return found->interrupted ? kExitInterrupted : kExitOk;
}

void add_list_options(Command& command, ListOptions& options) {
  command.option("--pipeline", options.pipeline, "Only of this pipeline")
      .value("NAME")
      .completes(Completes::pipeline);
  command.option("--key", options.key, "Only of this key").value("KEY");
  command.option("--connection", options.connection, "Only of this connection").value("NAME");
  command.option("--reason", options.reason, "Only with this in the reason").value("TEXT");
  command.option("--since", options.since, "Received then or later: a time in UTC, or 15m, 24h, 7d ago")
      .value("TIME");
  command.option("--until", options.until, "Received before then").value("TIME");
  command
      .option("--where", options.where,
              "Only events for which this expression is true; it sees `event` as a pipeline's does, and "
              "state, reason, attempts, pipeline, seq")
      .value("EXPRESSION");
  command.option("--after", options.after, "Only what comes after this number in the list: the next page")
      .value("NUMBER");
  command.option("--look", options.look, "Look at about so many events and no more")
      .range(1, 1'000'000'000)
      .shows_default();
  command.option("--limit", options.limit, "At most so many").range(1, 1000).shows_default();
  add_data(command, options.data);
  command.json();
}

}  // namespace tenon::app
