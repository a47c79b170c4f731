#include "config/stand_ins.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "config/interpolate.hpp"
#include "config/settings.hpp"
#include "config/url.hpp"
#include "config/verify_key.hpp"

namespace tenon::config {
namespace {

/// One place where a variable is used.
struct Use {
  const Node* scalar;
  const Schema* schema;                ///< of the setting; null: anything fits
  const plugin::VerifyScheme* scheme;  ///< whose key it is; or null
};
using Uses = std::map<std::string, std::vector<Use>>;

void collect(const Node& node, const Schema* schema, const plugin::VerifyScheme* scheme, Uses& out) {
  if (node.is_text()) {
    for (const std::string& name : variables_without_default(node))
      out[name].push_back({&node, schema, scheme});
  }
  for (const Node& item : node.items) collect(item, schema ? schema->items.get() : nullptr, nullptr, out);
  for (const auto& [key, value] : node.members) {
    collect(value, schema ? schema->property(key.text) : nullptr, nullptr, out);
  }
}

const Schema& url_schema() {
  static const auto schema = [] {
    const auto text = parse_json(R"({"type":"string","format":"uri"})");
    return Schema::parse(text->root).value();
  }();
  return *schema;
}

void collect_connection(const Node& node, const plugin::Registry& registry, Uses& out) {
  const Node* connector = node.find("connector");
  const auto* manifest =
      connector != nullptr && connector->is_text() ? registry.find(connector->text) : nullptr;
  if (manifest == nullptr) return collect(node, nullptr, nullptr, out);
  for (const auto& [key, value] : node.members) {
    if (key.text == "oauth2") {
      for (const NodeMember& member : value.members)
        collect(member.value, member.key.text.ends_with("_url") ? &url_schema() : nullptr, nullptr, out);
    }
    if (is_host_key(key.text)) continue;
    const auto scheme = std::find_if(manifest->verify.begin(), manifest->verify.end(),
                                     [&key = key](const auto& other) { return other.setting == key.text; });
    collect(value, manifest->settings->property(key.text),
            scheme == manifest->verify.end() ? nullptr : &*scheme, out);
  }
}

bool fits(const Use& use, const std::string& name, const std::string& value, const Environment& so_far) {
  if (use.schema == nullptr) return true;
  Environment environment = so_far;
  // Others in the same text come later: any value will do until then.
  for (const std::string& other : variables_without_default(*use.scalar)) environment.emplace(other, value);
  environment.insert_or_assign(name, value);
  const Source nowhere("", "");
  Report report(nowhere);
  const Interpolated text = interpolate(*use.scalar, environment, report, "", Place::setting);
  if (!text.ok) return false;
  if (use.scheme != nullptr && key_fault(*use.scheme, text.text)) return false;
  if (use.schema->format == "uri") {
    const auto url = parse_url(text.text);
    if (!url || url->scheme != "https" || url->has_user) return false;
  }
  Arena arena;
  return use.schema->validate(use.schema->fill(Value::string(text.text), arena, true), 1).empty();
}

std::vector<std::string> candidates(const std::vector<Use>& uses) {
  const std::string bytes = "standin-0123456789abcdef01234567";
  std::vector<std::string> all = {"standin",
                                  bytes,
                                  "whsec_" + to_base64(bytes),
                                  to_base64(bytes),
                                  to_hex(bytes),
                                  "https://standin.example",
                                  "standin.example",
                                  "standin@standin.example",
                                  "1",
                                  "true",
                                  "en",
                                  "2026-01-01",
                                  "2026-01-01T00:00:00Z",
                                  uuid_v5("standin"),
                                  "STANDIN",
                                  "12345678",
                                  bytes + bytes + bytes + bytes};
  for (const Use& use : uses) {
    if (use.schema == nullptr) continue;
    for (const std::string& json : use.schema->enumeration) {
      const auto value = parse_json("[" + json + "]");
      if (!value) continue;
      const Value one = value->root.items()[0];
      all.push_back(one.is_string() ? std::string(one.as_string()) : json);
    }
  }
  return all;
}

}  // namespace

Environment stand_ins(const Node& root, const plugin::Registry& registry) {
  Uses uses;
  if (const Node* connections = root.find("connections")) {
    for (const NodeMember& entry : connections->members) collect_connection(entry.value, registry, uses);
  }
  if (const Node* vars = root.find("vars")) collect(*vars, nullptr, nullptr, uses);
  Environment made;
  for (const auto& [name, places] : uses) {
    for (const std::string& value : candidates(places)) {
      const bool good = std::all_of(places.begin(), places.end(), [&, &name = name](const Use& use) {
        return fits(use, name, value, made);
      });
      if (!good) continue;
      made.emplace(name, value);
      break;
    }
  }
  return made;
}

}  // namespace tenon::config
