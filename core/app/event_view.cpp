#include "app/event_view.hpp"

#include "app/cells.hpp"
#include "app/cli/output.hpp"
#include "app/curl_line.hpp"
#include "app/host_client.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace tenon::app {
namespace {

std::string with_reason(Value end, Value reason, const std::string& cause = "") {
  std::string text = output().paint_out(cell(end), state_style(cell(end))) + cause;
  if (!cell(reason).empty()) text += ", " + cell(reason);
  return text;
}

std::string block(std::string_view title, Value value) {
  if (value.is_missing() || value.is_null()) return "";
  return "    " + std::string(title) + ": " + cell(value) + "\n";
}

/// The request for a shell, on a line of its own; it is printable by its making.
std::string curl_text(Value exchange) {
  const std::string line = curl_line(exchange);
  if (line.empty()) return "";
  const std::string caveat = curl_caveat(exchange);
  return (caveat.empty() ? "" : "      # " + caveat + "\n") + "      " + line + "\n";
}

std::string exchange_text(Value exchange, bool curl) {
  if (exchange.get("left_out").is_number())
    return "    " + cell(exchange.get("left_out")) + " more that were not kept\n";
  const bool answered = exchange.get("status").is_number();
  return "    " + cell(exchange.get("method")) + " " + cell(exchange.get("url")) + " -> " +
         cell(answered ? exchange.get("status") : exchange.get("error")) + " (" +
         cell(exchange.get("elapsed_ms")) + " ms)\n" + block("  request", exchange.get("request_body")) +
         (curl ? curl_text(exchange) : "") + block("  response", exchange.get("response_body"));
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
  line("class", cell(event.get("class")));
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

/// What kind of failure it was, which decides what follows: ` (throttled)`.
std::string cause(Value attempt) {
  const std::string word = cell(attempt.get("cause"));
  return word.empty() || word == "none" ? "" : " (" + word + ")";
}

/// What an event stands for may be a thousand names: those that a line of a screen or two holds. `--json` has
/// all.
std::string shortened(const std::string& names) {
  constexpr std::size_t kMost = 240;
  if (names.size() <= kMost) return names;
  const std::size_t end = names.rfind(", ", kMost);
  if (end == std::string::npos) return names;
  std::size_t more = 0;
  for (std::size_t at = end; at != std::string::npos; at = names.find(", ", at + 1)) ++more;
  return names.substr(0, end) + ", and " + std::to_string(more) + " more (--json names them)";
}

std::string outcome_text(Value attempt) {
  if (cell(attempt.get("outcome")) == "folded") return "folded, " + shortened(cell(attempt.get("reason")));
  return with_reason(attempt.get("outcome"), attempt.get("reason"), cause(attempt));
}

std::string timeline_text(Value event, bool curl) {
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
    // What was noted beside the attempts has no number.
    const bool numbered = attempt.get("number").as_double() > 0;
    out += "  " + time_cell(attempt.get("started_ms")) + "  " +
           (numbered ? "attempt " + cell(attempt.get("number")) + "  " : std::string()) +
           outcome_text(attempt) + took(attempt) + under(attempt) + "\n" +
           block("fetched", attempt.get("fetched"));
    for (const Value exchange : attempt.get("conversation").items()) out += exchange_text(exchange, curl);
  }
  if (event.get("next_ms").is_number())
    out += "  " + time_cell(event.get("next_ms")) + "  tried again then\n";
  if (event.get("ended_ms").is_number())
    out += "  " + time_cell(event.get("ended_ms")) + "  " +
           with_reason(event.get("state"), event.get("reason")) + "\n";
  return out;
}

/// The same document, with the member `curl` in each exchange.
std::string with_curl_lines(Value event) {
  const auto rebuilt = [](Value object, std::string_view name, const std::string& instead) {
    std::string out = "{";
    for (const Member& member : object.members()) {
      if (out.size() > 1) out += ',';
      out += json_string(member.name) + ":" + (member.name == name ? instead : to_json(member.value));
    }
    return out + "}";
  };
  std::string attempts = "[";
  for (const Value attempt : event.get("attempts_made").items()) {
    std::string exchanges = "[";
    for (const Value exchange : attempt.get("conversation").items()) {
      std::string one = to_json(exchange);
      if (const std::string line = curl_line(exchange); !line.empty()) {
        one.pop_back();
        one += ",\"curl\":" + json_string(line);
        if (const std::string caveat = curl_caveat(exchange); !caveat.empty())
          one += ",\"curl_caveat\":" + json_string(caveat);
        one += '}';
      }
      exchanges += (exchanges.size() > 1 ? "," : "") + one;
    }
    attempts += (attempts.size() > 1 ? "," : "") + rebuilt(attempt, "conversation", exchanges + "]");
  }
  return rebuilt(event, "attempts_made", attempts + "]");
}

}  // namespace

Style state_style(std::string_view state) {
  if (state == "delivered") return Style::green;
  if (state == "rejected" || state == "exhausted") return Style::red;
  if (state == "waiting" || state == "retrying") return Style::yellow;
  return Style::faint;
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
  if (output().json() && options.curl) {
    output().document(with_curl_lines(document->root));
  } else if (output().json()) {
    output().document(document->root);
  } else {
    output().text(timeline_text(document->root, options.curl));
  }
  return kExitOk;
}

void add_show_options(Command& command, EventKind kind, ShowOptions& options) {
  command.argument("id", options.id, "Number or id, as `list` prints it")
      .completes(kind == EventKind::event ? Completes::event : Completes::dead_letter)
      .required();
  command.flag("--curl", options.curl,
               "Each request as a line for a shell too; secrets are taken out and must be put in");
  add_data(command, options.data);
  command.json();
}

}  // namespace tenon::app
