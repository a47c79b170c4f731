#include "app/event_view.hpp"

#include "app/cells.hpp"
#include "app/cli/output.hpp"
#include "app/cli/table.hpp"
#include "app/host_client.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

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

std::string timeline_text(Value event) {
  std::string out = heading_text(event) + block("data", event.get("data"));
  for (const Value action : event.get("actions").items()) {
    out += "  action " + cell(action.get("action")) + ": " +
           with_reason(action.get("end"), action.get("reason")) + "\n";
  }
  for (const Value attempt : event.get("attempts_made").items()) {
    out += "  " + time_cell(attempt.get("started_ms")) + "  attempt " + cell(attempt.get("number")) + "  " +
           with_reason(attempt.get("outcome"), attempt.get("reason")) + "\n" +
           block("fetched", attempt.get("fetched"));
    for (const Value exchange : attempt.get("conversation").items()) out += exchange_text(exchange);
  }
  return out;
}

}  // namespace

int list_events(EventKind kind, const ListOptions& options) {
  const bool dead = kind == EventKind::dead_letter;
  std::string target = dead ? "/v1/dead?" : "/v1/events?";
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) target += std::string(name) + "=" + percent_encode(value) + "&";
  };
  add("pipeline", options.pipeline);
  add("state", options.state);
  add("key", options.key);
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
