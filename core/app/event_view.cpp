#include "app/event_view.hpp"

#include <charconv>
#include <ctime>

#include "app/cells.hpp"
#include "app/cli/output.hpp"
#include "app/cli/table.hpp"
#include "app/host_client.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "runtime/local_client.hpp"

namespace tenon::app {
namespace {

/// The colour of a state or an end.
Style style_of(std::string_view state) {
  if (state == "delivered") return Style::green;
  if (state == "rejected" || state == "exhausted") return Style::red;
  if (state == "waiting" || state == "retrying") return Style::yellow;
  return Style::faint;
}

std::string with_reason(Value end, Value reason) {
  std::string text = output().paint_out(cell(end), style_of(cell(end)));
  if (!cell(reason).empty()) text += ", " + cell(reason);
  return text;
}

std::string block(std::string_view title, Value value) {
  if (value.is_missing() || value.is_null()) return "";
  return "    " + std::string(title) + ": " + cell(value) + "\n";
}

std::string exchange_text(Value exchange) {
  const bool answered = exchange.get("status").is_number();
  return "    " + cell(exchange.get("method")) + " " + cell(exchange.get("url")) + " -> " +
         cell(answered ? exchange.get("status") : exchange.get("error")) + " (" +
         cell(exchange.get("elapsed_ms")) + " ms)\n" + block("  request", exchange.get("request_body")) +
         block("  response", exchange.get("response_body"));
}

std::string heading_text(Value event) {
  std::string out =
      output().paint_out("event " + cell(event.get("seq")) + "  " + cell(event.get("id")), Style::strong) +
      "\n";
  const auto line = [&](const std::string& name, const std::string& text) {
    out += "  " + name + std::string(12 - name.size(), ' ') + (text.empty() ? "-" : text) + "\n";
  };
  line("pipeline", cell(event.get("pipeline")));
  line("connection", cell(event.get("connection")));
  line("type", cell(event.get("type")));
  line("key", cell(event.get("key")));
  line("received", time_cell(event.get("received_ms")));
  line("state", with_reason(event.get("state"), event.get("reason")));
  line("attempts", cell(event.get("attempts")));
  return out;
}

std::string took(Value attempt) {
  return " (" +
         std::to_string(static_cast<std::int64_t>(attempt.get("finished_ms").as_double() -
                                                  attempt.get("started_ms").as_double())) +
         " ms)";
}

/// Empty for attempts of before format 4.
std::string under(Value attempt) {
  return attempt.get("version").is_string() ? "  version " + cell(attempt.get("version")) : "";
}

std::string timeline_text(Value event) {
  std::string out = heading_text(event) + block("data", event.get("data"));
  for (const Value action : event.get("actions").items()) {
    out += "  action " + cell(action.get("action")) + ": " +
           with_reason(action.get("end"), action.get("reason")) + "\n";
  }
  for (const Value note : event.get("notes").items()) {
    out += "  " + time_cell(note.get("at_ms")) + "  " + cell(note.get("what")) + "  (" +
           cell(note.get("text")) + ")\n";
  }
  for (const Value attempt : event.get("attempts_made").items()) {
    out += "  " + time_cell(attempt.get("started_ms")) + "  attempt " + cell(attempt.get("number")) + "  " +
           with_reason(attempt.get("outcome"), attempt.get("reason")) + took(attempt) + under(attempt) +
           "\n" + block("fetched", attempt.get("fetched"));
    for (const Value exchange : attempt.get("conversation").items()) out += exchange_text(exchange);
  }
  if (event.get("next_ms").is_number())
    out += "  " + time_cell(event.get("next_ms")) + "  tried again then\n";
  if (event.get("ended_ms").is_number())
    out += "  " + time_cell(event.get("ended_ms")) + "  " +
           with_reason(event.get("state"), event.get("reason")) + "\n";
  return out;
}

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

int list_events(EventKind kind, const ListOptions& options) {
  const bool dead = kind == EventKind::dead_letter;
  std::string target = dead ? "/v1/dead?" : "/v1/events?";
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) target += std::string(name) + "=" + percent_encode(value) + "&";
  };
  add("pipeline", options.pipeline);
  add("state", options.state);
  add("key", options.key);
  add("connection", options.connection);
  add("before", options.after);
  for (const auto& [name, text] : {std::pair{"since", options.since}, std::pair{"until", options.until}}) {
    if (text.empty()) continue;
    const auto ms = moment(text);
    if (!ms) return output().fail(ms.error(), kExitBadInput);
    add(name, std::to_string(*ms));
  }
  if (!options.group_by.empty()) return list_groups(options, target);
  target += "limit=" + std::to_string(options.limit);
  const auto document = ask_host(options.data, target);
  if (!document) return output().fail(document.error());
  if (output().json()) {
    output().document(document->root);
    return kExitOk;
  }
  Table table({{"NUMBER"},
               {"RECEIVED"},
               {"PIPELINE", 12},
               {"TYPE", 12},
               {"KEY", 8},
               {"STATE"},
               {"ATTEMPTS"},
               {"ID", 8},
               {"REASON", 12}});
  for (const Value event : document->root.get("events").items()) {
    const std::string state = cell(event.get("state"));
    table.add({cell(event.get("seq")), time_cell(event.get("received_ms")), cell(event.get("pipeline")),
               cell(event.get("type")), cell(event.get("key")), Cell(state, style_of(state)),
               cell(event.get("attempts")), cell(event.get("id")), cell(event.get("reason"))});
  }
  const Value next = document->root.get("next_before");
  if (!next.is_missing() && (table.empty() || options.limit > document->root.get("events").size()))
    output().note("looked at " + cell(document->root.get("looked")) + " events; go on with --after " +
                  cell(next));
  if (table.empty() && !next.is_missing()) return kExitOk;
  if (table.empty()) {
    output().note(dead ? "no dead letters" : "no events");
    return kExitOk;
  }
  output().text(table.render(output().out()));
  return kExitOk;
}

int show_event(EventKind kind, const ShowOptions& options) {
  const bool dead = kind == EventKind::dead_letter;
  const auto document =
      ask_host(options.data, (dead ? "/v1/dead/" : "/v1/events/") + percent_encode(options.id));
  if (!document && document.error().code == "not_found") {
    return output().fail("not_found",
                         std::string("no such ") + (dead ? "dead letter: " : "event: ") + options.id,
                         kExitFailure);
  }
  if (!document) return output().fail(document.error());
  if (output().json()) {
    output().document(document->root);
  } else {
    output().text(timeline_text(document->root));
  }
  return kExitOk;
}

void add_list_options(Command& command, ListOptions& options) {
  command.option("--pipeline", options.pipeline, "Only of this pipeline")
      .value("NAME")
      .completes(Completes::pipeline);
  command.option("--key", options.key, "Only of this key").value("KEY");
  command.option("--connection", options.connection, "Only of this connection").value("NAME");
  command.option("--since", options.since, "Received then or later: a time in UTC, or 15m, 24h, 7d ago")
      .value("TIME");
  command.option("--until", options.until, "Received before then").value("TIME");
  command.option("--after", options.after, "Only what comes after this number in the list: the next page")
      .value("NUMBER");
  command.option("--limit", options.limit, "At most so many").range(1, 1000).shows_default();
  add_data(command, options.data);
  command.json();
}

void add_show_options(Command& command, EventKind kind, ShowOptions& options) {
  command.argument("id", options.id, "Number or id, as `list` prints it")
      .completes(kind == EventKind::event ? Completes::event : Completes::dead_letter)
      .required();
  add_data(command, options.data);
  command.json();
}

}  // namespace tenon::app
