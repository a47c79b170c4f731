// tenon status: what a host does, or what the files of a stopped one say.
#include <chrono>

#include "app/cells.hpp"
#include "app/cli/output.hpp"
#include "app/cli/table.hpp"
#include "app/host_client.hpp"
#include "app/verbs.hpp"
#include "runtime/local_client.hpp"

namespace tenon::app {
namespace {

struct StatusOptions {
  std::string data = "data";
  bool watch = false;
};

Style style_of(std::string_view state) {
  if (state == "running") return Style::green;
  return state == "held" ? Style::red : Style::yellow;
}

std::string age(Value ms) {
  if (!ms.is_number()) return "";
  const auto seconds = static_cast<std::int64_t>(ms.as_double()) / 1000;
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 7200) return std::to_string(seconds / 60) + " min";
  if (seconds < 172'800) return std::to_string(seconds / 3600) + " h";
  return std::to_string(seconds / 86'400) + " d";
}

std::string status_text(Value status) {
  std::string out = status.get("host_runs").as_boolean() ? "host runs" : "no host runs";
  if (status.get("uptime_ms").is_number()) out += " for " + age(status.get("uptime_ms"));
  out += ", " + cell(status.get("waiting")) + " waiting, " + cell(status.get("dead")) +
         " dead letters, journal " +
         std::to_string(static_cast<std::int64_t>(status.get("store_bytes").as_double()) / 1024) + " KiB\n";
  if (const Value port = status.get("port"); port.is_object()) {
    out += "port: " + cell(port.get("connections")) + " of at most " + cell(port.get("most")) +
           " connections open (";
    for (const Value each : port.get("listeners").items()) {
      if (out.back() != '(') out += ", ";
      out += cell(each.get("url")) + " " + cell(each.get("connections"));
    }
    out += "), " + cell(port.get("refused")) + " refused by a cap, " + cell(port.get("gave_way")) +
           " gave way\n";
  }
  Table pipelines({{"PIPELINE", 12},
                   {"VERSION"},
                   {"STATE"},
                   {"WAITING"},
                   {"RETRYING"},
                   {"DEAD"},
                   {"BLOCKED"},
                   {"OLDEST"},
                   {"REASON", 12}});
  for (const Value each : status.get("pipelines").items()) {
    const std::string state = cell(each.get("state"));
    pipelines.add({cell(each.get("name")), cell(each.get("version")), Cell(state, style_of(state)),
                   cell(each.get("waiting")), cell(each.get("retrying")), cell(each.get("dead")),
                   cell(each.get("blocked_lanes")), time_cell(each.get("oldest_waiting_ms")),
                   cell(each.get("reason"))});
  }
  if (!pipelines.empty()) out += pipelines.render(output().out());
  Table accounts({{"ACCOUNT", 12}, {"LIMIT"}, {"REMAINING"}, {"PAUSED"}, {"QUEUED"}, {"REACHABLE"}});
  for (const Value each : status.get("accounts").items()) {
    accounts.add({cell(each.get("account")), cell(each.get("limit")), cell(each.get("remaining")),
                  age(each.get("paused_ms")), cell(each.get("queued")),
                  each.get("reachable").as_boolean() ? "yes" : Cell("no", Style::red)});
  }
  if (!accounts.empty()) out += accounts.render(output().out());
  return out;
}

bool is_held(Value status) {
  for (const Value each : status.get("pipelines").items()) {
    if (each.get("state").is_string() && each.get("state").as_string() == "held") return true;
  }
  return false;
}

int show_status(const StatusOptions& options) {
  for (;;) {
    const auto document = ask_host(options.data, "/v1/status");
    if (!document) return output().fail(document.error());
    const int code = is_held(document->root) ? kExitFailure : kExitOk;
    if (output().json()) {
      output().document(document->root);
    } else {
      const bool draw = options.watch && output().out().terminal;
      output().text((draw ? "\x1b[H\x1b[2J" : "") + status_text(document->root));
    }
    if (!options.watch) return code;
    runtime::pause_for(std::chrono::seconds(1));
  }
}

}  // namespace

void add_status(Command& program) {
  Command& command = program.verb("status", "What a host does: pipelines, backlog, budgets");
  auto& options = command.keep<StatusOptions>();
  command.about("Where no host runs, what its files say. The exit code is 1 while a pipeline is held.");
  command.flag("--watch", options.watch, "Again each second, until Ctrl-C");
  add_data(command, options.data);
  command.json();
  command.example("tenon status", "For people");
  command.example("tenon status --json", "For a script");
  command.run([&options] { return show_status(options); });
}

}  // namespace tenon::app
