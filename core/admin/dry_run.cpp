// POST /v1/replay/dry-run: what stored events would come to.
#include "admin/admin.hpp"
#include "admin/json_writer.hpp"
#include "admin/request.hpp"

namespace tenon::admin {

using ingress::json_answer;
using ingress::Respond;

namespace {

void write_conversation(ObjectWriter& object, const std::string& conversation) {
  if (conversation.size() > 2) stored_text(object, "said", conversation);
}

/// How it ended at the time: of each action the last attempt that it has.
void write_stored(ObjectWriter& event, const journal::EventDetail& detail, bool with_conversations) {
  event.number("seq", detail.row.seq);
  event.text("id", detail.row.event.id);
  event.text("type", detail.row.event.type);
  ObjectWriter then(event.begin("then"));
  then.text("state", detail.row.state);
  then.text_if("reason", detail.row.reason);
  std::string& out = then.begin("actions");
  array(out, detail.actions, [&](const journal::ActionEnd& end) {
    ObjectWriter action(out);
    action.text("action", end.action);
    action.text("state", name_of(end.end));
    action.text_if("reason", end.reason);
    const journal::AttemptRecord* last = nullptr;
    for (const journal::AttemptRecord& attempt : detail.attempts) {
      if (attempt.action == end.action && attempt.outcome == "delivered") last = &attempt;
    }
    if (last != nullptr) action.text_if("version", last->version);
    if (last != nullptr && with_conversations) write_conversation(action, last->conversation);
    action.end();
  });
  then.end();
}

void write_side(std::string& out, const delivery::Rehearsed& side, bool with_conversations) {
  ObjectWriter object(out);
  object.text_if("version", side.version);
  object.text_if("state", side.state);
  object.text_if("reason", side.reason);
  array(object.begin("actions"), side.actions, [&](const delivery::WouldDo& each) {
    ObjectWriter action(out);
    action.text("action", each.action);
    action.text("state", each.state);
    action.text_if("how", each.how);
    action.text_if("reason", each.reason);
    action.text("operation", each.operation);
    action.text("account", each.account);
    stored_text(action, "record", each.record);
    if (with_conversations) write_conversation(action, each.conversation);
    action.end();
  });
  object.end();
}

/// Without another definition what was said then is compared with what would be said now; else records are.
std::string answer_json(const pipeline::DryRunAnswer& answer, bool with_conversations) {
  std::string out;
  ObjectWriter object(out);
  object.number("done", answer.done);
  array(object.begin("events"), answer.events, [&](const pipeline::DryRunEvent& each) {
    ObjectWriter event(out);
    write_stored(event, each.stored, with_conversations);
    write_side(event.begin("now"), each.now, with_conversations);
    if (each.with) write_side(event.begin("with"), *each.with, with_conversations);
    event.end();
  });
  object.end();
  return out;
}

ingress::Answer refused(const std::string& text, const std::string& diagnostics) {
  return json_answer(400, "{\"error\":\"definition_refused\",\"text\":" + json_string(text) +
                              (diagnostics.empty() ? "" : ",\"diagnostics\":" + diagnostics) + "}");
}

void run(pipeline::DryRuns& dry_runs, pipeline::DryRun wanted, Respond respond) {
  const bool with_conversations = wanted.with == nullptr;
  dry_runs.run(std::move(wanted),
               [respond = std::move(respond), with_conversations](Result<pipeline::DryRunAnswer> answer) {
                 if (answer) return respond(json_answer(200, answer_json(*answer, with_conversations)));
                 if (answer.error().code == "not_found") return respond(not_found());
                 if (answer.error().code == "cancelled") return respond(failed(answer.error()));
                 respond(refused(answer.error().message + "\n", ""));
               });
}

}  // namespace

/// {"pipeline": "…", "seqs": [1, 2], "force": false, "with": "/a/new.yaml"}
void Admin::dry_run(const std::string& body, Respond respond) {
  const auto parsed = parse_json(body);
  auto seqs = parsed ? read_seqs(parsed->root) : std::nullopt;
  if (!seqs) return respond(bad_request("seqs"));
  const Value pipeline = parsed->root.get("pipeline");
  const Value force = parsed->root.get("force");
  const Value with = parsed->root.get("with");
  if (!pipeline.is_string()) return respond(bad_request("pipeline"));
  if (!force.is_missing() && !force.is_boolean()) return respond(bad_request("force"));
  if (!with.is_missing() && !with.is_string()) return respond(bad_request("with"));
  pipeline::DryRuns* dry_runs = state_->options.dry_runs;
  if (dry_runs == nullptr) return respond(json_answer(409, R"({"error":"no_host"})"));
  pipeline::DryRun wanted;
  wanted.pipeline = pipeline.as_string();
  wanted.seqs = std::move(*seqs);
  wanted.force = force.is_boolean() && force.as_boolean();
  if (with.is_missing()) return run(*dry_runs, std::move(wanted), std::move(respond));
  state_->options.read_definition(std::string(with.as_string()),
                                  [dry_runs, wanted = std::move(wanted),
                                   respond = std::move(respond)](AdminOptions::Definition read) mutable {
                                    if (!read.config) return respond(refused(read.text, read.diagnostics));
                                    wanted.with = std::move(read.config);
                                    run(*dry_runs, std::move(wanted), std::move(respond));
                                  });
}

}  // namespace tenon::admin
