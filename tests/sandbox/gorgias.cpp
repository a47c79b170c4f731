#include "gorgias.hpp"

#include <algorithm>

#include "rules.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

using nlohmann::json;

std::string dumped(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

std::string text_of(const json& fields, const char* name) {
  const auto at = fields.find(name);
  return at != fields.end() && at->is_string() ? at->get<std::string>() : std::string();
}

/// All emails of a customer, in lower case: its own and those of its channels.
std::vector<std::string> emails_of(const json& fields) {
  std::vector<std::string> out;
  if (auto email = text_of(fields, "email"); !email.empty()) out.push_back(lower(email));
  if (const auto channels = fields.find("channels"); channels != fields.end() && channels->is_array())
    for (const auto& channel : *channels)
      if (text_of(channel, "type") == "email") out.push_back(lower(text_of(channel, "address")));
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace

Gorgias::Gorgias(const Settings& settings, Effects& effects, const OAuth& oauth, const Switches& switches)
    : settings_(settings),
      effects_(effects),
      oauth_(oauth),
      switches_(switches),
      basic_("Basic " + base64(settings.gorgias_email + ":" + settings.gorgias_key)),
      bearer_("Bearer " + (settings.gorgias_token.empty() ? settings.gorgias_key : settings.gorgias_token)) {}

void Gorgias::clear() {
  customers_.clear();
  by_email_.clear();
  by_external_id_.clear();
}

Reply Gorgias::handle(const Request& request) {
  if (request.authorization != basic_ && request.authorization != bearer_ &&
      !oauth_.accepts(request.authorization))
    return refuse(Rule::g_unauthorized);
  auto path = request.path.substr(std::string_view("/api").size());
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);  // older pages write paths so
  if (path == "/account") return account(request);
  if (path == "/customers") {
    if (request.method == "GET") return list(request);
    if (request.method == "POST") return create(request);
    if (request.method == "DELETE") return remove_many(request);
    return refuse(Rule::g_method);
  }
  if (!path.starts_with("/customers/")) return refuse(Rule::g_no_route);
  path.remove_prefix(std::string_view("/customers/").size());
  const bool data = path.ends_with("/data");
  if (data) path.remove_suffix(std::string_view("/data").size());
  const auto id = whole_number(path);
  if (!id) return refuse(Rule::g_no_route);
  const auto at = customers_.find(*id);
  if (data && request.method != "PUT") return refuse(Rule::g_method);
  if (!data && request.method != "GET" && request.method != "PUT" && request.method != "DELETE")
    return refuse(Rule::g_method);
  if (at == customers_.end()) return refuse(Rule::g_not_found);
  if (data) return put_data(request, at);
  if (request.method == "GET") return read(at->second);
  return request.method == "PUT" ? update(request, at) : remove(request, at);
}

Reply Gorgias::account(const Request& request) const {
  if (request.method != "GET") return refuse(Rule::g_method);
  Reply out;
  out.body = dumped({{"domain", "sandbox"},
                     {"created_datetime", "2020-01-01T00:00:00.000000+00:00"},
                     {"deactivated_datetime", nullptr},
                     {"settings", json::array()},
                     {"status", {{"status", "active"}}}});
  return out;
}

Reply Gorgias::read(const Customer& customer) const {
  Reply out;
  out.body = dumped(customer.fields);
  return out;
}

void Gorgias::index(std::int64_t id, const json& fields, bool add) {
  const auto change = [id, add](auto& index, const std::string& key) {
    if (add) {
      index.emplace(key, id);
      return;
    }
    const auto [first, last] = index.equal_range(key);
    for (auto at = first; at != last; ++at)
      if (at->second == id) {
        index.erase(at);
        return;
      }
  };
  for (const auto& email : emails_of(fields)) change(by_email_, email);
  if (const auto external = text_of(fields, "external_id"); !external.empty())
    change(by_external_id_, external);
}

void Gorgias::record(const Request& request, std::string_view kind, std::int64_t id, const json& fields,
                     int status) {
  Effect effect;
  effect.at_ms = wall_ms();
  effect.api = Api::gorgias;
  effect.kind = kind;
  effect.method = kind == "customer.created" ? "POST" : kind == "customer.deleted" ? "DELETE" : "PUT";
  effect.path = request.path;
  effect.id = std::to_string(id);
  effect.external_id = text_of(fields, "external_id");
  effect.email = text_of(fields, "email");
  effect.idempotency_key = request.idempotency_key;
  effect.status = status;
  effects_.add(std::move(effect));
}

std::optional<Reply> Gorgias::apply(json& fields, const json& wanted, std::int64_t self) {
  json after = fields;
  for (const auto& [name, value] : wanted.items()) after[name] = value;
  if (!after["email"].is_string() && wanted.contains("channels"))
    for (const auto& channel : wanted["channels"])
      if (channel["type"] == "email" &&
          (!after["email"].is_string() || channel.value("preferred", json()) == true))
        after["email"] = channel["address"];
  auto& channels = after["channels"];
  if (!channels.is_array()) channels = json::array();
  if (const auto email = text_of(after, "email"); !email.empty()) {
    after["email"] = lower(email);
    const bool there = std::any_of(channels.begin(), channels.end(), [&](const json& channel) {
      return channel["type"] == "email" && lower(text_of(channel, "address")) == lower(email);
    });
    if (!there) channels.push_back({{"type", "email"}, {"address", lower(email)}, {"preferred", true}});
  }
  for (const auto& email : switches_.unique() ? emails_of(after) : std::vector<std::string>()) {
    const auto [first, last] = by_email_.equal_range(email);
    if (std::any_of(first, last, [self](const auto& entry) { return entry.second != self; }))
      return refuse(Rule::g_email_taken);
  }
  const auto now = iso_micros(wall_ms());
  for (auto& channel : channels) {
    if (!channel.contains("id")) channel["id"] = next_channel_++;
    if (channel["type"] == "email") channel["address"] = lower(text_of(channel, "address"));
    if (!channel.contains("preferred") || channel["preferred"].is_null()) channel["preferred"] = false;
    if (!channel.contains("created_datetime")) channel["created_datetime"] = now;
  }
  if (text_of(after, "name").empty()) {
    const auto first = text_of(after, "firstname"), last = text_of(after, "lastname");
    after["name"] = first + (first.empty() || last.empty() ? "" : " ") + last;
  }
  fields = std::move(after);
  return std::nullopt;
}

Reply Gorgias::create(const Request& request) {
  json wanted;
  if (auto refusal = check_customer(request.body, "Failed to create customer", wanted)) return *refusal;
  Customer customer;
  const auto id = next_id_;
  customer.created_ms = customer.updated_ms = wall_ms();
  customer.order = ++changes_;
  customer.fields = {{"id", id},
                     {"external_id", nullptr},
                     {"active", true},
                     {"name", ""},
                     {"email", nullptr},
                     {"firstname", ""},
                     {"lastname", ""},
                     {"language", nullptr},
                     {"timezone", nullptr},
                     {"meta", json::object()},
                     {"data", nullptr},
                     {"note", nullptr},
                     {"channels", json::array()},
                     {"custom_fields", json::array()}};
  customer.fields["created_datetime"] = customer.fields["updated_datetime"] = iso_micros(customer.created_ms);
  if (auto refusal = apply(customer.fields, wanted, id)) return *refusal;
  ++next_id_;
  index(id, customer.fields, true);
  Reply out = read(customer);
  out.status = 201;
  record(request, "customer.created", id, customer.fields, out.status);
  customers_.emplace(id, std::move(customer));
  return out;
}

Reply Gorgias::update(const Request& request, Customers::iterator at) {
  json wanted;
  if (auto refusal = check_customer(request.body, "Failed to update customer", wanted)) return *refusal;
  auto fields = at->second.fields;
  if (auto refusal = apply(fields, wanted, at->first)) return *refusal;
  index(at->first, at->second.fields, false);
  auto& customer = at->second;
  customer.fields = std::move(fields);
  customer.updated_ms = wall_ms();
  customer.order = ++changes_;
  customer.fields["updated_datetime"] = iso_micros(customer.updated_ms);
  index(at->first, customer.fields, true);
  Reply out = read(customer);
  out.status = 202;
  record(request, "customer.updated", at->first, customer.fields, out.status);
  return out;
}

Reply Gorgias::put_data(const Request& request, Customers::iterator at) {
  const auto body = json::parse(request.body, nullptr, false);
  constexpr std::string_view kWhat = "Failed to update customer data";
  if (body.is_discarded()) return refuse(Rule::g_bad_json, {kWhat});
  if (!body.is_object()) return refuse(Rule::g_not_object, {kWhat});
  for (const auto& [name, value] : body.items())
    if (name != "data" && name != "version")
      return refuse(Rule::g_data_missing, {"", name, "Unknown field."});
  if (!body.contains("data"))
    return refuse(Rule::g_data_missing, {"", "data", "Missing data for required field."});
  std::optional<std::int64_t> version;
  if (body.contains("version") && !body["version"].is_null()) {
    if (body["version"].is_string()) version = parse_date(body["version"].get<std::string>());
    if (!version) return refuse(Rule::g_data_version, {"", "version", "Not a valid datetime."});
  }
  Reply out;
  out.status = 202;
  // An older version is answered like a newer one, and nothing is written.
  if (version && *version < at->second.data_version) return out;
  at->second.fields["data"] = body["data"];
  at->second.data_version = version.value_or(0);
  at->second.order = ++changes_;
  record(request, "customer.data", at->first, at->second.fields, out.status);
  return out;
}

Reply Gorgias::remove(const Request& request, Customers::iterator at) {
  index(at->first, at->second.fields, false);
  Reply out;
  out.status = 204;
  record(request, "customer.deleted", at->first, at->second.fields, out.status);
  customers_.erase(at);
  return out;
}

Reply Gorgias::remove_many(const Request& request) {
  const auto body = json::parse(request.body, nullptr, false);
  constexpr std::string_view kWhat = "Failed to delete customers";
  if (body.is_discarded()) return refuse(Rule::g_bad_json, {kWhat});
  if (!body.is_object()) return refuse(Rule::g_not_object, {kWhat});
  const auto ids = body.value("ids", json());
  if (!ids.is_array() ||
      !std::all_of(ids.begin(), ids.end(), [](const json& id) { return id.is_number_integer(); }))
    return refuse(Rule::g_ids, {"", "ids", "A list of integers was expected."});
  for (const auto& id : ids)
    if (const auto at = customers_.find(id.get<std::int64_t>()); at != customers_.end()) remove(request, at);
  Reply out;
  out.status = 204;
  return out;
}

}  // namespace sandbox
