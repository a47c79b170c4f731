#include "plugin/manifest.hpp"

#include <algorithm>
#include <array>

#include "base/json.hpp"
#include "plugin/manifest_reader.hpp"

namespace tenon::plugin {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 20;
/// Names that a connection's YAML keeps for the host.
constexpr std::array<std::string_view, 7> kReservedSettings = {
    "connector", "verify", "oauth2", "budget", "allow_private", "i_understand_unauthenticated", "tenants"};

const Schema* setting(const ConnectorManifest& c, std::string_view name) {
  return c.settings ? c.settings->property(name) : nullptr;
}

/// A setting that is a secret, or one that is none.
void check_setting(ManifestObject& from, const ConnectorManifest& c, std::string_view member,
                   const std::string& name, bool secret) {
  if (name.empty()) return;
  const Schema* const known = setting(c, name);
  if (!known) return from.fail(member, "settings have no " + name);
  if (known->secret == secret) return;
  from.fail(member, name + (secret ? " must be marked x-secret" : " is a secret and cannot stand here"));
}

/// Each {name} of a template is a setting that is no secret.
void check_template(ManifestObject& from, const ConnectorManifest& c, std::string_view member,
                    std::string_view text) {
  while (true) {
    const auto brace = text.find_first_of("{}");
    if (brace == std::string_view::npos) return;
    const auto close = text.find('}', brace);
    if (text[brace] == '}' || close == std::string_view::npos)
      return from.fail(member, "braces do not match");
    check_setting(from, c, member, std::string(text.substr(brace + 1, close - brace - 1)), false);
    if (close == brace + 1) return from.fail(member, "expected the name of a setting between { and }");
    text.remove_prefix(close + 1);
  }
}

void check_settings(ManifestObject& from, const ConnectorManifest& c) {
  if (!c.settings->types.object) from.fail("settings", "expected a schema of type object");
  for (const auto& [name, schema] : c.settings->properties) {
    if (std::find(kReservedSettings.begin(), kReservedSettings.end(), name) != kReservedSettings.end())
      from.fail("settings", name + " is the host's own; choose another name");
    for (const auto& [inner, deeper] : schema->properties)
      if (deeper->secret)
        from.fail("settings", name + "/" + inner + ": only members of the top may be secrets");
  }
}

VerifyScheme read_verify(ManifestObject o, const ConnectorManifest& c) {
  constexpr std::array<std::string_view, 3> kTypes = {"standard_webhooks", "secret_header", "hmac_sha256"};
  constexpr std::array<std::string_view, 4> kKeyForms = {"whsec", "raw", "base64", "hex"};
  constexpr std::array<std::string_view, 2> kEncodings = {"hex", "base64"};
  constexpr std::array<std::string_view, 3> kModes = {"required", "if_present", "off"};
  VerifyScheme v;
  v.name = o.identifier("name");
  v.type = static_cast<VerifyScheme::Type>(o.word("type", kTypes, true));
  v.setting = o.text("setting", true);
  check_setting(o, c, "setting", v.setting, true);
  v.default_mode = kModes[o.word("default", kModes)];
  if (v.type != VerifyScheme::Type::standard_webhooks) v.header = o.header("header", true);
  if (v.type != VerifyScheme::Type::secret_header) {
    const bool plain = v.type == VerifyScheme::Type::hmac_sha256 && !o.has("key_form");
    v.key_form = plain ? VerifyScheme::KeyForm::raw
                       : static_cast<VerifyScheme::KeyForm>(o.word("key_form", kKeyForms));
    v.least_key_bytes = o.number("least_key_bytes", 24, 1024);
    if (v.least_key_bytes < 8) o.fail("least_key_bytes", "expected at least 8");
  }
  if (v.type == VerifyScheme::Type::hmac_sha256) {
    v.prefix = o.text("prefix");
    v.encoding = static_cast<VerifyScheme::Encoding>(o.word("encoding", kEncodings));
    v.signed_parts = o.texts("signed");
    bool body = v.signed_parts.empty();
    for (const std::string& part : v.signed_parts) {
      const bool quoted =
          part.size() >= 3 && part.front() == part.back() && (part[0] == '\'' || part[0] == '"');
      if (part != "body" && !quoted && (!part.starts_with("header:") || part.size() < 8))
        o.fail("signed", "expected body, header:<name> or a literal in quotes");
      body = body || part == "body";
    }
    if (!body) o.fail("signed", "the body must be signed");
  }
  o.end();
  return v;
}

AuthScheme read_auth(ManifestObject o, const ConnectorManifest& c) {
  constexpr std::array<std::string_view, 4> kTypes = {"basic", "bearer", "header", "oauth2"};
  AuthScheme a;
  a.type = static_cast<AuthScheme::Type>(o.word("type", kTypes, true));
  if (a.type == AuthScheme::Type::oauth2) {
    constexpr std::array<std::string_view, 2> kPlaces = {"basic", "body"};
    a.authorize_url = o.texts("authorize_url", true, true);
    a.token_url = o.texts("token_url", true, true);
    for (const std::string& url : a.authorize_url) check_template(o, c, "authorize_url", url);
    for (const std::string& url : a.token_url) check_template(o, c, "token_url", url);
    a.scopes = o.texts("scopes");
    a.client_in_body = o.word("client_auth", kPlaces) == 1;
    o.end();
    return a;
  }
  a.secret_setting = o.text("secret", true);
  check_setting(o, c, "secret", a.secret_setting, true);
  if (a.type == AuthScheme::Type::basic) {
    a.user_setting = o.text("user", true);
    check_setting(o, c, "user", a.user_setting, false);
  }
  if (a.type == AuthScheme::Type::header) a.header = o.header("header", true);
  o.end();
  return a;
}

Budget read_budget(ManifestObject o) {
  Budget b;
  b.limit = static_cast<std::uint32_t>(o.number("limit", 0, 1'000'000));
  b.window_ms = static_cast<std::uint32_t>(o.number("window_ms", 0, 86'400'000));
  b.limit_header = o.header("limit_header");
  b.remaining_header = o.header("remaining_header");
  b.used_header = o.header("used_header");
  b.window_ms_header = o.header("window_header");
  b.reset_ms_header = o.header("reset_header");
  if ((b.limit == 0) != (b.window_ms == 0)) o.fail("limit", "limit and window_ms belong together");
  o.end();
  return b;
}

Operation read_operation(std::string name, ManifestObject o) {
  constexpr std::array<std::string_view, 2> kShapes = {"upsert", "call"};
  Operation op;
  op.name = std::move(name);
  op.shape = static_cast<Operation::Shape>(o.word("shape", kShapes, true));
  op.description = o.text("description", false, 2000);
  op.resource = o.text("resource", op.shape == Operation::Shape::upsert);
  op.input = o.schema("input", true);
  if (op.input->types.any() && !op.input->types.object) o.fail("input", "expected a schema of type object");
  for (const auto& [member, schema] : op.input->properties)
    if (schema->identity) op.identity.push_back(member);
  if (op.shape == Operation::Shape::upsert && op.identity.empty())
    o.fail("input", "an upsert needs a member marked x-identity");
  ManifestObject can = o.object("capabilities");
  op.capabilities.idempotency_key_ttl_ms = can.duration("idempotency_key");
  if (can.get("unique_conflict").is_array()) {
    op.capabilities.unique_fields = can.texts("unique_conflict");
    op.capabilities.unique_conflict = true;
    for (const std::string& field : op.capabilities.unique_fields) {
      if (std::find(op.identity.begin(), op.identity.end(), field) == op.identity.end())
        can.fail("unique_conflict", "expected members marked x-identity, found " + field);
    }
    if (op.capabilities.unique_fields.empty()) can.fail("unique_conflict", "expected at least one member");
  } else {
    op.capabilities.unique_conflict = can.flag("unique_conflict");
  }
  op.capabilities.conditional_update = can.flag("conditional_update");
  op.capabilities.marker = can.flag("marker");
  op.capabilities.idempotent = can.flag("idempotent");
  op.capabilities.search_lag_ms = can.duration("search_lag");
  op.capabilities.max_server_time_ms = can.duration("max_server_time");
  can.end();
  o.end();
  return op;
}

/// `sample`, which must be as its schema says; empty if there is none.
std::string read_sample(ManifestObject& o, const Schema& schema) {
  const Value sample = o.get("sample");
  if (sample.is_missing()) return {};
  for (const Schema::Violation& wrong : schema.validate(sample, 1))
    o.fail("sample", wrong.path + ": expected " + wrong.expected + ", found " + wrong.found);
  return to_json(sample);
}

void read_source(ManifestObject& o, ConnectorManifest& c) {
  for (auto& [name, e] : o.named("events")) {
    EventType type;
    type.name = name;
    type.description = e.text("description", false, 2000);
    type.keys = e.texts("keys");
    type.deletes = e.flag("deletes");
    type.schema = e.schema("schema", false, true);
    const Value sample = e.get("sample");
    if (!sample.is_missing()) type.sample = to_json(sample);
    e.end();
    c.events.push_back(std::move(type));
  }
  for (auto& [name, f] : o.named("fetches")) {
    Fetch fetch;
    fetch.name = name;
    fetch.description = f.text("description", false, 2000);
    fetch.arguments = f.schema("arguments", true);
    fetch.answer = f.schema("answer", false);
    fetch.sample = read_sample(f, *fetch.answer);
    f.end();
    c.fetches.push_back(std::move(fetch));
  }
  for (auto& [name, l] : o.named("lists")) {
    List list;
    list.name = name;
    list.description = l.text("description", false, 2000);
    list.query = l.schema("query", false);
    list.item = l.schema("item", false);
    list.sample = read_sample(l, *list.item);
    l.end();
    c.lists.push_back(std::move(list));
  }
}

SampleAnswer read_answer(ManifestObject o) {
  SampleAnswer answer;
  answer.on = o.text("on", true);
  const auto blank = answer.on.find(' ');
  const bool method = blank != std::string::npos && blank > 0 &&
                      answer.on.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == blank;
  if (!method || answer.on.compare(blank + 1, 1, "/") != 0)
    o.fail("on", "expected a method and a path, as in \"GET /customers/*\"");
  answer.status = static_cast<int>(o.number("status", 200, 599));
  if (answer.status < 200) o.fail("status", "expected 200 to 599");
  const Value headers = o.get("headers");
  if (!headers.is_missing() && !headers.is_object()) o.fail("headers", "expected an object of texts");
  for (const Member& header : headers.is_object() ? headers.members() : std::span<const Member>()) {
    if (!header.value.is_string()) o.fail("headers", "expected an object of texts");
    answer.headers.emplace_back(header.name, header.value.as_string());
  }
  const Value body = o.get("body");
  if (!body.is_missing()) answer.body = to_json(body);
  o.end();
  return answer;
}

ConnectorManifest read_connector(ManifestObject o) {
  ConnectorManifest c;
  c.name = o.identifier("name");
  c.title = o.text("title");
  c.description = o.text("description", false, 2000);
  c.settings = o.schema("settings", true);
  check_settings(o, c);
  for (auto& v : o.objects("verify")) {
    c.verify.push_back(read_verify(std::move(v), c));
    const auto same = [&](const VerifyScheme& other) { return other.name == c.verify.back().name; };
    if (std::count_if(c.verify.begin(), c.verify.end(), same) > 1)
      o.fail("verify", "two schemes of one name");
  }
  for (auto& a : o.objects("auth")) c.auth.push_back(read_auth(std::move(a), c));
  c.hosts = o.texts("hosts");
  for (const std::string& host : c.hosts) check_template(o, c, "hosts", host);
  c.account = o.texts("account", true, true);
  for (const std::string& account : c.account) check_template(o, c, "account", account);
  c.budget = read_budget(o.object("budget"));
  c.retry_horizon_ms = o.duration("retry_horizon");
  read_source(o, c);
  for (auto& answer : o.objects("answers")) c.answers.push_back(read_answer(std::move(answer)));
  for (auto& [name, op] : o.named("operations")) {
    if (!is_identifier(name))
      o.fail("operations", name + ": expected a name of lower-case letters, digits, _ and -");
    c.operations.push_back(read_operation(name, std::move(op)));
  }
  if (c.events.empty() && c.fetches.empty() && c.lists.empty() && c.operations.empty())
    o.fail("operations", "a connector has events, fetches, lists or operations");
  o.end();
  return c;
}

template <class T>
const T* by_name(const std::vector<T>& all, std::string_view name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const T& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

const EventType* ConnectorManifest::event(std::string_view type) const { return by_name(events, type); }
const Fetch* ConnectorManifest::fetch(std::string_view wanted) const { return by_name(fetches, wanted); }
const List* ConnectorManifest::list(std::string_view wanted) const { return by_name(lists, wanted); }
const Operation* ConnectorManifest::operation(std::string_view wanted) const {
  return by_name(operations, wanted);
}

Result<Manifest> parse_manifest(std::string_view json) {
  if (json.size() > kMostBytes) return Error("invalid_manifest", "more than 1 MiB");
  const auto document = parse_json(json, JsonLimits{.depth = 100, .members = 100'000, .number_length = 64});
  if (!document) return Error("invalid_manifest", "not JSON: " + document.error().message);
  std::optional<Error> error;
  Manifest m;
  ManifestObject o(error, document->root, "");
  m.name = o.identifier("name");
  m.version = o.text("version", true, 64);
  ManifestObject abi = o.object("abi", true);
  m.abi_major = static_cast<std::uint32_t>(abi.number("major", 0, 1000, true));
  m.abi_minor = static_cast<std::uint32_t>(abi.number("minor", 0, 1000, true));
  abi.end();
  auto connectors = o.objects("connectors", true);
  if (connectors.empty()) o.fail("connectors", "is empty");
  for (auto& c : connectors) {
    if (error) break;
    m.connectors.push_back(read_connector(std::move(c)));
    const auto same = [&](const ConnectorManifest& other) { return other.name == m.connectors.back().name; };
    if (std::count_if(m.connectors.begin(), m.connectors.end(), same) > 1)
      o.fail("connectors", "two connectors of one name");
  }
  o.end();
  if (error) return std::move(*error);
  return m;
}

}  // namespace tenon::plugin
