// GET /api/customers: filters, order and cursors.
#include <algorithm>

#include "gorgias.hpp"
#include "rules.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

using nlohmann::json;

constexpr std::string_view kParameters[] = {"email",    "external_id", "name",         "language",
                                            "timezone", "view_id",     "channel_type", "channel_address",
                                            "cursor",   "limit",       "order_by"};

struct Order {
  bool updated = false, ascending = false;
};

/// A cursor names the last row of the page before: its time, its change and its id.
struct Cursor {
  std::int64_t time = 0, change = 0, id = 0;
  auto operator<=>(const Cursor&) const = default;
};

std::optional<Cursor> parse_cursor(std::string_view text) {
  const auto plain = unbase64(text);
  if (!plain) return std::nullopt;
  const auto parts = split(*plain, '/');
  if (parts.size() != 3) return std::nullopt;
  const auto time = whole_number(parts[0]), change = whole_number(parts[1]), id = whole_number(parts[2]);
  if (!time || !change || !id) return std::nullopt;
  return Cursor{*time, *change, *id};
}

std::string made_cursor(const Cursor& at) {
  return base64(std::to_string(at.time) + "/" + std::to_string(at.change) + "/" + std::to_string(at.id));
}

struct Wanted {
  Order order;
  std::size_t limit = 30;
  std::optional<Cursor> after;
};

std::optional<Reply> check_list(const Request& request, Wanted& out) {
  const auto wrong = [](Rule rule, std::string_view field, std::string_view text) {
    return refuse(rule, {"", field, text});
  };
  for (const auto& [name, value] : request.query)
    if (std::find(std::begin(kParameters), std::end(kParameters), name) == std::end(kParameters))
      return wrong(Rule::g_unknown_parameter, name, "Unknown field.");
  if (const auto limit = request.parameter("limit")) {
    const auto number = whole_number(*limit);
    if (!number || *number < 1 || *number > 100)
      return wrong(Rule::g_limit, "limit",
                   "Must be greater than or equal to 1 and less than or equal to 100.");
    out.limit = static_cast<std::size_t>(*number);
  }
  if (const auto order = request.parameter("order_by")) {
    const auto parts = split(*order, ':');
    out.order.updated = parts[0] == "updated_datetime";
    out.order.ascending = parts.size() == 1 || parts[1] == "asc";
    const bool good = parts.size() <= 2 && (out.order.updated || parts[0] == "created_datetime") &&
                      (out.order.ascending || parts[1] == "desc");
    if (!good) return wrong(Rule::g_order_by, "order_by", "Not a valid choice.");
  }
  if (const auto cursor = request.parameter("cursor"); cursor && !cursor->empty()) {
    out.after = parse_cursor(*cursor);
    if (!out.after) return wrong(Rule::g_cursor, "cursor", "Not a valid cursor.");
  }
  if (request.parameter("channel_type").has_value() != request.parameter("channel_address").has_value())
    return wrong(Rule::g_channel_pair, "channel_type", "channel_type and channel_address go together.");
  return std::nullopt;
}

bool same(const json& fields, const char* name, std::string_view wanted) {
  const auto at = fields.find(name);
  return at != fields.end() && at->is_string() && lower(at->get_ref<const std::string&>()) == lower(wanted);
}

}  // namespace

bool Gorgias::matches(const Customer& customer, const Request& request) const {
  const auto& fields = customer.fields;
  for (const auto& [name, value] : request.query) {
    if (name == "external_id") {
      if (!fields["external_id"].is_string() || fields["external_id"] != value) return false;
    } else if (name == "email" || name == "name" || name == "language" || name == "timezone") {
      if (!same(fields, name.c_str(), value)) return false;
    } else if (name == "channel_address") {
      const auto type = request.parameter("channel_type").value_or("");
      const auto& channels = fields["channels"];
      if (std::none_of(channels.begin(), channels.end(), [&, &address = value](const json& channel) {
            return channel["type"] == type && same(channel, "address", address);
          }))
        return false;
    }
  }
  return true;
}

Reply Gorgias::list(const Request& request) const {
  Wanted wanted;
  if (auto refusal = check_list(request, wanted)) return *refusal;
  std::vector<std::pair<Cursor, const Customer*>> rows;
  const auto now = wall_ms();
  const auto consider = [&](std::int64_t id, const Customer& customer) {
    if (customer.created_ms + switches_.search_lag_ms() > now || !matches(customer, request)) return;
    const Cursor at = wanted.order.updated ? Cursor{customer.updated_ms, customer.order, id}
                                           : Cursor{customer.created_ms, 0, id};
    if (wanted.after && (wanted.order.ascending ? at <= *wanted.after : at >= *wanted.after)) return;
    rows.emplace_back(at, &customer);
  };
  const auto by_index = [&](const auto& index, const std::string& key) {
    const auto [first, last] = index.equal_range(key);
    for (auto at = first; at != last; ++at) consider(at->second, customers_.at(at->second));
  };
  if (const auto external = request.parameter("external_id"))
    by_index(by_external_id_, std::string(*external));
  else if (const auto email = request.parameter("email"))
    by_index(by_email_, lower(*email));
  else
    for (const auto& [id, customer] : customers_) consider(id, customer);
  std::sort(rows.begin(), rows.end(), [&](const auto& a, const auto& b) {
    return wanted.order.ascending ? a.first < b.first : b.first < a.first;
  });
  json data = json::array();
  const auto count = std::min(rows.size(), wanted.limit);
  for (std::size_t i = 0; i < count; ++i) {
    // Rows of a list come without channels: clients have seen that, so a client must not rely on them.
    auto row = rows[i].second->fields;
    row.erase("channels");
    data.push_back(std::move(row));
  }
  json meta = {{"prev_cursor", nullptr},  // the sandbox pages forward only
               {"next_cursor", rows.size() > count ? json(made_cursor(rows[count - 1].first)) : json()}};
  Reply out;
  out.body = json({{"data", std::move(data)},
                   {"object", "list"},
                   {"uri", std::string(request.target)},
                   {"meta", std::move(meta)}})
                 .dump(-1, ' ', false, json::error_handler_t::replace);
  return out;
}

}  // namespace sandbox
