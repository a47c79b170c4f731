// tenon events, tenon dead: what a running host tells of its events, as tables or JSON.
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <iostream>
#include <string>
#include <vector>

#include "app/commands.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "runtime/local_client.hpp"

namespace tenon::app {
namespace {

/// The host's answer to `target`, parsed; on failure says why on stderr.
std::optional<Document> ask(const EventsOptions& options, const std::string& target, int& code) {
  const auto answer = runtime::local_get(options.data + "/control.sock", target);
  code = kExitFailure;
  if (!answer) {
    std::cerr << "tenon: no host answers in " << options.data << " (" << answer.error().message
              << "); is `tenon run --data " << options.data << "` running?\n";
    return std::nullopt;
  }
  JsonLimits limits;
  limits.members = 1'000'000;
  auto document = parse_json(answer->body, limits);
  if (!document) {
    std::cerr << "tenon: the host's answer is unreadable\n";
    return std::nullopt;
  }
  if (answer->status == 404) {
    std::cerr << "tenon: no such " << (options.dead ? "dead letter" : "event") << ": " << options.id << "\n";
    return std::nullopt;
  }
  if (answer->status != 200) {
    std::cerr << "tenon: the host answered " << answer->status << "\n";
    return std::nullopt;
  }
  code = kExitOk;
  return std::move(*document);
}

/// Text for a terminal: control characters are shown, not sent, so that no payload can draw on it.
std::string printable(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
    } else {
      out += std::string("\\x") + kHex[byte >> 4] + kHex[byte & 15];
    }
  }
  return out;
}

/// A value as a cell of a table.
std::string cell(Value value) {
  if (value.is_missing() || value.is_null()) return "-";
  if (!value.is_string()) return to_json(value);
  return value.as_string().empty() ? "-" : printable(value.as_string());
}

std::string local_time(Value ms) {
  if (!ms.is_number()) return "-";
  const auto seconds = static_cast<std::time_t>(ms.as_double() / 1000);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  return text;
}

void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      std::cout << row[i];
      if (i + 1 < row.size()) std::cout << std::string(widths[i] - row[i].size() + 2, ' ');
    }
    std::cout << "\n";
  }
}

/// Lines of a text cut to a terminal's patience.
void print_block(std::string_view title, Value value) {
  if (value.is_missing() || value.is_null()) return;
  std::cout << "    " << title << ": " << (value.is_string() ? cell(value) : to_json(value)) << "\n";
}

void print_exchange(Value exchange) {
  const bool answered = exchange.get("status").is_number();
  std::cout << "    " << cell(exchange.get("method")) << " " << cell(exchange.get("url")) << " -> "
            << cell(answered ? exchange.get("status") : exchange.get("error")) << " ("
            << cell(exchange.get("elapsed_ms")) << " ms)\n";
  print_block("  request", exchange.get("request_body"));
  print_block("  response", exchange.get("response_body"));
}

}  // namespace

int list_events(const EventsOptions& options) {
  std::string target = options.dead ? "/v1/dead?" : "/v1/events?";
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) target += std::string(name) + "=" + percent_encode(value) + "&";
  };
  add("pipeline", options.pipeline);
  add("state", options.state);
  add("key", options.key);
  target += "limit=" + std::to_string(options.limit);
  int code = kExitOk;
  const auto document = ask(options, target, code);
  if (!document) return code;
  if (options.json) {
    std::cout << to_json(document->root) << "\n";
    return kExitOk;
  }
  const Value events = document->root.get("events");
  if (events.size() == 0) {
    std::cout << (options.dead ? "no dead letters\n" : "no events\n");
    return kExitOk;
  }
  std::vector<std::vector<std::string>> rows = {
      {"NUMBER", "RECEIVED", "PIPELINE", "TYPE", "KEY", "STATE", "ATTEMPTS", "ID", "REASON"}};
  for (const Value event : events.items()) {
    rows.push_back({cell(event.get("seq")), local_time(event.get("received_ms")), cell(event.get("pipeline")),
                    cell(event.get("type")), cell(event.get("key")), cell(event.get("state")),
                    cell(event.get("attempts")), cell(event.get("id")), cell(event.get("reason"))});
  }
  print_table(rows);
  return kExitOk;
}

int show_event(const EventsOptions& options) {
  int code = kExitOk;
  const auto document =
      ask(options, (options.dead ? "/v1/dead/" : "/v1/events/") + percent_encode(options.id), code);
  if (!document) return code;
  const Value event = document->root;
  if (options.json) {
    std::cout << to_json(event) << "\n";
    return kExitOk;
  }
  std::cout << "event " << cell(event.get("seq")) << "  " << cell(event.get("id")) << "\n";
  print_table({{"  pipeline", cell(event.get("pipeline"))},
               {"  connection", cell(event.get("connection"))},
               {"  type", cell(event.get("type"))},
               {"  key", cell(event.get("key"))},
               {"  received", local_time(event.get("received_ms"))},
               {"  state", cell(event.get("state")) +
                               (event.get("reason").size() ? ": " + cell(event.get("reason")) : "")},
               {"  attempts", cell(event.get("attempts"))}});
  print_block("data", event.get("data"));
  for (const Value action : event.get("actions").items()) {
    std::cout << "  action " << cell(action.get("action")) << ": " << cell(action.get("end"));
    if (action.get("reason").size()) std::cout << ", " << cell(action.get("reason"));
    std::cout << "\n";
  }
  for (const Value attempt : event.get("attempts_made").items()) {
    std::cout << "  " << local_time(attempt.get("started_ms")) << "  attempt " << cell(attempt.get("number"))
              << "  " << cell(attempt.get("outcome"));
    if (attempt.get("reason").size()) std::cout << ": " << cell(attempt.get("reason"));
    std::cout << "\n";
    print_block("fetched", attempt.get("fetched"));
    for (const Value exchange : attempt.get("conversation").items()) print_exchange(exchange);
  }
  return kExitOk;
}

}  // namespace tenon::app
