#include "app.hpp"

#include <algorithm>
#include <exception>

#include "rules.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

constexpr std::size_t kMostBody = 1 << 20;
constexpr std::size_t kMostDepth = 100;  // JSON is written out by recursion

std::optional<Api> api_of(std::string_view path) {
  // Under /v1 as well, where a base URL for records leads.
  if (path == "/oauth/authorize" || path == "/oauth/token" || path == "/v1/oauth/authorize" ||
      path == "/v1/oauth/token")
    return Api::oauth;
  if (path.starts_with("/v1/records") && (path.size() == 11 || path[11] == '/')) return Api::records;
  if (path.starts_with("/api/")) return Api::gorgias;
  if (path.starts_with("/stores/")) return Api::bigcommerce;
  return std::nullopt;
}

Plan answer(Reply reply) {
  Plan out;
  out.reply = std::move(reply);
  return out;
}

/// What no rule foresaw: it must not pass for an answer of the API.
Reply bug(const std::exception& error) {
  Reply out;
  out.status = 500;
  out.content_type = "text/plain";
  out.body = std::string("a bug of the sandbox: ") + error.what();
  return out;
}

Reply failed(const Failure& failure) {
  Reply out;
  out.status = failure.status;
  out.body = failure.body.empty() ? R"({"error":{"msg":"Injected by the sandbox."}})" : failure.body;
  if (!out.body.starts_with('{') && !out.body.starts_with('[')) out.content_type = "text/plain";
  if (failure.retry_after_s) out.header("Retry-After", std::to_string(*failure.retry_after_s));
  out.header("X-Sandbox-Injected", "true");
  return out;
}

}  // namespace

App::App(World& world) : world_(world) {
  world_.bigcommerce.changed = [this](std::string_view scope, std::int64_t customer) {
    for (const auto& [url, headers] : world_.bigcommerce.hooks().destinations(scope))
      world_.sender.notify(url, headers, scope, customer);
  };
}

Plan App::judge(Request& request) {
  const auto api = api_of(request.path);
  if (!api) return answer(aside(request));
  auto& counters = world_.counters_of(*api);
  ++counters.requests;
  ++counters.in_flight;
  Ticket ticket;
  ticket.api = *api;
  ticket.row = world_.log.add(request.method, request.target);
  Plan out;
  try {
    out = decide(*api, request, ticket.injected);
  } catch (const std::exception& error) {
    out = answer(bug(error));
  }
  out.delay_ms = world_.switches_of(*api).latency_ms();
  counters.injected += ticket.injected;
  if (out.action == Plan::Action::answer) ticket.status = out.reply.status;
  if (ticket.status / 100 == 4 && !ticket.injected) ++counters.refused;
  if (free_.empty()) {
    tickets_.emplace_back();
    free_.push_back(tickets_.size());
  }
  out.ticket = free_.back();
  free_.pop_back();
  tickets_[out.ticket - 1] = ticket;
  return out;
}

Reply App::aside(const Request& request) {
  if (request.path == "/_sandbox" || request.path.starts_with("/_sandbox/")) {
    try {
      return control(world_, request);
    } catch (const std::exception& error) {
      return bug(error);
    }
  }
  Reply out;
  out.status = 404;
  out.body = R"({"error":"no such path; GET /_sandbox/help tells what there is"})";
  return out;
}

Plan App::decide(Api api, Request& request, bool& injected) {
  auto& switches = world_.switches_of(api);
  Plan out;
  if (switches.hang(false, request.method)) {
    out.action = Plan::Action::hang;
    return out;
  }
  if (switches.reset(false, request.method)) {
    out.action = Plan::Action::reset;
    injected = true;
    return out;
  }
  if (const auto* failure = switches.fail(false, request.method)) {
    injected = true;
    return answer(failed(*failure));
  }
  const auto now = steady_ms();
  if (!world_.bucket_of(api).take(now)) {
    ++world_.counters_of(api).throttled;
    return answer(over_budget(api, now));
  }
  const auto before = world_.effects.size();
  out.reply = handle(api, request);
  if (out.reply.status != 401) add_rate_headers(api, out.reply, now);
  if (world_.effects.size() == before) return out;
  // Only what had an effect can fail after it.
  if (switches.hang(true, request.method)) {
    out.action = Plan::Action::hang;
    injected = true;
  } else if (switches.reset(true, request.method)) {
    out.action = Plan::Action::reset;
    injected = true;
  } else if (const auto* failure = switches.fail(true, request.method)) {
    out.reply = failed(*failure);
    injected = true;
  }
  return out;
}

Reply App::handle(Api api, const Request& request) {
  if (api == Api::oauth) return world_.oauth.handle(request);
  if (request.body.size() > kMostBody) return refuse(Rule::g_too_large);
  if (nested_deeper(request.body, kMostDepth))
    return api == Api::bigcommerce ? refuse(Rule::bc_bad_json)
           : api == Api::gorgias   ? refuse(Rule::g_bad_json, {"Failed to read the body"})
                                   : refuse(Rule::r_bad_json);
  if (api == Api::records) return world_.records.handle(request);
  if (api == Api::gorgias) return world_.gorgias.handle(request);
  return world_.bigcommerce.handle(request);
}

void App::add_rate_headers(Api api, Reply& reply, double now) {
  const auto& bucket = world_.bucket_of(api);
  const auto limit = bucket.unlimited() ? kNoLimit : bucket.size().limit;
  if (api != Api::bigcommerce) {
    reply.header("X-Gorgias-Account-Api-Call-Limit",
                 std::to_string(bucket.used()) + "/" + std::to_string(limit));
    return;
  }
  reply.header("X-Rate-Limit-Time-Window-Ms",
               std::to_string(static_cast<std::int64_t>(bucket.size().window_s * 1000)));
  reply.header("X-Rate-Limit-Time-Reset-Ms", std::to_string(bucket.wait_ms(now)));
  reply.header("X-Rate-Limit-Requests-Quota", std::to_string(limit));
  reply.header("X-Rate-Limit-Requests-Left", std::to_string(limit - bucket.used()));
}

Reply App::over_budget(Api api, double now) {
  const auto seconds =
      std::to_string(std::max<std::int64_t>(1, (world_.bucket_of(api).wait_ms(now) + 999) / 1000));
  auto out = refuse(api == Api::bigcommerce ? Rule::bc_rate_limit
                    : api == Api::gorgias   ? Rule::g_rate_limit
                                            : Rule::r_rate_limit);
  out.header(api == Api::bigcommerce ? "X-Retry-After" : "Retry-after", seconds);
  add_rate_headers(api, out, now);
  return out;
}

void App::answered(std::uint64_t number, bool reached) {
  const auto& ticket = tickets_[number - 1];
  auto& counters = world_.counters_of(ticket.api);
  --counters.in_flight;
  // A reset is meant not to reach anybody.
  if (!reached && !ticket.injected) ++counters.unreached;
  world_.log.ended(ticket.row, ticket.status, reached && ticket.status != 0, ticket.injected);
  free_.push_back(number);
}

}  // namespace sandbox
