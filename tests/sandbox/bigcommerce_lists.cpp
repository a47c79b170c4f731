// Lists of the store: GET /v3/customers and GET /v2/orders.
#include <algorithm>

#include "bigcommerce.hpp"
#include "rules.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

using nlohmann::json;

constexpr std::string_view kFilters[] = {"id:in",
                                         "company:in",
                                         "customer_group_id:in",
                                         "date_created",
                                         "date_created:min",
                                         "date_created:max",
                                         "date_modified",
                                         "date_modified:min",
                                         "date_modified:max",
                                         "email:in",
                                         "name:in",
                                         "name:like",
                                         "phone:in",
                                         "registration_ip_address:in"};
constexpr std::string_view kOthers[] = {"page", "limit", "sort", "include", "after", "before"};
constexpr std::string_view kSorts[] = {"date_created:asc", "date_created:desc", "last_name:asc",
                                       "last_name:desc",   "date_modified:asc", "date_modified:desc"};
/// Parts that come only when asked for, and the fields that they bring.
constexpr std::pair<std::string_view, const char*> kIncludes[] = {
    {"addresses", "addresses"},
    {"storecredit", "store_credit_amounts"},
    {"attributes", "attributes"},
    {"formfields", "form_fields"},
    {"shopper_profile_id", "shopper_profile_id"},
    {"segment_ids", "segment_ids"}};

template <typename Range>
bool listed(const Range& range, std::string_view wanted) {
  return std::find(std::begin(range), std::end(range), wanted) != std::end(range);
}

std::string value_text(const json& fields, const std::string& name) {
  if (name == "name") return fields.value("first_name", "") + " " + fields.value("last_name", "");
  const auto at = fields.find(name);
  if (at == fields.end()) return "";
  return at->is_string() ? at->get<std::string>() : at->dump();
}

/// One filter, checked.
struct Filter {
  std::string field, how;
  std::vector<std::string> values;
  std::int64_t time = 0;
};

std::optional<Reply> read_filter(const std::string& name, const std::string& value, Filter& out) {
  const auto colon = name.find(':');
  out.field = name.substr(0, colon);
  out.how = colon == std::string::npos ? "is" : name.substr(colon + 1);
  for (const auto part : split(value, ',')) out.values.push_back(lower(part));
  if (out.field.starts_with("date_")) {
    const auto time = parse_date(value);
    if (!time) return refuse(Rule::bc_filter_value, {name, "a date is expected"});
    out.time = *time;
  } else if (out.field == "id" || out.field == "customer_group_id") {
    for (const auto& part : out.values)
      if (!whole_number(part)) return refuse(Rule::bc_filter_value, {name, "integers are expected"});
  }
  return std::nullopt;
}

bool passes(const json& customer, const Filter& filter) {
  const auto text = value_text(customer, filter.field);
  if (filter.field.starts_with("date_")) {
    const auto time = parse_date(text).value_or(0);
    return filter.how == "min"   ? time >= filter.time
           : filter.how == "max" ? time <= filter.time
                                 : time == filter.time;
  }
  const auto own = lower(text);
  if (filter.how == "like") return own.find(filter.values.front()) != std::string::npos;
  return listed(filter.values, own);
}

struct Wanted {
  std::vector<Filter> filters;
  std::string sort;
  std::vector<std::string> include;
  std::int64_t page = 1, limit = 50;
};

std::optional<Reply> read_wanted(const Request& request, Wanted& out) {
  std::string unknown;
  for (const auto& [name, value] : request.query) {
    if (listed(kFilters, name)) {
      if (auto refusal = read_filter(name, value, out.filters.emplace_back())) return refusal;
    } else if (!listed(kOthers, name)) {
      unknown += (unknown.empty() ? "" : ", ") + name;
    }
  }
  if (!unknown.empty()) return refuse(Rule::bc_unknown_filter, {unknown});
  if (request.parameter("after") || request.parameter("before")) return refuse(Rule::bc_cursor);
  if (const auto sort = request.parameter("sort")) {
    if (!listed(kSorts, *sort)) return refuse(Rule::bc_sort, {"sort", "not listed"});
    out.sort = *sort;
  }
  if (const auto include = request.parameter("include"))
    for (const auto part : split(*include, ',')) {
      const auto at = std::find_if(std::begin(kIncludes), std::end(kIncludes),
                                   [&](const auto& i) { return i.first == part; });
      if (at == std::end(kIncludes)) return refuse(Rule::bc_include, {"include", "not listed"});
      out.include.emplace_back(at->second);
    }
  return v3_paging(request, out.page, out.limit);
}

json shown(const json& customer, const Wanted& wanted) {
  json out = customer;
  for (const auto& [name, field] : kIncludes)
    if (!listed(wanted.include, field)) out.erase(field);
  return out;
}

}  // namespace

Reply BigCommerce::list_customers(const Request& request) const {
  Wanted wanted;
  if (auto refusal = read_wanted(request, wanted)) return *refusal;
  std::vector<const json*> rows;
  const auto consider = [&](const json& customer) {
    if (std::all_of(wanted.filters.begin(), wanted.filters.end(),
                    [&](const Filter& f) { return passes(customer, f); }))
      rows.push_back(&customer);
  };
  const auto by_id = std::find_if(wanted.filters.begin(), wanted.filters.end(),
                                  [](const Filter& f) { return f.field == "id"; });
  if (by_id != wanted.filters.end()) {
    std::vector<std::int64_t> ids;
    for (const auto& text : by_id->values) ids.push_back(*whole_number(text));
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    for (const auto id : ids)
      if (const auto at = customers_.find(id); at != customers_.end()) consider(at->second);
  } else {
    for (const auto& [id, customer] : customers_) consider(customer);
  }
  if (!wanted.sort.empty()) {
    const auto field = wanted.sort.substr(0, wanted.sort.find(':'));
    const bool down = wanted.sort.ends_with(":desc");
    std::stable_sort(rows.begin(), rows.end(), [&](const json* a, const json* b) {
      return down ? value_text(*b, field) < value_text(*a, field)
                  : value_text(*a, field) < value_text(*b, field);
    });
  }
  auto data = json::array();
  const auto total = static_cast<std::int64_t>(rows.size());
  for (auto i = std::min(total, (wanted.page - 1) * wanted.limit);
       i < std::min(total, wanted.page * wanted.limit); ++i)
    data.push_back(shown(*rows[static_cast<std::size_t>(i)], wanted));
  return v3_page(std::move(data), total, wanted.page, wanted.limit);
}

void BigCommerce::seed_orders(std::int64_t count, std::int64_t first_id) {
  static constexpr std::string_view kStates[] = {
      "Incomplete",      "Pending",           "Shipped",   "Partially Shipped",
      "Refunded",        "Cancelled",         "Declined",  "Awaiting Payment",
      "Awaiting Pickup", "Awaiting Shipment", "Completed", "Awaiting Fulfillment"};
  auto customer = customers_.begin();
  for (auto id = first_id; id < first_id + count; ++id) {
    const auto state = static_cast<std::size_t>(id) % std::size(kStates);
    const auto base =
        "https://api.bigcommerce.com/stores/" + settings_.store_hash + "/v2/orders/" + std::to_string(id);
    json billing = {{"first_name", "Guest"},
                    {"last_name", "Buyer"},
                    {"email", "guest" + std::to_string(id) + "@example.com"}};
    std::int64_t owner = 0;
    if (customer != customers_.end()) {
      owner = customer->first;
      billing = {{"first_name", customer->second["first_name"]},
                 {"last_name", customer->second["last_name"]},
                 {"email", customer->second["email"]}};
      ++customer;
    }
    json order = {{"id", id},
                  {"customer_id", owner},
                  {"date_created", rfc2822(wall_ms())},
                  {"date_modified", rfc2822(wall_ms())},
                  {"date_shipped", ""},
                  {"status_id", state},
                  {"status", kStates[state]},
                  {"custom_status", kStates[state]},
                  {"total_inc_tax", std::to_string(id % 500) + ".9900"},
                  {"currency_code", "USD"},
                  {"items_total", 1},
                  {"payment_method", "Cash"},
                  {"channel_id", 1},
                  {"external_id", nullptr},
                  {"billing_address", std::move(billing)}};
    for (const char* part : {"products", "shipping_addresses", "coupons"})
      order[part] = {{"url", base + "/" + part}, {"resource", "/orders/" + std::to_string(id) + "/" + part}};
    orders_[id] = std::move(order);
  }
}

Reply BigCommerce::orders(const Request& request, std::string_view rest) const {
  if (rest.empty()) return list_orders(request);
  Reply out;
  if (rest == "/count") {
    out.body = json({{"count", orders_.size()}, {"statuses", json::array()}}).dump();
    return out;
  }
  const auto id = whole_number(rest.substr(1));
  if (!id) return refuse(Rule::bc_no_route);
  const auto at = orders_.find(*id);
  if (at == orders_.end()) return refuse(Rule::bc_order_unknown);
  out.body = at->second.dump();
  return out;
}

Reply BigCommerce::list_orders(const Request& request) const {
  std::int64_t page = 1, limit = 50;
  std::string sort = "id:asc";
  std::vector<const json*> rows;
  for (const auto& [id, order] : orders_) rows.push_back(&order);
  const auto keep = [&rows](auto&& wanted) {
    std::erase_if(rows, [&](const json* order) { return !wanted(*order); });
  };
  for (const auto& pair : request.query) {
    const auto& name = pair.first;
    const auto& value = pair.second;
    const auto number = whole_number(value);
    const auto date = parse_date(value);
    if (name == "page" && number && *number >= 1)
      page = *number;
    else if (name == "limit" && number && *number >= 1 && *number <= 250)
      limit = *number;
    else if (name == "min_id" && number)
      keep([&](const json& o) { return o["id"] >= *number; });
    else if (name == "max_id" && number)
      keep([&](const json& o) { return o["id"] <= *number; });
    else if ((name == "customer_id" || name == "status_id" || name == "channel_id") && number)
      keep([&](const json& o) { return o[name] == *number; });
    else if (name == "email")
      keep([&](const json& o) { return o["billing_address"]["email"] == value; });
    else if ((name == "min_date_modified" || name == "min_date_created") && date)
      keep([&](const json& o) { return parse_date(o[name.substr(4)].get<std::string>()) >= date; });
    else if ((name == "max_date_modified" || name == "max_date_created") && date)
      keep([&](const json& o) { return parse_date(o[name.substr(4)].get<std::string>()) <= date; });
    else if (name == "sort" && (value.starts_with("id") || value.starts_with("date_modified") ||
                                value.starts_with("date_created")))
      sort = value;
    else
      return refuse(Rule::bc_order_filter, {name});
  }
  const auto field = sort.substr(0, sort.find(':'));
  std::stable_sort(rows.begin(), rows.end(), [&](const json* a, const json* b) {
    const auto key = [&](const json& o) {
      return field == "id" ? o["id"].get<std::int64_t>() : parse_date(value_text(o, field)).value_or(0);
    };
    return sort.ends_with(":desc") ? key(*b) < key(*a) : key(*a) < key(*b);
  });
  auto data = json::array();
  const auto total = static_cast<std::int64_t>(rows.size());
  for (auto i = std::min(total, (page - 1) * limit); i < std::min(total, page * limit); ++i)
    data.push_back(*rows[static_cast<std::size_t>(i)]);
  Reply out;
  // The v2 API answers an empty list without a body.
  if (data.empty())
    out.status = 204;
  else
    out.body = data.dump();
  return out;
}

}  // namespace sandbox
