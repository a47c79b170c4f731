// What an operator does by the admin API: retry, skip, replay, forget, pause, the log's level.
#include <algorithm>

#include "admin/admin.hpp"
#include "admin/request.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "observe/log.hpp"

namespace tenon::admin {

using ingress::json_answer;
using ingress::Request;
using ingress::Respond;

namespace {

std::string_view level_word() {
  for (const std::string_view word : {"debug", "info", "warn", "error"}) {
    log::Level level = log::Level::off;
    if (log::parse_level(word, level) && log::enabled(level)) return word;
  }
  return "off";
}

}  // namespace

void Admin::retry(const std::string& body, Respond respond) {
  const auto parsed = parse_json(body);
  auto seqs = parsed ? read_seqs(parsed->root) : std::nullopt;
  if (!seqs) return respond(bad_request("seqs"));
  journal_.requeue(
      std::move(*seqs),
      {&runtime_.ingress(), [respond = std::move(respond)](Result<journal::Requeued> done) {
         respond(done ? json_answer(200, requeued_json("retried", *done)) : failed(done.error()));
       }});
}

void Admin::skip(const std::string& body, Respond respond) {
  const auto parsed = parse_json(body);
  auto seqs = parsed ? read_seqs(parsed->root) : std::nullopt;
  if (!seqs) return respond(bad_request("seqs"));
  journal_.skip(
      std::move(*seqs),
      {&runtime_.ingress(), [respond = std::move(respond), state = state_](Result<journal::Skipped> done) {
         if (done && state->options.host != nullptr) state->options.host->look_at_blockers(done->seqs);
         respond(done ? json_answer(200, requeued_json("skipped", *done)) : failed(done.error()));
       }});
}

/// {"pipeline": "…", "seqs": [1, 2], "force": false}
void Admin::replay(const std::string& body, Respond respond) {
  const auto parsed = parse_json(body);
  auto seqs = parsed ? read_seqs(parsed->root) : std::nullopt;
  if (!seqs) return respond(bad_request("seqs"));
  const Value pipeline = parsed->root.get("pipeline");
  if (!pipeline.is_string()) return respond(bad_request("pipeline"));
  const Value force = parsed->root.get("force");
  if (!force.is_missing() && !force.is_boolean()) return respond(bad_request("force"));
  // The files alone do not say which actions are calls, nor would anybody run them.
  if (state_->options.host == nullptr) return respond(json_answer(409, R"({"error":"no_host"})"));
  state_->options.host->replay(
      std::string(pipeline.as_string()), std::move(*seqs), force.is_boolean() && force.as_boolean(),
      [respond = std::move(respond)](Result<journal::Requeued> done) {
        if (!done && done.error().code == "not_found") return respond(not_found());
        respond(done ? json_answer(200, replayed_json(*done)) : failed(done.error()));
      });
}

void Admin::range(std::string_view text, Respond respond) {
  std::string wrong;
  const auto query = read_query(text, wrong);
  if (!query) return respond(bad_request(wrong));
  if (query->pipeline.empty()) return respond(bad_request("pipeline"));
  journal::RangeQuery range;
  range.pipeline = query->pipeline;
  if (query->since_ms) range.since_ms = *query->since_ms;
  if (query->until_ms) range.until_ms = *query->until_ms;
  journal::range(journal_, std::move(range),
                 {&runtime_.ingress(), [respond = std::move(respond)](Result<journal::Range> found) {
                    respond(found ? json_answer(200, range_json(*found)) : failed(found.error()));
                  }});
}

/// {"key": "…", "connection": "…", "pipeline": "…", "after": 0}
void Admin::forget(const std::string& body, Respond respond) {
  const auto parsed = parse_json(body);
  if (!parsed || !parsed->root.is_object()) return respond(bad_request("body"));
  journal::ForgetQuery query;
  for (const Member& member : parsed->root.members()) {
    const bool number = member.name == "after" && member.value.is_number() &&
                        read_number<journal::Seq>(to_json(member.value), 0, INT64_MAX, query.after);
    std::string* text = member.name == "key"          ? &query.key
                        : member.name == "connection" ? &query.connection
                        : member.name == "pipeline"   ? &query.pipeline
                                                      : nullptr;
    if (!number && (text == nullptr || !member.value.is_string())) return respond(bad_request("body"));
    if (text != nullptr) *text = member.value.as_string();
  }
  // Empty is the key of what has none: too many people at once.
  if (query.key.empty()) return respond(bad_request("key"));
  journal::forget(journal_, query,
                  {&runtime_.ingress(), [respond = std::move(respond), state = state_,
                                         key = query.key](Result<journal::Forgotten> done) {
                     if (done && state->options.host != nullptr) state->options.host->look_at_blockers(key);
                     respond(done ? json_answer(200, forgotten_json(*done)) : failed(done.error()));
                   }});
}

void Admin::scrub(Respond respond) {
  journal::scrub(journal_,
                 {&runtime_.ingress(), [respond = std::move(respond)](Result<journal::Scrubbed> done) {
                    respond(done ? json_answer(200, scrubbed_json(*done)) : failed(done.error()));
                  }});
}

/// `path` is `{name}/pause` or `{name}/resume`.
void Admin::control_pipeline(std::string_view path, const Request& request, Respond respond) {
  const auto slash = std::min(path.rfind('/'), path.size());
  const std::string_view verb = path.substr(slash);
  auto name = percent_decode(path.substr(0, slash));
  if ((verb != "/pause" && verb != "/resume") || !name || name->empty()) return respond(not_found());
  if (!only("POST", request, respond)) return;
  Function<void(Result<journal::PipelineState>)> done =
      [respond = std::move(respond)](Result<journal::PipelineState> now) {
        if (!now && now.error().code == "not_found") return respond(not_found());
        respond(now ? json_answer(200, pipeline_json(*now)) : failed(now.error()));
      };
  const auto mode = verb == "/pause" ? journal::PipelineMode::paused : journal::PipelineMode::running;
  if (state_->options.host != nullptr)
    return state_->options.host->set_mode(std::move(*name), mode, std::move(done));
  journal::PipelineState state;
  state.pipeline = std::move(*name);
  state.mode = mode;
  state.since_ms = runtime_.clock().wall_ms();
  journal_.set_pipeline(std::move(state), {&runtime_.ingress(), std::move(done)});
}

/// GET tells the level, POST with a level's word as the body sets it.
void Admin::log_level(const Request& request, const Respond& respond) {
  if (request.method != "GET") {
    if (!only("POST", request, respond)) return;
    log::Level level = log::Level::info;
    if (!log::parse_level(trim(request.body), level)) return respond(bad_request("level"));
    log::set_level(level);
    log::info("the log's level was changed", {{"level", level_word()}});
  }
  respond(json_answer(200, "{\"level\":\"" + std::string(level_word()) + "\"}"));
}

}  // namespace tenon::admin
