// /v3/hooks
#include <algorithm>

#include "bigcommerce.hpp"
#include "rules.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

using nlohmann::json;

// Scopes of the vendor's event reference; a trailing * stands for all below it.
constexpr std::string_view kScopes[] = {"store/order/*",
                                        "store/order/created",
                                        "store/order/updated",
                                        "store/order/archived",
                                        "store/order/statusUpdated",
                                        "store/order/message/created",
                                        "store/order/refund/created",
                                        "store/order/transaction/created",
                                        "store/order/transaction/updated",
                                        "store/customer/*",
                                        "store/customer/created",
                                        "store/customer/updated",
                                        "store/customer/deleted",
                                        "store/customer/address/*",
                                        "store/customer/address/created",
                                        "store/customer/address/updated",
                                        "store/customer/address/deleted",
                                        "store/customer/payment/instrument/default/updated",
                                        "store/product/*",
                                        "store/product/created",
                                        "store/product/updated",
                                        "store/product/deleted",
                                        "store/product/inventory/updated",
                                        "store/product/inventory/order/updated",
                                        "store/category/*",
                                        "store/category/created",
                                        "store/category/updated",
                                        "store/category/deleted",
                                        "store/cart/*",
                                        "store/cart/created",
                                        "store/cart/updated",
                                        "store/cart/deleted",
                                        "store/cart/couponApplied",
                                        "store/cart/abandoned",
                                        "store/cart/converted",
                                        "store/cart/lineItem/*",
                                        "store/shipment/*",
                                        "store/shipment/created",
                                        "store/shipment/updated",
                                        "store/shipment/deleted",
                                        "store/sku/*",
                                        "store/sku/created",
                                        "store/sku/updated",
                                        "store/sku/deleted",
                                        "store/subscriber/*",
                                        "store/subscriber/created",
                                        "store/subscriber/updated",
                                        "store/subscriber/deleted",
                                        "store/metafield/*",
                                        "store/app/uninstalled",
                                        "store/information/updated",
                                        "store/hook/deliveryException"};

bool known_scope(std::string_view scope) {
  return std::find(std::begin(kScopes), std::end(kScopes), scope) != std::end(kScopes);
}

bool good_destination(std::string_view url) {
  if (url.starts_with("https://")) return url.size() > 8 && url[8] != '/';
  for (const std::string_view host : {"http://127.0.0.1", "http://localhost", "http://[::1]"})
    if (url.starts_with(host))
      return url.size() == host.size() || url[host.size()] == ':' || url[host.size()] == '/';
  return false;
}

std::optional<Reply> check_headers(const json& headers) {
  if (headers.is_null()) return std::nullopt;
  const auto wrong = [](std::string_view text) { return refuse(Rule::bc_hook_headers, {"headers", text}); };
  if (!headers.is_object()) return wrong("an object of strings is expected");
  if (headers.size() > 64) return wrong("at most 64 headers");
  for (const auto& [name, value] : headers.items()) {
    if (name.size() > 64) return wrong("a name of at most 64 bytes is expected");
    if (!value.is_string()) return wrong("strings are expected");
    if (value.get_ref<const std::string&>().size() > 8192)
      return wrong("a value of at most 8 KB is expected");
  }
  return std::nullopt;
}

bool covers(std::string_view hook_scope, std::string_view scope) {
  if (!hook_scope.ends_with("/*")) return hook_scope == scope;
  return scope.starts_with(hook_scope.substr(0, hook_scope.size() - 1));
}

}  // namespace

Reply Hooks::handle(const Request& request, std::string_view rest) {
  if (rest.empty()) {
    if (request.method == "GET") return list(request);
    if (request.method == "POST") return create(request);
    return refuse(Rule::bc_no_route);
  }
  if (rest == "/admin" && request.method == "GET") {
    auto all = json::array();
    for (const auto& [id, hook] : hooks_) {
      auto row = hook;
      row["status"] = hook["is_active"] == true ? "active" : "inactive";
      all.push_back(std::move(row));
    }
    return v3_envelope(
        {{"emails", json::array()}, {"hooks_list", std::move(all)}, {"blocked_domains", json::array()}});
  }
  const auto id = whole_number(rest.substr(1));
  if (!id) return refuse(Rule::bc_no_route);
  const auto at = hooks_.find(*id);
  if (at == hooks_.end()) return refuse(Rule::bc_hook_unknown);
  if (request.method == "GET") return v3_envelope(at->second);
  if (request.method == "PUT") return update(request, at->second);
  if (request.method != "DELETE") return refuse(Rule::bc_no_route);
  const auto out = v3_envelope(at->second);  // 200 with the hook that was, not 204
  hooks_.erase(at);
  return out;
}

Reply Hooks::list(const Request& request) const {
  std::int64_t page = 1, limit = 50;
  if (auto refusal = v3_paging(request, page, limit)) return *refusal;
  auto rows = json::array();
  for (const auto& [id, hook] : hooks_) {
    const auto other = [&hook = hook](const char* name, const std::optional<std::string_view>& wanted) {
      return wanted && hook[name] != std::string(*wanted);
    };
    if (other("scope", request.parameter("scope")) || other("destination", request.parameter("destination")))
      continue;
    if (const auto active = request.parameter("is_active");
        active && hook["is_active"] != (*active == "true"))
      continue;
    rows.push_back(hook);
  }
  const auto total = static_cast<std::int64_t>(rows.size());
  auto data = json::array();
  for (auto i = std::min(total, (page - 1) * limit); i < std::min(total, page * limit); ++i)
    data.push_back(rows[static_cast<std::size_t>(i)]);
  return v3_page(std::move(data), total, page, limit);
}

std::optional<Reply> Hooks::check(const json& wanted, const json& after, std::int64_t self) const {
  for (const char* name : {"scope", "destination"})
    if (wanted.contains(name) && !wanted[name].is_string())
      return refuse(Rule::bc_hook_field_type, {name, "a string is expected"});
  if (wanted.contains("is_active") && !wanted["is_active"].is_boolean())
    return refuse(Rule::bc_hook_field_type, {"is_active", "a boolean is expected"});
  if (!known_scope(after["scope"].get_ref<const std::string&>()))
    return refuse(Rule::bc_hook_scope, {"scope", "unknown"});
  if (!good_destination(after["destination"].get_ref<const std::string&>()))
    return refuse(Rule::bc_hook_destination, {"destination", "an https URL is expected"});
  if (wanted.contains("headers"))
    if (auto refusal = check_headers(wanted["headers"])) return refusal;
  std::size_t of_scope = 0;
  for (const auto& [id, hook] : hooks_) {
    if (id == self || hook["scope"] != after["scope"]) continue;
    if (hook["destination"] == after["destination"]) return refuse(Rule::bc_hook_duplicate);
    ++of_scope;
  }
  if (of_scope >= 10) return refuse(Rule::bc_hook_too_many);
  return std::nullopt;
}

Reply Hooks::create(const Request& request) {
  const auto wanted = json::parse(request.body, nullptr, false);
  if (wanted.is_discarded()) return refuse(Rule::bc_bad_json);
  for (const char* name : {"scope", "destination"})
    if (!wanted.is_object() || !wanted.contains(name))
      return refuse(Rule::bc_hook_missing, {name, "missing"});
  json hook = {{"id", next_id_},
               {"client_id", "sandbox-client"},
               {"store_hash", settings_.store_hash},
               {"scope", wanted["scope"]},
               {"destination", wanted["destination"]},
               {"headers", wanted.value("headers", json())},
               {"is_active", wanted.value("is_active", json(true))},
               {"created_at", wall_ms() / 1000},
               {"updated_at", wall_ms() / 1000}};
  if (auto refusal = check(wanted, hook, 0)) return *refusal;
  hooks_[next_id_++] = hook;
  return v3_envelope(hook);
}

Reply Hooks::update(const Request& request, json& hook) {
  const auto wanted = json::parse(request.body, nullptr, false);
  if (wanted.is_discarded()) return refuse(Rule::bc_bad_json);
  auto after = hook;
  bool any = false;
  for (const char* name : {"scope", "destination", "headers", "is_active"})
    if (wanted.is_object() && wanted.contains(name)) {
      after[name] = wanted[name];
      any = true;
    }
  if (!any) return refuse(Rule::bc_hook_empty_update);
  if (auto refusal = check(wanted, after, hook["id"].get<std::int64_t>())) return *refusal;
  after["updated_at"] = wall_ms() / 1000;
  hook = std::move(after);
  return v3_envelope(hook);
}

std::vector<std::pair<std::string, json>> Hooks::destinations(std::string_view scope) const {
  std::vector<std::pair<std::string, json>> out;
  for (const auto& [id, hook] : hooks_)
    if (hook["is_active"] == true && covers(hook["scope"].get_ref<const std::string&>(), scope))
      out.emplace_back(hook["destination"].get<std::string>(), hook["headers"]);
  return out;
}

}  // namespace sandbox
