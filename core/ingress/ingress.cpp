#include "ingress/ingress.hpp"

#include <algorithm>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "runtime/crash_point.hpp"

namespace tenon::ingress {
namespace {

constexpr std::string_view kPrefix = "/in/";
constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kLoggedId = 64;
constexpr runtime::Duration kRemembered = std::chrono::hours(24);

/// The name in `/in/<name>`; empty if the path is another. A query is not looked at.
std::string_view connection_of(std::string_view target) {
  target = target.substr(0, target.find('?'));
  return target.starts_with(kPrefix) ? target.substr(kPrefix.size()) : std::string_view();
}

Answer unavailable(int retry_after_s, std::string_view why) {
  Answer answer = json_answer(503, "{\"error\":\"" + std::string(why) + "\"}");
  answer.headers.emplace_back("Retry-After", std::to_string(retry_after_s));
  return answer;
}

/// True if the body is JSON in UTF-8 and not compressed. Two headers of a name could be read two ways.
bool is_plain_json(const runtime::Headers& headers) {
  int types = 0;
  for (const auto& [name, value] : headers) {
    if (equals_ignoring_case(name, "content-encoding")) {
      if (!equals_ignoring_case(trim(value), "identity")) return false;
    } else if (equals_ignoring_case(name, "content-type")) {
      if (++types > 1) return false;
      const auto semicolon = value.find(';');
      if (!equals_ignoring_case(trim(std::string_view(value).substr(0, semicolon)), "application/json"))
        return false;
      if (semicolon == std::string::npos) continue;
      const std::string_view parameter = trim(std::string_view(value).substr(semicolon + 1));
      if (!equals_ignoring_case(parameter, "charset=utf-8") &&
          !equals_ignoring_case(parameter, "charset=\"utf-8\"")) {
        return false;
      }
    }
  }
  return types == 1;
}

/// What the delivery is called: by its sender if that is signed, else by its bytes.
std::string id_of(const Verified& verified, const Sha256& body) {
  return verified.delivery_id.empty() ? to_hex(bytes_of(body).substr(0, kIdBytes)) : verified.delivery_id;
}

journal::DedupeKey dedupe_key(const std::string& connection, const Verified& verified, const Sha256& body) {
  journal::DedupeKey key;
  key.connection = connection;
  key.delivery_id = verified.delivery_id;
  key.body = body;
  return key;
}

void name_events(std::vector<Event>& events, const std::string& id, bool signed_id) {
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (!signed_id && !events[i].id.empty()) continue;  // the payload's own name for it
    events[i].id = events.size() == 1 ? id : id + "#" + std::to_string(i + 1);
  }
}

}  // namespace

Ingress::Ingress(runtime::Runtime& runtime, journal::Journal& journal, IngressOptions options)
    : runtime_(runtime), journal_(journal), options_(options) {}

Ingress::~Ingress() = default;

Status Ingress::set_routes(std::vector<Route> routes) {
  std::map<std::string, Entry, std::less<>> entries;
  for (Route& route : routes) {
    TENON_TRY(Verifier verifier, Verifier::make(route.connection, route.manifest->verify));
    std::string name = route.connection.name;
    metrics::Counter* const counted = &metrics::counter("ingress_accepted", name);
    entries.insert_or_assign(std::move(name), Entry{std::move(route), std::move(verifier), counted});
  }
  const runtime::Duration now = runtime_.clock().steady();
  std::erase_if(removed_,
                [&](const auto& path) { return path.second <= now || entries.contains(path.first); });
  for (const auto& [name, entry] : routes_) {
    if (!entries.contains(name)) removed_.insert_or_assign(name, now + kRemembered);
  }
  routes_ = std::move(entries);
  return {};
}

Ingress::Entry* Ingress::find(std::string_view name) {
  const auto found = routes_.find(name);
  return found == routes_.end() ? nullptr : &found->second;
}

bool Ingress::was_removed(std::string_view name) {
  const auto found = removed_.find(name);
  return found != removed_.end() && runtime_.clock().steady() < found->second;
}

void Ingress::handle(Request request, Respond done) {
  if (draining_) {
    Answer answer = unavailable(options_.retry_after_s, "shutting_down");
    answer.close = true;
    return done(std::move(answer));
  }
  const std::string_view name = connection_of(request.target);
  Entry* const entry = find(name);
  if (entry == nullptr && was_removed(name)) {
    metrics::counter("ingress_removed", name).add();
    return done(unavailable(options_.retry_after_removed_s, "connection_removed"));
  }
  if (entry == nullptr) return done(json_answer(404, R"({"error":"not_found"})"));
  if (request.method != "POST") {
    Answer answer = json_answer(405, R"({"error":"method_not_allowed"})");
    answer.headers.emplace_back("Allow", "POST");
    return done(std::move(answer));
  }
  if (!is_plain_json(request.headers)) return done(json_answer(415, R"({"error":"unsupported_media_type"})"));

  Verified verified = entry->verifier.check(request.headers, request.body, runtime_.clock().wall_ms());
  if (!verified.authenticated) {
    const std::string& connection = entry->route.connection.name;
    const std::string* const id = runtime::find_header(request.headers, "webhook-id");
    metrics::counter("ingress_refused", verified.reason).add();
    log::warn(codes::kWebhookRefused, "a webhook is not authentic",
              {{"connection", connection},
               {"reason", verified.reason},
               {"remote", request.remote},
               {"id", id == nullptr ? std::string_view() : std::string_view(*id).substr(0, kLoggedId)}});
    return done(json_answer(401, R"({"error":"unauthorized"})"));
  }
  take(*entry, std::move(request), std::move(verified), std::move(done));
}

Result<Value> Ingress::read_json(std::string_view body) {
  // Fresh pages for each large body would cost more than reading it.
  constexpr std::size_t kKept = std::size_t{2} << 20;
  arena_.reset(kKept);
  TENON_TRY(const Value root, parse_json(body, arena_));
  if (!root.is_object() && !root.is_array()) return Error("invalid_json", "expected an object or an array");
  return root;
}

void Ingress::take(Entry& entry, Request request, Verified verified, Respond done) {
  const std::string& connection = entry.route.connection.name;
  const Result<Value> json = read_json(request.body);
  if (!json) return bury(entry, std::move(request), verified, json.error(), std::move(done));
  const auto& hidden = entry.verifier.header_names();
  std::erase_if(request.headers, [&hidden](const auto& header) {
    return std::find(hidden.begin(), hidden.end(), to_lower(header.first)) != hidden.end();
  });
  const std::int64_t now = runtime_.clock().wall_ms();
  Result<std::vector<Event>> events = entry.route.instance->accept(request.body, request.headers, now, *json);
  if (!events) return bury(entry, std::move(request), verified, events.error(), std::move(done));

  const Sha256 body = sha256(request.body);
  name_events(*events, id_of(verified, body), !verified.delivery_id.empty());
  journal::Append wanted;
  std::size_t accepted = 0;
  bool full = false;
  for (Event& event : *events) {
    const auto pipelines = entry.route.wanted.find(event.type);
    if (pipelines == entry.route.wanted.end() || pipelines->second.empty()) {
      metrics::counter("ingress_unwanted", connection).add();
      continue;
    }
    ++accepted;
    full = full || !event.thin;
    event.connection = connection;
    event.received_ms = now;
    event.event_class = EventClass::live;
    const auto& names = pipelines->second;
    for (std::size_t i = 0; i + 1 < names.size(); ++i) wanted.events.push_back({event, names[i]});
    wanted.events.push_back({std::move(event), names.back()});
  }
  if (accepted == 0) return done(json_answer(200, R"({"accepted":0})"));
  // A thin event whose id nobody vouches for may come again: it is read anew, and no harm is done.
  if (full || !verified.delivery_id.empty()) wanted.dedupe = dedupe_key(connection, verified, body);
  append(std::move(wanted), accepted, "{\"accepted\":" + std::to_string(accepted) + "}", entry,
         std::move(done));
}

/// Authenticated, but not an event: the sender could not mend it by sending it again, so it is kept for
/// people.
void Ingress::bury(const Entry& entry, Request request, const Verified& verified, const Error& why,
                   Respond done) {
  const plugin::ConnectionSpec& connection = entry.route.connection;
  metrics::counter("ingress_malformed", connection.name).add();
  log::warn(codes::kMalformedEvent, "an authentic webhook holds no event",
            {{"connection", connection.name}, {"why", why.message}, {"remote", request.remote}});
  if (connection.unauthenticated) return done(json_answer(400, R"({"error":"malformed_event"})"));
  const Sha256 body = sha256(request.body);
  journal::Append wanted;
  wanted.dedupe = dedupe_key(connection.name, verified, body);
  Event& event = wanted.malformed.emplace();
  event.id = id_of(verified, body);
  event.connection = connection.name;
  event.data = std::move(request.body);
  event.received_ms = runtime_.clock().wall_ms();
  append(std::move(wanted), 1, R"({"accepted":0,"dead_letter":"malformed_event"})", entry, std::move(done));
}

void Ingress::append(journal::Append wanted, std::size_t accepted, std::string_view success,
                     const Entry& entry, Respond done) {
  if (options_.acknowledge_before_commit) {
    done(json_answer(200, success));
    return journal_.append(std::move(wanted), {&runtime_.ingress(), [](Result<journal::Appended>) {}});
  }
  TENON_CRASH_POINT("ingress.before_append");
  // Nothing of this object: the answer may come when it is gone.
  journal_.append(
      std::move(wanted),
      {&runtime_.ingress(), [done = std::move(done), options = options_, success = std::string(success),
                             accepted, connection = entry.route.connection.name,
                             counted = entry.accepted](Result<journal::Appended> appended) {
         if (!appended) {
           metrics::counter("ingress_unstored", appended.error().code).add();
           Answer answer = unavailable(options.retry_after_s, appended.error().code);
           answer.close = appended.error().code == "store_failed";
           return done(std::move(answer));
         }
         if (appended->duplicate) {
           metrics::counter("ingress_duplicate", connection).add();
           return done(json_answer(200, R"({"duplicate":true})"));
         }
         if (appended->id_reused) metrics::counter("ingress_id_reused", connection).add();
         counted->add(accepted);
         TENON_CRASH_POINT("ingress.before_200");
         done(json_answer(200, success));
         TENON_CRASH_POINT("ingress.after_200");
       }});
}

}  // namespace tenon::ingress
