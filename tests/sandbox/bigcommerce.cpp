#include "bigcommerce.hpp"

#include <algorithm>
#include <cctype>

#include "rules.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

using nlohmann::json;

std::string dumped(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

bool token_shaped(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_' || c == '.';
  });
}

constexpr std::string_view kFirst[] = {"Ann",   "Ben",   "Carla", "Dmitri", "Élodie",
                                       "Farid", "Grace", "Hugo",  "Ines",   "Jörg"};
constexpr std::string_view kLast[] = {"Lee",    "Okafor", "Müller", "Silva", "Novák",
                                      "Tanaka", "Brown",  "O'Neil", "Rossi", "Kaya"};

struct TextField {
  std::string_view name;
  std::size_t most;
};
constexpr TextField kTexts[] = {{"email", 255},   {"first_name", 100}, {"last_name", 100},
                                {"company", 255}, {"phone", 50},       {"notes", 65535}};

}  // namespace

Reply v3_envelope(const json& data) {
  Reply out;
  out.body = "{\"data\":" + dumped(data) + ",\"meta\":{}}";
  return out;
}

Reply v3_page(json data, std::int64_t total, std::int64_t page, std::int64_t limit) {
  const auto pages = std::max<std::int64_t>(1, (total + limit - 1) / limit);
  const auto link = [limit](std::int64_t number) {
    return "?page=" + std::to_string(number) + "&limit=" + std::to_string(limit);
  };
  json links = {{"current", link(page)}};
  if (page > 1) links["previous"] = link(page - 1);
  if (page < pages) links["next"] = link(page + 1);
  json pagination = {{"total", total},       {"count", data.size()}, {"per_page", limit},
                     {"current_page", page}, {"total_pages", pages}, {"links", std::move(links)}};
  Reply out;
  out.body = dumped({{"data", std::move(data)}, {"meta", {{"pagination", std::move(pagination)}}}});
  return out;
}

std::optional<Reply> v3_paging(const Request& request, std::int64_t& page, std::int64_t& limit) {
  if (const auto text = request.parameter("page")) {
    const auto number = whole_number(*text);
    if (!number || *number < 1) return refuse(Rule::bc_page, {"page", "an integer from 1"});
    page = *number;
  }
  if (const auto text = request.parameter("limit")) {
    const auto number = whole_number(*text);
    if (!number || *number < 1 || *number > 250)
      return refuse(Rule::bc_limit, {"limit", "an integer from 1 to 250"});
    limit = *number;
  }
  return std::nullopt;
}

Reply BigCommerce::handle(const Request& request) {
  if (request.auth_token.empty()) return refuse(Rule::bc_token_missing);
  if (!token_shaped(request.auth_token)) return refuse(Rule::bc_token_format);
  if (request.auth_token != settings_.access_token) return refuse(Rule::bc_token_wrong);
  auto path = request.path;
  if (path.ends_with('/')) return refuse(Rule::bc_trailing_slash);
  path.remove_prefix(std::string_view("/stores/").size());
  const auto hash = path.substr(0, path.find('/'));
  if (hash != settings_.store_hash) return refuse(Rule::bc_wrong_store);
  path.remove_prefix(hash.size());
  if (path == "/v3/customers") return customers(request);
  if (path == "/v3/hooks" || path.starts_with("/v3/hooks/")) return hooks_.handle(request, path.substr(9));
  if (request.method != "GET") return refuse(Rule::bc_no_route);
  if (path == "/v2/orders" || path.starts_with("/v2/orders/")) return orders(request, path.substr(10));
  Reply out;
  if (path == "/v2/time") {
    out.body = "{\"time\":" + std::to_string(wall_ms() / 1000) + "}";
  } else if (path == "/v2/store") {
    out.body = dumped({{"id", settings_.store_hash},
                       {"name", "Sandbox"},
                       {"domain", "sandbox.example.com"},
                       {"secure_url", "https://sandbox.example.com"},
                       {"currency", "USD"},
                       {"status", "live"}});
  } else {
    return refuse(Rule::bc_no_route);
  }
  return out;
}

void BigCommerce::clear() {
  customers_.clear();
  orders_.clear();
  by_email_.clear();
  hooks_.clear();
}

Reply BigCommerce::customers(const Request& request) {
  if (request.method == "GET") return list_customers(request);
  if (request.method == "POST" || request.method == "PUT") return write_customers(request);
  if (request.method == "DELETE") return delete_customers(request);
  return refuse(Rule::bc_no_route);
}

json BigCommerce::made_up(std::int64_t id) const {
  const auto now = iso_seconds(wall_ms());
  const auto first = std::string(kFirst[static_cast<std::size_t>(id) % std::size(kFirst)]);
  const auto last = std::string(kLast[static_cast<std::size_t>(id / 7) % std::size(kLast)]);
  return {{"id", id},
          {"email", "customer" + std::to_string(id) + "@example.com"},
          {"first_name", first},
          {"last_name", last},
          {"company", ""},
          {"phone", ""},
          {"notes", ""},
          {"tax_exempt_category", ""},
          {"customer_group_id", 0},
          {"date_created", now},
          {"date_modified", now},
          {"address_count", 0},
          {"attribute_count", 0},
          {"addresses", json::array()},
          {"attributes", json::array()},
          {"form_fields", json::array()},
          {"store_credit_amounts", {{{"amount", 0}}}},
          {"accepts_product_review_abandoned_cart_emails", false},
          {"registration_ip_address", ""},
          {"origin_channel_id", 1},
          {"channel_ids", nullptr},
          {"authentication", {{"force_password_reset", false}}}};
}

void BigCommerce::put(std::int64_t id, json fields) {
  const auto at = customers_.find(id);
  if (at != customers_.end()) by_email_.erase(lower(at->second.value("email", "")));
  by_email_[lower(fields.value("email", ""))] = id;
  customers_[id] = std::move(fields);
  next_id_ = std::max(next_id_, id + 1);
}

std::size_t BigCommerce::seed_customers(std::int64_t count, std::int64_t first_id) {
  const auto before = customers_.size();
  for (auto id = first_id; id < first_id + count; ++id) put(id, made_up(id));
  return customers_.size() - before;
}

std::optional<std::int64_t> BigCommerce::seed_customer(json fields) {
  if (!fields.is_object() || (fields.contains("id") && !fields["id"].is_number_integer()))
    return std::nullopt;
  for (const auto& text : kTexts)
    if (fields.contains(text.name) && !fields[std::string(text.name)].is_string()) return std::nullopt;
  const auto id = fields.value("id", next_id_);
  auto customer = customers_.contains(id) ? customers_[id] : made_up(id);
  customer["date_modified"] = iso_seconds(wall_ms());
  customer.update(fields);
  put(id, std::move(customer));
  return id;
}

bool BigCommerce::remove_customer(std::int64_t id) {
  const auto at = customers_.find(id);
  if (at == customers_.end()) return false;
  by_email_.erase(lower(at->second.value("email", "")));
  customers_.erase(at);
  return true;
}

std::optional<Reply> BigCommerce::check_customer(const json& wanted, bool create) const {
  if (!wanted.is_object()) return refuse(Rule::bc_not_array);
  if (create) {
    for (const char* name : {"email", "first_name", "last_name"})
      if (!wanted.contains(name)) return refuse(Rule::bc_missing_field, {name, "missing"});
  } else {
    if (!wanted.contains("id")) return refuse(Rule::bc_missing_field, {"id", "missing"});
    if (!wanted["id"].is_number_integer())
      return refuse(Rule::bc_field_type, {"id", "an integer is expected"});
    if (!customers_.contains(wanted["id"].get<std::int64_t>()))
      return refuse(Rule::bc_unknown_customer, {"id", "unknown"});
  }
  for (const auto& text : kTexts) {
    const auto at = wanted.find(text.name);
    if (at == wanted.end()) continue;
    if (!at->is_string()) return refuse(Rule::bc_field_type, {text.name, "a string is expected"});
    if (characters(at->get_ref<const std::string&>()) > text.most)
      return refuse(Rule::bc_field_length,
                    {text.name, "at most " + std::to_string(text.most) + " characters"});
  }
  if (const auto at = wanted.find("email"); at != wanted.end()) {
    const auto email = at->get<std::string>();
    if (!email_shaped(email)) return refuse(Rule::bc_email_shape, {"email", "not an email address"});
    const auto owner = by_email_.find(lower(email));
    if (owner != by_email_.end() && (create || owner->second != wanted["id"].get<std::int64_t>()))
      return refuse(Rule::bc_email_taken, {"email", "in use"});
  }
  return std::nullopt;
}

Reply BigCommerce::write_customers(const Request& request) {
  const bool create = request.method == "POST";
  const auto wanted = json::parse(request.body, nullptr, false);
  if (wanted.is_discarded()) return refuse(Rule::bc_bad_json);
  if (!wanted.is_array()) return refuse(Rule::bc_not_array);
  if (wanted.size() > 10) return refuse(Rule::bc_too_many);
  for (const auto& one : wanted)
    if (auto refusal = check_customer(one, create)) return *refusal;
  auto data = json::array();
  for (const auto& one : wanted) {
    const auto id = create ? next_id_ : one["id"].get<std::int64_t>();
    auto customer = create ? made_up(id) : customers_.at(id);
    customer.update(one);
    customer["id"] = id;
    customer["date_modified"] = iso_seconds(wall_ms());
    record(request, create ? "shop.customer.created" : "shop.customer.updated", id, customer, 200);
    data.push_back(customer);
    put(id, std::move(customer));
    if (changed) changed(create ? "store/customer/created" : "store/customer/updated", id);
  }
  return v3_envelope(data);
}

Reply BigCommerce::delete_customers(const Request& request) {
  const auto ids = request.parameter("id:in");
  if (!ids || ids->empty()) return refuse(Rule::bc_delete_filter, {"id:in", "missing"});
  for (const auto text : split(*ids, ',')) {
    const auto id = whole_number(text);
    if (!id) return refuse(Rule::bc_filter_value, {"id:in", "integers are expected"});
    if (const auto at = customers_.find(*id); at != customers_.end()) {
      record(request, "shop.customer.deleted", *id, at->second, 204);
      remove_customer(*id);
      if (changed) changed("store/customer/deleted", *id);
    }
  }
  Reply out;
  out.status = 204;
  return out;
}

void BigCommerce::record(const Request& request, std::string_view kind, std::int64_t id, const json& fields,
                         int status) {
  Effect effect;
  effect.at_ms = wall_ms();
  effect.api = Api::bigcommerce;
  effect.kind = kind;
  effect.method = status == 204 ? "DELETE" : kind.ends_with("created") ? "POST" : "PUT";
  effect.path = request.path;
  effect.id = std::to_string(id);
  effect.email = fields.value("email", "");
  effect.status = status;
  effects_.add(std::move(effect));
}

}  // namespace sandbox
