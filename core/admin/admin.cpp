#include "admin/admin.hpp"

#include <algorithm>
#include <charconv>

#include "admin/json.hpp"
#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "observe/log.hpp"

namespace tenon::admin {
namespace {

using ingress::Answer;
using ingress::json_answer;
using ingress::Request;
using ingress::Respond;

constexpr std::uint32_t kMostRows = 1000;
constexpr std::uint32_t kUsualRows = 100;
constexpr std::uint64_t kMostLook = 200'000;
constexpr std::string_view kStates[] = {"waiting",    "retrying",  "delivered", "skipped",
                                        "superseded", "duplicate", "rejected",  "exhausted"};

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

Answer not_found() { return json_answer(404, R"({"error":"not_found"})"); }

Answer bad_request(std::string_view name) {
  return json_answer(400, "{\"error\":\"bad_parameter\",\"parameter\":\"" + std::string(name) + "\"}");
}

Answer failed(const Error& error) { return json_answer(503, "{\"error\":\"" + error.code + "\"}"); }

/// nullopt for a percent sign without two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto byte = from_hex(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1) return std::nullopt;
    out += *byte;
    i += 2;
  }
  return out;
}

template <class T>
bool read_number(const std::string& text, T least, T most, T& into) {
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, into);
  return error == std::errc{} && parsed == end && into >= least && into <= most;
}

/// One `name=value` into the query; false if it is none that we know.
bool read_parameter(std::string_view name, const std::string& value, journal::Query& query) {
  if (name == "pipeline") {
    query.pipeline = value;
  } else if (name == "key") {
    query.key = value;
  } else if (name == "state") {
    query.state = value;
    return std::find(std::begin(kStates), std::end(kStates), value) != std::end(kStates);
  } else if (name == "connection") {
    query.connection = value;
  } else if (name == "reason") {
    query.reason = value;
  } else if (name == "since" || name == "until") {
    return read_number<std::int64_t>(value, 0, INT64_MAX,
                                     (name == "since" ? query.since_ms : query.until_ms).emplace());
  } else if (name == "order") {
    query.oldest_first = value == "oldest";
    return query.oldest_first || value == "newest";
  } else if (name == "data") {
    query.with_data = value == "1";
    return query.with_data || value == "0";
  } else if (name == "after") {
    return read_number<journal::Seq>(value, 0, UINT64_MAX, query.after);
  } else if (name == "before") {
    return read_number<journal::Seq>(value, 1, UINT64_MAX, query.before);
  } else if (name == "look") {
    return read_number<std::uint64_t>(value, 1, kMostLook, query.look);
  } else if (name == "limit") {
    return read_number<std::uint32_t>(value, 1, kMostRows, query.limit);
  } else {
    return false;
  }
  return true;
}

/// The first parameter that is wrong goes to `wrong`.
std::optional<journal::Query> read_query(std::string_view text, std::string& wrong) {
  journal::Query query;
  query.limit = kUsualRows;
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    const std::string_view name = pair.substr(0, equals);
    const auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())));
    if (!value || !read_parameter(name, *value, query)) {
      // Only what cannot break the answer's JSON is repeated.
      const bool plain =
          std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
      wrong = plain ? std::string(name.substr(0, 32)) : "unknown";
      return std::nullopt;
    }
  }
  return query;
}

bool only(std::string_view method, const Request& request, const Respond& respond) {
  if (request.method == method) return true;
  Answer answer = json_answer(405, R"({"error":"method_not_allowed"})");
  answer.headers.emplace_back("Allow", std::string(method));
  respond(std::move(answer));
  return false;
}

bool only_get(const Request& request, const Respond& respond) { return only("GET", request, respond); }

/// {"seqs": [1, 2, ...]}, at most kMostRows; nullopt for anything else.
std::optional<std::vector<journal::Seq>> read_seqs(const std::string& body) {
  const auto parsed = parse_json(body);
  if (!parsed || !parsed->root.get("seqs").is_array()) return std::nullopt;
  std::vector<journal::Seq> seqs;
  for (const Value each : parsed->root.get("seqs").items()) {
    journal::Seq seq = 0;
    if (!each.is_number() || !read_number<journal::Seq>(to_json(each), 1, INT64_MAX, seq))
      return std::nullopt;
    seqs.push_back(seq);
  }
  if (seqs.empty() || seqs.size() > kMostRows) return std::nullopt;
  return seqs;
}

std::string_view level_word() {
  for (const std::string_view word : {"debug", "info", "warn", "error"}) {
    log::Level level = log::Level::off;
    if (log::parse_level(word, level) && log::enabled(level)) return word;
  }
  return "off";
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
      [this](Request request, Respond respond) { health(std::move(request), std::move(respond)); });
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

void Admin::health(Request request, Respond respond) {
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

void Admin::retry(const std::string& body, Respond respond) {
  auto seqs = read_seqs(body);
  if (!seqs) return respond(bad_request("seqs"));
  journal_.requeue(
      std::move(*seqs),
      {&runtime_.ingress(), [respond = std::move(respond)](Result<journal::Requeued> done) {
         respond(done ? json_answer(200, requeued_json("retried", *done)) : failed(done.error()));
       }});
}

void Admin::skip(const std::string& body, Respond respond) {
  auto seqs = read_seqs(body);
  if (!seqs) return respond(bad_request("seqs"));
  journal_.skip(
      std::move(*seqs),
      {&runtime_.ingress(), [respond = std::move(respond), state = state_](Result<journal::Skipped> done) {
         if (done && state->options.host != nullptr) state->options.host->look_at_blockers(done->seqs);
         respond(done ? json_answer(200, requeued_json("skipped", *done)) : failed(done.error()));
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
