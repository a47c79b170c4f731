#include "records.hpp"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "rules.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

using nlohmann::json;

std::string dumped(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

bool is_decimal(const std::string& text) {
  std::size_t digits = 0, dots = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c >= '0' && c <= '9')
      ++digits;
    else if (c == '.')
      ++dots;
    else if (c != '-' || i != 0)
      return false;
  }
  return digits > 0 && dots <= 1;
}

/// The field of that name, or null.
std::string* slot(RecordFields& fields, std::string_view name) {
  if (name == "id") return &fields.id;
  if (name == "status") return &fields.status;
  if (name == "email") return &fields.email;
  if (name == "name") return &fields.name;
  if (name == "amount") return &fields.amount;
  return nullptr;
}

/// Reads the body over what `out` holds; a refusal, or nothing.
std::optional<Reply> read_fields(std::string_view text, RecordFields& out) {
  const auto body = json::parse(text, nullptr, false);
  if (body.is_discarded()) return refuse(Rule::r_bad_json);
  if (!body.is_object()) return refuse(Rule::r_not_object);
  for (const auto& [name, value] : body.items()) {
    auto* const at = slot(out, name);
    if (!at) return refuse(Rule::r_unknown_field, {name, "Unknown field."});
    const auto* const string = value.get_ptr<const std::string*>();
    const bool amount = at == &out.amount;
    if (value.is_null() && at != &out.id) {
      at->clear();
      continue;
    }
    if (amount ? !value.is_number() && !(string && is_decimal(*string)) : !string)
      return refuse(Rule::r_field_type, {name, amount ? "Not a valid number." : "Not a valid string."});
    if (string && characters(*string) > 320)
      return refuse(Rule::r_field_length, {name, "Longer than maximum length 320."});
    *at = dumped(value);
    if (at == &out.id) out.plain_id = *string;
    if (at == &out.email) out.plain_email = *string;
  }
  return std::nullopt;
}

}  // namespace

Records::Records(const Settings& settings, Effects& effects)
    : effects_(effects),
      bearer_("Bearer " + (settings.gorgias_token.empty() ? settings.gorgias_key : settings.gorgias_token)) {}

void Records::clear() {
  all_.clear();
  by_id_.clear();
  done_.clear();
}

const std::string& Records::now_text() {
  if (const auto now = wall_ms(); now != now_ms_) {
    now_ms_ = now;
    now_text_ = iso_micros(now);
  }
  return now_text_;
}

Reply Records::handle(const Request& request) {
  if (request.authorization != bearer_) return refuse(Rule::r_unauthorized);
  const auto rest = request.path.substr(std::string_view("/v1/records").size());
  if (rest.empty()) {
    if (request.method == "POST") return create(request);
    if (request.method == "GET") return list(request);
    return refuse(Rule::r_method);
  }
  if (request.method != "GET" && request.method != "PUT") return refuse(Rule::r_method);
  const auto at = by_id_.find(url_decode(rest.substr(1), false));
  if (at == by_id_.end()) return refuse(Rule::r_not_found);
  auto& row = all_[at->second];
  if (request.method == "PUT") return update(request, row);
  Reply out;
  out.body = shown(row);
  return out;
}

Reply Records::create(const Request& request) {
  const std::string key(request.idempotency_key);
  const auto hash = std::hash<std::string_view>()(request.body);
  if (key.size() > 255) return refuse(Rule::r_key_length);
  if (const auto at = key.empty() ? done_.end() : done_.find(key); at != done_.end()) {
    if (at->second.body_hash != hash || at->second.body_size != request.body.size())
      return refuse(Rule::r_key_reused);
    Reply out;
    out.status = at->second.status;
    out.body = at->second.answer;
    out.header("Idempotent-Replayed", "true");
    return out;
  }
  Row row;
  if (auto refusal = read_fields(request.body, row.fields)) return *refusal;
  if (row.fields.plain_id.empty())
    return refuse(Rule::r_missing_id, {"id", "Missing data for required field."});
  if (!by_id_.emplace(row.fields.plain_id, all_.size()).second) return refuse(Rule::r_duplicate);
  row.created = row.updated = now_text();
  Reply out;
  out.status = 201;
  out.body = shown(row);
  record(request, "record.created", row.fields, out.status);
  all_.push_back(std::move(row));
  // Only what had an effect is kept: a refused request may come again, mended, under the same key.
  if (!key.empty()) done_.emplace(key, Done{hash, request.body.size(), out.status, out.body});
  return out;
}

Reply Records::update(const Request& request, Row& row) {
  auto fields = row.fields;
  if (auto refusal = read_fields(request.body, fields)) return *refusal;
  if (fields.plain_id != row.fields.plain_id)
    return refuse(Rule::r_id_changed, {"id", "Not the id of the path."});
  row.fields = std::move(fields);
  row.updated = now_text();
  Reply out;
  out.body = shown(row);
  record(request, "record.updated", row.fields, out.status);
  return out;
}

Reply Records::list(const Request& request) const {
  std::size_t limit = 30, first = 0;
  for (const auto& [name, value] : request.query) {
    const auto number = whole_number(value);
    if (name == "limit" && number && *number >= 1 && *number <= 100)
      limit = static_cast<std::size_t>(*number);
    else if (name == "cursor" && number)
      first = std::min(static_cast<std::size_t>(*number), all_.size());
    else if (name == "limit" || name == "cursor")
      return refuse(Rule::r_limit, {name, "Not a valid value."});
    else if (name != "id")
      return refuse(Rule::r_unknown_parameter, {name, "Unknown field."});
  }
  std::string data, next = "null";
  if (const auto id = request.parameter("id")) {
    if (const auto at = by_id_.find(std::string(*id)); at != by_id_.end()) data = shown(all_[at->second]);
  } else {
    const auto last = std::min(all_.size(), first + limit);
    for (auto i = first; i < last; ++i) data += (i > first ? "," : "") + shown(all_[i]);
    if (last < all_.size()) next = '"' + std::to_string(last) + '"';
  }
  Reply out;
  out.body = R"({"data":[)" + data + R"(],"meta":{"next_cursor":)" + next + "}}";
  return out;
}

std::string Records::shown(const Row& row) {
  const auto& f = row.fields;
  std::string out;
  out.reserve(256);
  out.append("{\"id\":").append(f.id);
  for (const auto& [name, text] : {std::pair("status", &f.status), std::pair("email", &f.email),
                                   std::pair("name", &f.name), std::pair("amount", &f.amount)})
    out.append(",\"").append(name).append("\":").append(text->empty() ? "null" : *text);
  out.append(",\"created_datetime\":\"").append(row.created);
  out.append("\",\"updated_datetime\":\"").append(row.updated).append("\"}");
  return out;
}

void Records::record(const Request& request, std::string_view kind, const RecordFields& fields, int status) {
  Effect effect;
  effect.at_ms = wall_ms();
  effect.api = Api::records;
  effect.kind = kind;
  effect.method = kind == "record.created" ? "POST" : "PUT";
  effect.path = request.path;
  effect.id = fields.plain_id;
  effect.email = fields.plain_email;
  effect.idempotency_key = request.idempotency_key;
  effect.status = status;
  effects_.add(std::move(effect));
}

}  // namespace sandbox
