// /_sandbox: what happened, what goes wrong, and the shop's own deeds.
#include <nlohmann/json.hpp>

#include "app.hpp"
#include "rules.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

using nlohmann::json;

constexpr std::size_t kPage = 10'000;

Reply answer(std::string body, int status = 200) {
  Reply out;
  out.status = status;
  out.body = std::move(body);
  return out;
}

Reply answer(const json& body, int status = 200) {
  return answer(body.dump(-1, ' ', false, json::error_handler_t::replace), status);
}

Reply wrong(std::string_view what, int status = 400) { return answer(json({{"error", what}}), status); }

std::int64_t number_of(const Request& request, std::string_view name) {
  const auto text = request.parameter(name);
  return text ? whole_number(*text).value_or(0) : 0;
}

json shown(const Counters& c) {
  return {{"requests", c.requests},   {"injected", c.injected},   {"refused", c.refused},
          {"throttled", c.throttled}, {"unreached", c.unreached}, {"in_flight", c.in_flight}};
}

json stats(const World& world) {
  Counters all;
  json apis;
  for (std::size_t i = 0; i < kApis; ++i) {
    const auto& c = world.counters[i];
    apis[std::string(name_of(static_cast<Api>(i)))] = shown(c);
    all.requests += c.requests;
    all.injected += c.injected;
    all.refused += c.refused;
    all.throttled += c.throttled;
    all.unreached += c.unreached;
    all.in_flight += c.in_flight;
  }
  auto out = shown(all);
  out["apis"] = std::move(apis);
  out["effects"] = world.effects.size();
  out["shop_customers"] = world.bigcommerce.size();
  out["desk_customers"] = world.gorgias.size();
  out["records"] = world.records.size();
  return out;
}

json switches(const World& world) {
  json out;
  for (std::size_t i = 0; i < kApis; ++i) {
    auto one = world.switches[i].shown();
    const auto size = world.buckets[i].size();
    one["budget"] = {{"limit", size.limit}, {"window_s", size.window_s}};
    out[std::string(name_of(static_cast<Api>(i)))] = std::move(one);
  }
  return out;
}

Reply set_switches(World& world, const json& wanted) {
  const auto name = wanted.value("api", json());
  std::size_t at = 0;
  while (at < kApis && name != name_of(static_cast<Api>(at))) ++at;
  if (at == kApis) return wrong("api is bigcommerce, gorgias, records or oauth");
  const auto api = static_cast<Api>(at);
  std::optional<BudgetSize> budget;
  if (const auto given = wanted.find("budget"); given != wanted.end()) {
    const auto limit = given->is_object() ? given->value("limit", json()) : json();
    const auto window =
        given->is_object() ? given->value("window_s", json(world.bucket_of(api).size().window_s)) : json();
    if (!limit.is_number_integer() || limit < 0 || !window.is_number() || window <= 0)
      return wrong("budget is {\"limit\":40,\"window_s\":20}; limit 0 lifts it");
    budget = BudgetSize{limit.get<std::int64_t>(), window.get<double>()};
  }
  if (api != Api::gorgias && (wanted.contains("search_lag_ms") || wanted.contains("unique")))
    return wrong("search_lag_ms and unique are of gorgias alone");
  const bool hung = world.switches_of(api).hangs();
  if (const auto text = world.switches_of(api).set(wanted); !text.empty()) return wrong(text);
  if (budget) world.bucket_of(api).resize(*budget);
  if (hung && !world.switches_of(api).hangs() && world.release_hung) world.release_hung();
  return answer(switches(world));
}

Reply add_customers(World& world, const json& wanted) {
  const bool tell = wanted.value("notify", json()) == true;
  std::vector<std::int64_t> ids;
  if (const auto rows = wanted.find("customers"); rows != wanted.end()) {
    if (!rows->is_array()) return wrong("customers is a list");
    for (const auto& row : *rows) {
      const auto id = world.bigcommerce.seed_customer(row);
      if (!id) return wrong("a customer is an object; its id is an integer and its texts are strings");
      ids.push_back(*id);
    }
  } else {
    const auto count = wanted.value("count", json()), first = wanted.value("first_id", json(1000));
    if (!count.is_number_integer() || count < 0 || count > 200'000 || !first.is_number_integer() || first < 0)
      return wrong("say {\"count\":10,\"first_id\":1000} or {\"customers\":[…]}");
    world.bigcommerce.seed_customers(count, first);
    for (std::int64_t i = 0; tell && i < count; ++i) ids.push_back(first.get<std::int64_t>() + i);
  }
  if (tell)
    for (const auto id : ids) world.bigcommerce.changed("store/customer/created", id);
  return answer(json({{"shop_customers", world.bigcommerce.size()}}), 201);
}

Reply add_orders(World& world, const json& wanted) {
  const auto count = wanted.value("count", json()), first = wanted.value("first_id", json(100));
  if (!count.is_number_integer() || count < 0 || count > 100'000 || !first.is_number_integer() || first < 0)
    return wrong("say {\"count\":10,\"first_id\":100}");
  world.bigcommerce.seed_orders(count, first);
  return answer(json({{"added", count}}), 201);
}

Reply reset(World& world) {
  world.effects.clear();
  world.log.clear();
  world.sender.clear();
  world.bigcommerce.clear();
  world.gorgias.clear();
  world.records.clear();
  world.oauth.clear();
  const json calm = {{"latency_ms", 0},  {"hang", false},      {"fail", nullptr},
                     {"reset", nullptr}, {"search_lag_ms", 0}, {"unique", true}};
  for (std::size_t i = 0; i < kApis; ++i) {
    world.switches[i].set(calm);
    world.counters[i] = Counters{.in_flight = world.counters[i].in_flight};
  }
  world.buckets[0].resize(world.settings.bigcommerce_budget);
  world.buckets[1].resize(world.settings.gorgias_budget);
  world.buckets[2].resize(BudgetSize{0, 20});
  world.buckets[3].resize(BudgetSize{0, 20});
  if (world.release_hung) world.release_hung();
  return answer(json({{"reset", true}}));
}

Reply pause(World& world, const json& wanted, bool on) {
  const auto batch = wanted.value("batch", json());
  if (!batch.is_number_integer() || !world.sender.known(batch)) return wrong("no such batch", 404);
  world.sender.pause(batch, on);
  return answer(json({{"batch", batch}, {"paused", on}}));
}

Reply deliveries(World& world, const Request& request) {
  const auto batch = number_of(request, "batch");
  if (!world.sender.known(batch)) return wrong("no such batch", 404);
  return answer(world.sender.report(batch, number_of(request, "since"), !request.parameter("summary")));
}

Reply help() {
  auto out = answer(std::string(control_help()));
  out.content_type = "text/plain; charset=utf-8";
  return out;
}

Reply get(World& world, const Request& request, std::string_view what) {
  if (what == "effects") return answer(world.effects.page(number_of(request, "since"), kPage));
  if (what == "requests") return answer(world.log.page(number_of(request, "since"), kPage));
  if (what == "stats") return answer(stats(world));
  if (what == "switches") return answer(switches(world));
  if (what == "oauth") return answer(world.oauth.shown());
  if (what == "deliveries") return deliveries(world, request);
  if (what == "rules") return answer(rules_json());
  if (what.empty() || what == "help") return help();
  return wrong("no such path; GET /_sandbox/help tells what there is", 404);
}

}  // namespace

Reply control(World& world, const Request& request) {
  if (!request.loopback) return wrong("the control answers this machine only", 403);
  auto what = request.path.substr(std::string_view("/_sandbox").size());
  if (what.starts_with('/')) what.remove_prefix(1);
  if (request.method == "GET") return get(world, request, what);
  if (request.method == "DELETE" && what.starts_with("customers/")) {
    const auto id = whole_number(what.substr(10));
    if (!id || !world.bigcommerce.remove_customer(*id)) return wrong("no such customer", 404);
    return answer(json({{"removed", *id}}));
  }
  if (request.method == "POST" && what == "reset") return reset(world);
  const auto body = nested_deeper(request.body, 100) ? json() : json::parse(request.body, nullptr, false);
  if (!body.is_object()) return wrong("the body is no JSON object");
  if (request.method == "PUT" && what == "switches") return set_switches(world, body);
  if (request.method == "PUT" && what == "oauth") {
    const auto text = world.oauth.set(body);
    return text.empty() ? answer(world.oauth.shown()) : wrong(text);
  }
  if (request.method == "POST") {
    if (what == "customers") return add_customers(world, body);
    if (what == "orders") return add_orders(world, body);
    if (what == "pause" || what == "resume") return pause(world, body, what == "pause");
    if (what == "send") {
      std::string why;
      const auto batch = world.sender.start(body, why);
      return batch ? answer(json({{"batch", batch}}), 202) : wrong(why);
    }
  }
  return wrong("no such path; GET /_sandbox/help tells what there is", 404);
}

std::string_view control_help() {
  return R"(tenon-sandbox plays BigCommerce (/stores/{hash}/v3, /v2), Gorgias (/api), plain records (/v1/records), OAuth 2.0 (/oauth) and the shop's webhooks.

GET    /_sandbox/effects?since=N      every change of a sink's state, oldest first; go on with "next"
GET    /_sandbox/requests?since=N     the newest 100,000 requests (not with --no-request-log)
GET    /_sandbox/stats                counters, by API and in all
GET    /_sandbox/rules                what is refused, and where that is written
GET    /_sandbox/switches             what misbehaves
PUT    /_sandbox/switches             {"api":"gorgias", and any of
         "latency_ms":50, "hang":true, "search_lag_ms":0, "unique":true, "budget":{"limit":40,"window_s":20},
         "fail":{"status":503,"rate":0.01 | "count":3,"retry_after":7,"body":"…","method":"POST","after_effect":true},
         "reset":{"rate":0.01 | "count":3,"method":"POST","after_effect":true}}
         null takes fail and reset back; after_effect does the write, then loses the answer
GET    /_sandbox/oauth                how tokens are issued, and counts of refreshes, reuses and families killed
PUT    /_sandbox/oauth                {"expires_in":3600 | null | "soon" | -5, "lives_s":3600, "rotate":true, "grace":0,
         "kill_on_reuse":true, "refuse":"invalid_grant", "huge":true, "expire":true, "revoke":true}
POST   /_sandbox/customers            {"count":10,"first_id":1000} or {"customers":[{"id":32,"email":"ann@example.com"}]}
         "notify":true calls the active hooks, as changes by the API do
DELETE /_sandbox/customers/{id}       the customer is gone from the shop
POST   /_sandbox/orders               {"count":10,"first_id":100}
POST   /_sandbox/send                 {"url":"http://127.0.0.1:8080/in/store","deliveries":[
         {"id":"msg_1","scope":"store/customer/created","customer_id":1000,"forged":false},
         {"id":"msg_2","type":"bigcommerce.created","data":{"id":"bigcommerce_1"}}, {"id":"msg_3","body":"as it is"}],
         "rate":100,"concurrency":16,"resend_after_ms":1000,"timeout_ms":15000,"give_up":"never"}
         what gets no answer, 429 or 5xx is sent again: same id and body, new timestamp and signature
GET    /_sandbox/deliveries?batch=K   each delivery, and a summary; &since=N skips the first N, &summary=1 leaves them out
POST   /_sandbox/pause, /resume       {"batch":K}
POST   /_sandbox/reset                everything as at the start
)";
}

}  // namespace sandbox
