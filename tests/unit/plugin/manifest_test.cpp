#include "plugin/manifest.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace tenon::plugin {
namespace {

constexpr const char* kWhole = R"({
 "name": "shop", "version": "1.2.3", "abi": {"major": 1, "minor": 0},
 "connectors": [{
   "name": "shop", "title": "Shop", "description": "A shop.",
   "settings": {"type": "object", "additionalProperties": false, "properties": {
      "store": {"type": "string"}, "user": {"type": "string"}, "base_url": {"type": "string"},
      "key": {"type": "string", "x-secret": true}, "hook": {"type": "string", "x-secret": true}}},
   "verify": [
      {"name": "signature", "type": "standard_webhooks", "setting": "key", "key_form": "raw", "least_key_bytes": 16,
       "default": "if_present"},
      {"name": "header", "type": "secret_header", "setting": "hook", "header": "x-hook", "default": "required"},
      {"name": "mac", "type": "hmac_sha256", "setting": "hook", "header": "x-sig", "prefix": "sha256=",
       "encoding": "base64", "signed": ["header:x-time", "'.'", "body"], "default": "off"}],
   "auth": [{"type": "basic", "user": "user", "secret": "key"}, {"type": "bearer", "secret": "key"},
            {"type": "header", "header": "X-Auth-Token", "secret": "key"}],
   "hosts": ["{base_url}", "{store}.shop.test", "*.cdn.test"],
   "account": ["shop:{store}", "shop:{base_url}"],
   "budget": {"limit": 150, "window_ms": 30000, "limit_header": "X-L", "remaining_header": "X-R", "window_header": "X-W",
              "reset_header": "X-T", "used_header": "X-U"},
   "retry_horizon": "48h",
   "events": {"shop/created": {"description": "d", "keys": ["customer"], "deletes": true, "schema": {"type": "object"}, "sample": {"a": 1.50}}},
   "fetches": {"customer": {"arguments": {"type": "object"}, "answer": {"type": "object"}}},
   "lists": {"customers": {"query": {"type": "object"}, "item": {"type": "object"}, "sample": {"a": 0.10}}},
   "operations": {
      "upsert_customer": {"shape": "upsert", "resource": "customer", "input": {"type": "object", "properties": {
          "id": {"type": "string", "x-identity": true}, "mail": {"type": "string", "x-identity": true}}},
        "capabilities": {"idempotency_key": "24h", "unique_conflict": true, "conditional_update": true, "marker": true, "idempotent": true,
                         "search_lag": "7s", "max_server_time": "15m"}},
      "post": {"shape": "call", "input": {"type": "object"}}}
 }]})";

/// kWhole with the first `from` replaced by `to`.
std::string with(std::string_view from, std::string_view to) {
  std::string out = kWhole;
  const auto at = out.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return out.replace(at, from.size(), to);
}

std::string error_of(const std::string& json) {
  const auto result = parse_manifest(json);
  return result ? "" : result.error().text();
}

TEST(Manifest, AConflictMayBeOfSomeMembersOnly) {
  const auto of = [](const std::string& members) {
    return with("\"unique_conflict\": true", "\"unique_conflict\": " + members);
  };
  const auto result = parse_manifest(of(R"(["mail"])"));
  ASSERT_TRUE(result.has_value()) << result.error().text();
  const Capabilities& can = result->connectors[0].operation("upsert_customer")->capabilities;
  EXPECT_TRUE(can.unique_conflict);
  EXPECT_EQ(can.unique_fields, std::vector<std::string>{"mail"});
  EXPECT_NE(error_of(of(R"(["phone"])")).find("expected members marked x-identity, found phone"),
            std::string::npos);
  EXPECT_NE(error_of(of("[]")).find("/unique_conflict"), std::string::npos);
  EXPECT_NE(error_of(of("[1]")).find("/unique_conflict"), std::string::npos);
  EXPECT_NE(error_of(of("7")).find("/unique_conflict"), std::string::npos);
}

TEST(Manifest, ReadsEveryMember) {
  const auto result = parse_manifest(kWhole);
  ASSERT_TRUE(result.has_value()) << result.error().text();
  EXPECT_EQ(result->name, "shop");
  EXPECT_EQ(result->version, "1.2.3");
  EXPECT_EQ(result->abi_major, 1u);
  ASSERT_EQ(result->connectors.size(), 1u);
  const ConnectorManifest& c = result->connectors[0];
  ASSERT_EQ(c.verify.size(), 3u);
  EXPECT_EQ(c.verify[0].key_form, VerifyScheme::KeyForm::raw);
  EXPECT_EQ(c.verify[0].least_key_bytes, 16u);
  EXPECT_EQ(c.verify[0].default_mode, "if_present");
  EXPECT_EQ(c.verify[1].type, VerifyScheme::Type::secret_header);
  EXPECT_EQ(c.verify[2].signed_parts, (std::vector<std::string>{"header:x-time", "'.'", "body"}));
  EXPECT_EQ(c.verify[2].encoding, VerifyScheme::Encoding::base64);
  EXPECT_EQ(c.verify[2].key_form, VerifyScheme::KeyForm::raw);
  ASSERT_EQ(c.auth.size(), 3u);
  EXPECT_EQ(c.auth[0].user_setting, "user");
  EXPECT_EQ(c.auth[2].header, "X-Auth-Token");
  EXPECT_EQ(c.hosts.size(), 3u);
  EXPECT_EQ(c.account, (std::vector<std::string>{"shop:{store}", "shop:{base_url}"}));
  EXPECT_EQ(c.budget.limit, 150u);
  EXPECT_EQ(c.budget.window_ms_header, "X-W");
  EXPECT_EQ(c.budget.reset_ms_header, "X-T");
  EXPECT_EQ(c.retry_horizon_ms, 172'800'000u);
  ASSERT_NE(c.event("shop/created"), nullptr);
  EXPECT_EQ(c.event("shop/created")->sample, R"({"a":1.50})");
  EXPECT_EQ(c.event("shop/created")->keys, std::vector<std::string>{"customer"});
  EXPECT_TRUE(c.event("shop/created")->deletes);
  EXPECT_EQ(c.event("other"), nullptr);
  ASSERT_NE(c.fetch("customer"), nullptr);
  ASSERT_NE(c.list("customers"), nullptr);
  EXPECT_EQ(c.list("customers")->sample, R"({"a":0.10})");
  const Operation* upsert = c.operation("upsert_customer");
  ASSERT_NE(upsert, nullptr);
  EXPECT_EQ(upsert->identity, (std::vector<std::string>{"id", "mail"}));
  EXPECT_EQ(upsert->capabilities.idempotency_key_ttl_ms, 86'400'000u);
  EXPECT_EQ(upsert->capabilities.search_lag_ms, 7'000u);
  EXPECT_TRUE(upsert->capabilities.idempotent);
  EXPECT_EQ(upsert->capabilities.max_server_time_ms, 900'000u);
  EXPECT_EQ(c.operation("post")->shape, Operation::Shape::call);
}

TEST(Manifest, OneAccountNeedsNoArray) {
  const auto result = parse_manifest(with(R"(["shop:{store}", "shop:{base_url}"])", R"("shop:{store}")"));
  ASSERT_TRUE(result.has_value()) << result.error().text();
  EXPECT_EQ(result->connectors[0].account, std::vector<std::string>{"shop:{store}"});
}

TEST(Manifest, NamesThePointerAndWhatWasExpected) {
  EXPECT_EQ(error_of(with(R"("retry_horizon")", R"("retry_horizn")")),
            "invalid_manifest: /connectors/0/retry_horizn: a member that manifests do not have; did you mean "
            "retry_horizon?");
  EXPECT_EQ(error_of(with(R"("48h")", R"("48x")")),
            "invalid_manifest: /connectors/0/retry_horizon: expected a duration such as 7s, 15m, 48h or 30d");
  EXPECT_EQ(error_of(with(R"("sample")", R"("sampel")")),
            "invalid_manifest: /connectors/0/events/shop~1created/sampel: a member that manifests do not "
            "have; did you mean "
            "sample?");
  EXPECT_EQ(error_of(with(R"("schema": {"type": "object"})", R"("schema": {"typ": "object"})")),
            "invalid_manifest: /connectors/0/events/shop~1created/schema/typ: a keyword that schemas do not "
            "have; did you "
            "mean type?");
  EXPECT_EQ(error_of(with(R"("shape": "call")", R"("shape": "cal")")),
            "invalid_manifest: /connectors/0/operations/post/shape: expected one of upsert, call");
  EXPECT_EQ(error_of(with(R"("version": "1.2.3", )", "")), "invalid_manifest: /version: is missing");
  EXPECT_EQ(error_of(with(R"("sample": {"a": 0.10})", R"("sample": 7)")),
            "invalid_manifest: /connectors/0/lists/customers/sample: : expected an object, found number");
}

TEST(Manifest, RefusesWhatDoesNotHoldTogether) {
  const std::pair<const char*, const char*> changes[] = {
      {R"("name": "shop", "version")", R"("name": "Shop!", "version")"},
      {R"("major": 1)", R"("major": "1")"},
      {R"("major": 1)", R"("major": -1)"},
      {R"("major": 1)", R"("major": 1e0)"},
      {R"("major": 1)", R"("major": 99999999999999999999999)"},
      {R"("setting": "key")", R"("setting": "store")"},
      {R"("setting": "key")", R"("setting": "nothing")"},
      {R"("default": "if_present")", R"("default": "maybe")"},
      {R"("least_key_bytes": 16)", R"("least_key_bytes": 1)"},
      {R"("header": "x-hook", )", ""},
      {R"("header": "x-hook")", R"("header": "x hook")"},
      {R"("header": "x-hook")", R"("header": "x-hook\r\nA: b")"},
      {R"("name": "header")", R"("name": "signature")"},
      {R"(["header:x-time", "'.'", "body"])", R"(["header:x-time"])"},
      {R"(["header:x-time", "'.'", "body"])", R"(["headers", "body"])"},
      {R"("type": "bearer")", R"("type": "oauth2")"},
      {R"({"type": "bearer", "secret": "key"})", R"({"type": "oauth2", "authorize_url": "https://a.test/"})"},
      {R"({"type": "bearer", "secret": "key"})",
       R"({"type": "oauth2", "authorize_url": "https://a.test/", "token_url": "https://{key}.test/"})"},
      {R"({"type": "bearer", "secret": "key"})",
       R"({"type": "oauth2", "authorize_url": "https://a.test/", "token_url": "https://a.test/", "client_auth": "header"})"},
      {R"({"type": "bearer", "secret": "key"})", R"({"type": "bearer", "secret": "user"})"},
      {R"({"type": "bearer", "secret": "key"})", R"({"type": "bearer"})"},
      {R"("{store}.shop.test")", R"("{key}.shop.test")"},
      {R"("{store}.shop.test")", R"("{nothing}.shop.test")"},
      {R"("{store}.shop.test")", R"("{store.shop.test")"},
      {R"("{store}.shop.test")", R"("store}.shop.test")"},
      {R"("{store}.shop.test")", R"("{}.shop.test")"},
      {R"("{store}.shop.test")", "7"},
      {R"("account": ["shop:{store}", "shop:{base_url}"],)", ""},
      {R"("limit": 150, )", ""},
      {R"("limit": 150)", R"("limit": 1.5)"},
      {R"("keys": ["customer"])", R"("keys": "customer")"},
      {R"("deletes": true)", R"("deletes": "yes")"},
      {R"("arguments": {"type": "object"}, )", ""},
      {R"("shop/created")", R"("shop created")"},
      {R"("resource": "customer", )", ""},
      {R"("upsert_customer")", R"("Upsert Customer")"},
      {R"("marker": true)", R"("marker": "yes")"},
      {R"("idempotency_key": "24h")", R"("idempotency_key": "")"},
      {R"("idempotency_key": "24h")", R"("idempotency_key": 24)"},
      {R"("settings": {"type": "object")", R"("settings": {"type": "array")"},
      {R"("user": {"type": "string"})", R"("verify": {"type": "string"})"},
      {R"("user": {"type": "string"})",
       R"("user": {"properties": {"p": {"type": "string", "x-secret": true}}})"},
      {R"("connectors": [{)", R"("connectors": [7, {)"},
      {R"("title": "Shop")", R"("title": "Sh\u0000op")"},
  };
  for (const auto& [from, to] : changes)
    EXPECT_TRUE(error_of(with(from, to)).starts_with("invalid_manifest: /")) << from << " -> " << to;
}

TEST(Manifest, RefusesGarbage) {
  for (const char* json : {"", "{", "[]", "7", "null", "{}", R"({"name": "a", "name": "b"})", "\xff"})
    EXPECT_TRUE(error_of(json).starts_with("invalid_manifest: ")) << json;
  EXPECT_EQ(error_of(std::string((1u << 20) + 1, ' ')), "invalid_manifest: more than 1 MiB");
  EXPECT_NE(error_of(std::string(5000, '[')), "");
  EXPECT_NE(error_of(R"({"name": "a", "version": "1", "abi": {"major": 1, "minor": 0}, "connectors": []})"),
            "");
}

TEST(Manifest, AnyCutOrChangeIsAnErrorOrAManifest) {
  const std::string whole = kWhole;
  for (std::size_t i = 0; i < whole.size(); i += 3) {
    (void)parse_manifest(std::string_view(whole).substr(0, i));
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 0x11);
    (void)parse_manifest(changed);
  }
}

/// Every manifest of the tree, without knowing which plugins there are.
TEST(Manifest, ThoseOfTheTreeAreValid) {
  std::size_t seen = 0;
  for (const char* folder : {"/plugins", "/sdk/template"})
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(std::string(TENON_SOURCE_DIR) + folder)) {
      if (entry.path().filename() != "manifest.json") continue;
      std::ostringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      EXPECT_EQ(error_of(text.str()), "") << entry.path();
      ++seen;
    }
  EXPECT_GE(seen, 3u);
}

}  // namespace
}  // namespace tenon::plugin
