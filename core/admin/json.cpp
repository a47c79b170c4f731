#include "admin/json.hpp"

#include <algorithm>
#include <map>

#include "admin/json_writer.hpp"
#include "observe/metrics.hpp"

namespace tenon::admin {
namespace {

void write_row(ObjectWriter& object, const journal::EventRow& row) {
  const Event& event = row.event;
  object.number("seq", row.seq);
  object.text("id", event.id);
  object.text_if("pipeline", row.pipeline);
  object.text("connection", event.connection);
  object.text_if("type", event.type);
  object.text_if("key", event.key);
  std::string& out = object.begin("keys");
  ObjectWriter keys(out);
  for (const auto& [name, value] : event.keys) keys.text(name, value);
  keys.end();
  if (event.version) object.text("version", *event.version);
  object.number_if("time_ms", event.time_ms);
  object.number("received_ms", event.received_ms);
  object.text("class", name_of(event.event_class));
  object.boolean("thin", event.thin);
  object.text("state", row.state);
  object.text_if("reason", row.reason);
  object.number("attempts", row.attempts);
  object.number_if("next_ms", row.next_ms);
  object.number_if("ended_ms", row.ended_ms);
}

void write_attempt(std::string& out, const journal::AttemptRecord& attempt) {
  ObjectWriter object(out);
  object.text("action", attempt.action);
  object.number("number", attempt.number);
  object.number("started_ms", attempt.started_ms);
  object.number("finished_ms", attempt.finished_ms);
  object.text("outcome", attempt.outcome);
  object.text_if("cause", attempt.cause);
  object.text_if("reason", attempt.reason);
  object.text_if("version", attempt.version);
  stored_text(object, "fetched", attempt.fetched);
  stored_text(object, "conversation", attempt.conversation);
  object.end();
}

}  // namespace

std::string events_json(const journal::Listed& listed, bool oldest_first) {
  std::string out;
  ObjectWriter object(out);
  array(object.begin("events"), listed.rows, [&out](const journal::EventRow& row) {
    ObjectWriter event(out);
    write_row(event, row);
    stored_text(event, "data", row.event.data);
    event.end();
  });
  if (listed.next != 0) object.number(oldest_first ? "next_after" : "next_before", listed.next);
  object.number("looked", listed.looked);
  object.end();
  return out;
}

namespace {

void write_opened(ObjectWriter& object, std::string& out, std::string_view word,
                  const journal::Requeued& opened) {
  array(object.begin(word), opened.seqs, [&out](journal::Seq seq) { out += std::to_string(seq); });
  array(object.begin("refused"), opened.refused, [&out](const journal::Requeued::Refused& refused) {
    ObjectWriter each(out);
    each.number("seq", refused.seq);
    each.text("error", refused.code);
    each.end();
  });
}

}  // namespace

std::string requeued_json(std::string_view done, const journal::Requeued& requeued) {
  std::string out;
  ObjectWriter object(out);
  write_opened(object, out, done, requeued);
  object.end();
  return out;
}

std::string replayed_json(const journal::Requeued& replayed) {
  std::string out;
  ObjectWriter object(out);
  write_opened(object, out, "replayed", replayed);
  object.number("replaying", replayed.replaying);
  object.end();
  return out;
}

std::string range_json(const journal::Range& range) {
  std::string out;
  ObjectWriter object(out);
  object.number("events", range.events);
  object.number("open", range.open);
  if (range.first != 0) {
    object.number("first", range.first);
    object.number("last", range.last);
  }
  object.number("gone", range.gone);
  object.end();
  return out;
}

std::string forgotten_json(const journal::Forgotten& done) {
  std::string out;
  ObjectWriter object(out);
  object.number("events", done.events);
  object.number("waiting", done.waiting);
  object.number("identities", done.identities);
  if (done.next != 0) object.number("next_after", done.next);
  object.end();
  return out;
}

std::string scrubbed_json(const journal::Scrubbed& done) {
  std::string out;
  ObjectWriter object(out);
  object.boolean("whole", done.whole);
  object.text_if("why", done.why);
  object.end();
  return out;
}

std::string groups_json(const std::vector<journal::DeadGroup>& groups) {
  std::string out;
  ObjectWriter object(out);
  array(object.begin("groups"), groups, [&out](const journal::DeadGroup& group) {
    ObjectWriter each(out);
    each.text("name", group.name);
    each.number("count", group.count);
    each.number("newest", group.newest);
    each.number("oldest_ms", group.oldest_ms);
    each.number("newest_ms", group.newest_ms);
    each.end();
  });
  object.end();
  return out;
}

std::string pipeline_json(const journal::PipelineState& state) {
  std::string out;
  ObjectWriter object(out);
  object.text("name", state.pipeline);
  object.text("state", journal::name_of(state.mode));
  object.text_if("reason", state.reason);
  if (state.mode != journal::PipelineMode::running) object.number("since_ms", state.since_ms);
  object.end();
  return out;
}

std::string event_json(const journal::EventDetail& detail) {
  std::string out;
  ObjectWriter object(out);
  write_row(object, detail.row);
  stored_text(object, "data", detail.row.event.data);
  array(object.begin("actions"), detail.actions, [&out](const journal::ActionEnd& end) {
    ObjectWriter action(out);
    action.text("action", end.action);
    action.text("end", name_of(end.end));
    action.text_if("reason", end.reason);
    action.end();
  });
  array(object.begin("attempts_made"), detail.attempts,
        [&out](const journal::AttemptRecord& attempt) { write_attempt(out, attempt); });
  array(object.begin("notes"), detail.notes, [&out](const journal::Note& note) {
    ObjectWriter each(out);
    each.number("at_ms", note.at_ms);
    each.text("what", note.what);
    each.text_if("text", note.text);
    each.end();
  });
  object.end();
  return out;
}

namespace {

/// Its place among the pipelines that the host runs, if it does.
std::optional<std::size_t> place_of(const StatusView& view, const std::string& pipeline) {
  if (!view.host) return std::nullopt;
  const auto& all = view.host->pipelines;
  const auto found = std::find(all.begin(), all.end(), pipeline);
  if (found == all.end()) return std::nullopt;
  return static_cast<std::size_t>(found - all.begin());
}

/// One entry per pipeline that is defined, does not run, or has something.
void write_pipelines(std::string& out, const StatusView& view) {
  std::map<std::string, std::pair<const journal::Backlog*, const journal::PipelineState*>> all;
  if (view.host) {
    for (const auto& name : view.host->pipelines) all[name];
  }
  for (const auto& backlog : view.overview.backlog) {
    if (!backlog.pipeline.empty()) all[backlog.pipeline].first = &backlog;
  }
  for (const auto& state : view.overview.states) all[state.pipeline].second = &state;
  array(out, all, [&](const auto& each) {
    const auto& [backlog, state] = each.second;
    const auto place = place_of(view, each.first);
    const bool defined = !view.host || place;
    ObjectWriter object(out);
    object.text("name", each.first);
    if (place) object.text("version", view.host->versions[*place]);
    object.text("state", state ? journal::name_of(state->mode) : defined ? "running" : "not_defined");
    if (state) {
      object.text_if("reason", state->reason);
      object.number("since_ms", state->since_ms);
    }
    object.number("waiting", backlog ? backlog->waiting : 0);
    object.number("retrying", backlog ? backlog->retrying : 0);
    object.number("dead", backlog ? backlog->dead : 0);
    if (place) object.number("blocked_lanes", view.host->blocked[*place]);
    if (backlog) object.number_if("oldest_waiting_ms", backlog->oldest_waiting_ms);
    object.end();
  });
}

void write_account(std::string& out, const delivery::BudgetGate::View& account) {
  ObjectWriter object(out);
  object.text("account", account.account);
  if (account.limit != 0) {
    object.number("limit", account.limit);
    object.number("remaining", account.remaining);
  }
  if (account.paused_ms != 0) object.number("paused_ms", account.paused_ms);
  object.number("queued", account.queued);
  object.boolean("reachable", account.reachable);
  object.end();
}

}  // namespace

namespace {

void write_port(std::string& out, const ingress::HttpServer::Counts& port) {
  ObjectWriter object(out);
  object.number("connections", port.connections);
  object.number("most", port.most);
  object.number("bytes_in_flight", port.bytes_in_flight);
  object.number("refused", port.refused);
  object.number("gave_way", port.gave_way);
  array(object.begin("listeners"), port.listeners, [&out](const auto& each) {
    ObjectWriter listener(out);
    const bool tls = each.security == ingress::Security::tls;
    listener.text("url", (tls ? "https://" : "http://") + each.address);
    listener.number("connections", each.connections);
    listener.end();
  });
  object.end();
}

}  // namespace

std::string status_json(const StatusView& view) {
  std::string out;
  ObjectWriter object(out);
  object.text_if("version", view.version);
  object.boolean("ready", view.ready);
  object.number("waiting", view.counts.waiting);
  object.number("dead", view.counts.dead);
  object.number_if("oldest_waiting_ms", view.counts.oldest_waiting_ms);
  object.number_if("open_calls", view.open_calls);
  object.boolean("host_runs", view.host.has_value());
  if (view.port) write_port(object.begin("port"), *view.port);
  object.number_if("uptime_ms", view.uptime_ms);
  object.number("store_bytes", view.overview.bytes);
  write_pipelines(object.begin("pipelines"), view);
  if (view.host) {
    object.number("running_events", view.host->running);
    object.number("events_in_memory", view.host->in_memory);
    array(object.begin("accounts"), view.host->accounts,
          [&out](const delivery::BudgetGate::View& account) { write_account(out, account); });
  }
  array(object.begin("counters"), metrics::snapshot(), [&out](const metrics::Sample& sample) {
    ObjectWriter counter(out);
    counter.text("name", sample.name);
    counter.text_if("label", sample.label);
    counter.number("value", sample.value);
    counter.end();
  });
  object.end();
  return out;
}

}  // namespace tenon::admin
