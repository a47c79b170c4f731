#include "admin/admin.hpp"

#include <algorithm>

#include "admin/json.hpp"
#include "admin/request.hpp"
#include "base/text.hpp"

namespace tenon::admin {
namespace {

using ingress::Answer;
using ingress::json_answer;
using ingress::Request;
using ingress::Respond;

ingress::ServerLimits control_limits() {
  ingress::ServerLimits limits;
  limits.body = 64 * 1024;
  limits.connections = 64;
  limits.idle = std::chrono::seconds(60);
  return limits;
}

ingress::ServerLimits health_limits() {
  ingress::ServerLimits limits;
  limits.body = 1024;
  limits.connections = 64;
  limits.answer_time = std::chrono::seconds(5);  ///< a stuck journal is not ready
  return limits;
}

}  // namespace

Admin::Admin(runtime::Runtime& runtime, journal::Journal& journal, AdminOptions options)
    : runtime_(runtime), journal_(journal), state_(std::make_shared<State>()) {
  state_->options = std::move(options);
  state_->started_ms = runtime.clock().wall_ms();
}

Admin::~Admin() = default;

Status Admin::listen_control(const std::string& path) {
  control_ = std::make_unique<ingress::HttpServer>(
      runtime_.ingress(), runtime_.clock(), control_limits(),
      [this](Request request, Respond respond) { control(std::move(request), std::move(respond)); });
  TENON_TRY(const std::string bound, control_->listen("unix:" + path));
  return {};
}

ingress::HttpServer& Admin::make_health() {
  health_ = std::make_unique<ingress::HttpServer>(
      runtime_.ingress(), runtime_.clock(), health_limits(),
      [this](const Request& request, Respond respond) { health(request, std::move(respond)); });
  return *health_;
}

Result<std::string> Admin::listen_health(const std::string& address) { return make_health().listen(address); }

Result<std::string> Admin::adopt_health(int descriptor) { return make_health().adopt(descriptor); }

void Admin::stop(runtime::Duration limit, Function<void()> done) {
  Function<void()> then = [this, limit, done = std::move(done)]() mutable {
    if (health_) return health_->stop(limit, std::move(done));
    runtime_.ingress().post(std::move(done));
  };
  if (control_) return control_->stop(limit, std::move(then));
  runtime_.ingress().post(std::move(then));
}

void Admin::health(const Request& request, Respond respond) {
  const std::string_view path = std::string_view(request.target).substr(0, request.target.find('?'));
  if (path != "/healthz" && path != "/readyz") return respond(not_found());
  if (!only_get(request, respond)) return;
  if (path == "/healthz") return respond(json_answer(200, R"({"status":"alive"})"));
  ready(std::move(respond));
}

void Admin::ready(Respond respond) {
  const auto not_ready = [](std::string_view reason) {
    return json_answer(503, "{\"status\":\"not_ready\",\"reason\":\"" + std::string(reason) + "\"}");
  };
  const Phase phase = state_->phase;
  if (phase != Phase::taking) return respond(not_ready(phase == Phase::starting ? "starting" : "draining"));
  // Asked of the journal itself: one that is stuck does not answer, and the listener then says 503.
  journal_.counts(
      {&runtime_.ingress(), [respond = std::move(respond), not_ready](Result<journal::Counts> counts) {
         if (!counts) return respond(not_ready(counts.error().code));
         respond(counts->has_space ? json_answer(200, R"({"status":"ready"})") : not_ready("store_full"));
       }});
}

void Admin::control(Request request, Respond respond) {
  const std::string_view target = request.target;
  const auto mark = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, mark);
  const std::string_view query = target.substr(std::min(mark + 1, target.size()));
  if (path.starts_with("/v1/pipelines/"))
    return control_pipeline(path.substr(14), request, std::move(respond));
  if (path == "/v1/dead/retry" || path == "/v1/dead/skip") {
    if (!only("POST", request, respond)) return;
    return path == "/v1/dead/skip" ? skip(request.body, std::move(respond))
                                   : retry(request.body, std::move(respond));
  }
  if (path == "/v1/replay") {
    if (request.method == "GET") return range(query, std::move(respond));
    if (only("POST", request, respond)) replay(request.body, std::move(respond));
    return;
  }
  if (path == "/v1/replay/dry-run") {
    if (only("POST", request, respond)) dry_run(request.body, std::move(respond));
    return;
  }
  if (path == "/v1/forget" || path == "/v1/scrub") {
    if (!only("POST", request, respond)) return;
    return path == "/v1/scrub" ? scrub(std::move(respond)) : forget(request.body, std::move(respond));
  }
  if (path == "/v1/dead/groups") {
    if (only_get(request, respond)) groups(query, std::move(respond));
    return;
  }
  for (const bool dead : {false, true}) {
    const std::string_view base = dead ? "/v1/dead" : "/v1/events";
    if (path == base) {
      if (only_get(request, respond)) list(query, dead, std::move(respond));
      return;
    }
    if (path.starts_with(base) && path[base.size()] == '/') {
      if (only_get(request, respond)) show(path.substr(base.size() + 1), dead, std::move(respond));
      return;
    }
  }
  if (path == "/v1/log-level") return log_level(request, respond);
  if (path == "/v1/apply" && state_->options.apply) {
    if (only("POST", request, respond)) state_->options.apply(std::move(request), std::move(respond));
    return;
  }
  if (path != "/v1/status") return respond(not_found());
  if (only_get(request, respond)) status(std::move(respond));
}

void Admin::list(std::string_view text, bool dead, Respond respond) {
  std::string wrong;
  auto query = read_query(text, wrong);
  if (!query) return respond(bad_request(wrong));
  query->dead_only = dead;
  const bool oldest_first = query->oldest_first;
  journal_.list(
      std::move(*query),
      {&runtime_.ingress(), [respond = std::move(respond), oldest_first](Result<journal::Listed> listed) {
         respond(listed ? json_answer(200, events_json(*listed, oldest_first)) : failed(listed.error()));
       }});
}

void Admin::show(std::string_view id, bool dead, Respond respond) {
  auto decoded = percent_decode(id);
  if (!decoded || decoded->empty()) return respond(not_found());
  journal_.show(std::move(*decoded),
                {&runtime_.ingress(),
                 [respond = std::move(respond), dead](Result<std::optional<journal::EventDetail>> found) {
                   if (!found) return respond(failed(found.error()));
                   const auto& detail = *found;
                   const auto is_dead_letter = [&detail] {
                     const auto end = end_of(detail->row.state);
                     return end && is_dead(*end);
                   };
                   if (!detail || (dead && !is_dead_letter())) return respond(not_found());
                   respond(json_answer(200, event_json(*detail)));
                 }});
}

void Admin::groups(std::string_view text, Respond respond) {
  constexpr std::string_view kBy = "by=";
  constexpr std::pair<std::string_view, journal::GroupBy> kNames[] = {
      {"reason", journal::GroupBy::reason},
      {"pipeline", journal::GroupBy::pipeline},
      {"connection", journal::GroupBy::connection},
      {"status", journal::GroupBy::status}};
  const std::string_view first = text.substr(0, text.find('&'));
  const auto* by = std::find_if(std::begin(kNames), std::end(kNames), [&](const auto& each) {
    return first.starts_with(kBy) && first.substr(kBy.size()) == each.first;
  });
  if (by == std::end(kNames)) return respond(bad_request("by"));
  std::string wrong;
  auto query = read_query(text.substr(first.size()), wrong);
  if (!query) return respond(bad_request(wrong));
  journal_.dead_groups(
      by->second, std::move(*query),
      {&runtime_.ingress(), [respond = std::move(respond)](Result<std::vector<journal::DeadGroup>> groups) {
         respond(groups ? json_answer(200, groups_json(*groups)) : failed(groups.error()));
       }});
}

void Admin::status(Respond respond) {
  journal_.counts({&runtime_.ingress(), [this, respond = std::move(respond),
                                         state = state_](Result<journal::Counts> counts) mutable {
                     if (!counts) return respond(failed(counts.error()));
                     StatusView view;
                     view.version = state->options.version;
                     view.ready = state->phase == Phase::taking && counts->has_space;
                     view.counts = *counts;
                     if (state->options.port) view.port = state->options.port();
                     if (state->options.open_calls) view.open_calls = state->options.open_calls();
                     overview(std::move(view), std::move(respond));
                   }});
}

void Admin::overview(StatusView view, Respond respond) {
  journal_.overview(
      {&runtime_.ingress(),
       [this, view = std::move(view), respond = std::move(respond)](Result<journal::Overview> got) mutable {
         if (!got) return respond(failed(got.error()));
         view.overview = std::move(*got);
         pipeline::Host* host = state_->options.host;
         if (host == nullptr) return respond(json_answer(200, status_json(view)));
         view.uptime_ms = runtime_.clock().wall_ms() - state_->started_ms;
         host->view([view = std::move(view), respond = std::move(respond)](pipeline::Host::View now) mutable {
           view.host = std::move(now);
           respond(json_answer(200, status_json(view)));
         });
       }});
}

}  // namespace tenon::admin
