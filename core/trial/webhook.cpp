#include "trial/webhook.hpp"

#include <algorithm>
#include <functional>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace tenon::trial {
namespace {

/// Called for each value of a tree before its parts; what it gives stands in the value's place.
using Replace = std::function<std::optional<Value>(Value)>;

Value replaced(Value value, const Replace& replace, Arena& arena) {
  if (const auto other = replace(value)) return *other;
  if (value.is_array()) {
    Value* items = arena.array<Value>(value.size());
    for (std::size_t i = 0; i < value.size(); ++i) {
      new (items + i) Value(replaced(value.items()[i], replace, arena));
    }
    return Value::array({items, value.size()});
  }
  if (!value.is_object()) return value;
  Member* members = arena.array<Member>(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    const Member& member = value.members()[i];
    new (members + i) Member{member.name, replaced(member.value, replace, arena)};
  }
  return Value::object({members, value.size()});
}

/// As a key is written: texts and numbers; empty for all else.
std::string key_text(Value value) {
  if (value.is_string()) return std::string(value.as_string());
  return value.is_number() ? to_json(value) : std::string();
}

const std::string* key_of(const Event& event, std::string_view name) {
  for (const auto& [key, value] : event.keys) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::string key_bytes(const plugin::VerifyScheme& scheme, std::string_view secret) {
  using Form = plugin::VerifyScheme::KeyForm;
  switch (scheme.key_form) {
    case Form::whsec:
      return from_base64(secret.substr(std::min<std::size_t>(6, secret.size()))).value_or("");
    case Form::base64:
      return from_base64(secret).value_or("");
    case Form::hex:
      return from_hex(secret).value_or("");
    case Form::raw:
      break;
  }
  return std::string(secret);
}

void sign_hmac(ingress::Request& request, const plugin::VerifyScheme& scheme, std::string_view secret,
               const std::string& delivery_id, const std::string& seconds) {
  constexpr std::string_view kHeaderPart = "header:";
  std::vector<std::string> parts;
  for (const std::string& part : scheme.signed_parts) {
    if (part == "body") {
      parts.push_back(request.body);
    } else if (part.starts_with(kHeaderPart)) {
      const std::string name = part.substr(kHeaderPart.size());
      if (runtime::find_header(request.headers, name) == nullptr) {
        const bool time = to_lower(name).find("time") != std::string::npos;
        request.headers.emplace_back(name, time ? seconds : delivery_id);
      }
      parts.push_back(*runtime::find_header(request.headers, name));
    } else {
      parts.push_back(part.substr(1, part.size() - 2));
    }
  }
  if (parts.empty()) parts.push_back(request.body);
  const std::vector<std::string_view> views(parts.begin(), parts.end());
  const Sha256 mac = hmac_sha256(key_bytes(scheme, secret), std::span<const std::string_view>(views));
  const bool hex = scheme.encoding == plugin::VerifyScheme::Encoding::hex;
  request.headers.emplace_back(scheme.header,
                               scheme.prefix + (hex ? to_hex(bytes_of(mac)) : to_base64(bytes_of(mac))));
}

}  // namespace

Result<Event> WebhookMaker::accepted(std::string_view body) const {
  TENON_TRY(std::vector<Event> events,
            instance_.accept(body, {{"Content-Type", "application/json"}}, now_ms_, {}));
  if (events.empty()) return Error("bad_send", "the connector makes no event of it");
  return std::move(events.front());
}

Result<std::string> WebhookMaker::body(const std::string& type, const config::Send& wanted) const {
  const plugin::EventType* declared = instance_.manifest().event(type);
  if (declared == nullptr || declared->sample.empty()) {
    return Error("no_sample", instance_.manifest().name + " ships no sample of `" + type + "`");
  }
  std::string made = declared->sample;
  if (wanted.data) {
    TENON_TRY(made, with_data(made, *wanted.data));
  }
  if (wanted.keys) {
    for (const Member& key : wanted.keys->root().members()) {
      TENON_TRY(made, with_key(made, key.name, key.value));
    }
  }
  return made;
}

/// The part of the body that the connector hands on as `event.data` becomes the wanted one.
Result<std::string> WebhookMaker::with_data(const std::string& body, const config::Literal& data) const {
  TENON_TRY(const Event event, accepted(body));
  TENON_TRY(const Document whole, parse_json(body));
  TENON_TRY(const Document part, parse_json(event.data));
  Arena arena;
  bool found = false;
  const Value made = replaced(
      whole.root,
      [&](Value value) -> std::optional<Value> {
        if (found || !equal(value, part.root)) return std::nullopt;
        found = true;
        return data.root();
      },
      arena);
  if (found) return to_json(made);
  return Error("bad_send", "data: the sample does not hold `event.data` as one part; it cannot be replaced");
}

/// The scalar of the body that makes the key what it is becomes the wanted one: found by trying.
Result<std::string> WebhookMaker::with_key(const std::string& body, std::string_view name,
                                           Value wanted) const {
  const std::string text = key_text(wanted);
  if (text.empty()) return Error("bad_send", "keys." + std::string(name) + ": expected a text or a number");
  TENON_TRY(const Event event, accepted(body));
  const std::string* now = key_of(event, name);
  if (now == nullptr) {
    return Error("bad_send",
                 "keys." + std::string(name) + ": events of type " + event.type + " have no such key");
  }
  if (*now == text) return body;
  TENON_TRY(const Document whole, parse_json(body));
  for (std::size_t chosen = 0;; ++chosen) {
    Arena arena;
    std::size_t seen = 0;
    const Value made = replaced(
        whole.root,
        [&](Value value) -> std::optional<Value> {
          if (value.is_array() || value.is_object() || key_text(value) != *now || seen++ != chosen)
            return std::nullopt;
          // The sample's type is what its source sends.
          const bool numeric = value.is_number() && text.find_first_not_of("0123456789") == std::string::npos;
          return numeric ? Value::number_text(text) : Value::string(text);
        },
        arena);
    if (seen <= chosen) break;
    std::string tried = to_json(made);
    const auto other = accepted(tried);
    const std::string* key = other ? key_of(*other, name) : nullptr;
    if (key != nullptr && *key == text) return tried;
  }
  return Error("bad_send",
               "keys." + std::string(name) + ": the sample does not show where this key comes from");
}

ingress::Request WebhookMaker::request(const std::string& body, const std::string& delivery_id,
                                       std::int64_t now_ms) const {
  ingress::Request request;
  const plugin::ConnectionSpec& connection = instance_.connection();
  request.method = "POST";
  request.target = "/in/" + connection.name;
  request.headers = {{"Content-Type", "application/json"}};
  request.body = body;
  request.remote = "test";
  const std::string seconds = std::to_string(now_ms / 1000);
  for (const plugin::VerifyScheme& scheme : instance_.manifest().verify) {
    const auto mode = connection.verify.find(scheme.name);
    const auto secret = connection.secrets.find(scheme.setting);
    if (mode == connection.verify.end() || mode->second == plugin::VerifyMode::off) continue;
    if (secret == connection.secrets.end()) continue;
    const std::string_view text = secret->second.reveal();
    switch (scheme.type) {
      case plugin::VerifyScheme::Type::standard_webhooks: {
        const Sha256 mac = hmac_sha256(key_bytes(scheme, text), {delivery_id, ".", seconds, ".", body});
        request.headers.emplace_back("webhook-id", delivery_id);
        request.headers.emplace_back("webhook-timestamp", seconds);
        request.headers.emplace_back("webhook-signature", "v1," + to_base64(bytes_of(mac)));
        break;
      }
      case plugin::VerifyScheme::Type::secret_header:
        request.headers.emplace_back(scheme.header, text);
        break;
      case plugin::VerifyScheme::Type::hmac_sha256:
        sign_hmac(request, scheme, text, delivery_id, seconds);
        break;
    }
  }
  return request;
}

}  // namespace tenon::trial
