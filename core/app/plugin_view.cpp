#include "app/plugin_view.hpp"

#include "app/cli/table.hpp"
#include "base/json.hpp"
#include "base/schema_json.hpp"

namespace tenon::app {
namespace {

using plugin::AuthScheme;
using plugin::ConnectorManifest;
using plugin::Operation;
using plugin::VerifyScheme;

std::string joined(const std::vector<std::string>& parts, std::string_view between = ", ") {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : std::string(between)) + part;
  return out;
}

const char* word(VerifyScheme::Type type) {
  switch (type) {
    case VerifyScheme::Type::standard_webhooks:
      return "standard_webhooks";
    case VerifyScheme::Type::secret_header:
      return "secret_header";
    case VerifyScheme::Type::hmac_sha256:
      return "hmac_sha256";
  }
  return "";
}

const char* word(AuthScheme::Type type) {
  switch (type) {
    case AuthScheme::Type::basic:
      return "basic";
    case AuthScheme::Type::bearer:
      return "bearer";
    case AuthScheme::Type::header:
      return "header";
    case AuthScheme::Type::oauth2:
      return "oauth2";
  }
  return "";
}

const char* word(Operation::Shape shape) { return shape == Operation::Shape::upsert ? "upsert" : "call"; }

std::string seconds(std::uint64_t ms) {
  if (ms % 86'400'000 == 0) return std::to_string(ms / 86'400'000) + "d";
  if (ms % 3'600'000 == 0) return std::to_string(ms / 3'600'000) + "h";
  if (ms % 1000 == 0) return std::to_string(ms / 1000) + "s";
  return std::to_string(ms) + "ms";
}

/// The names of what the operation promises; with times where there are.
std::vector<std::string> promises(const plugin::Capabilities& can) {
  std::vector<std::string> all;
  if (can.idempotency_key_ttl_ms > 0)
    all.push_back("idempotency_key(" + seconds(can.idempotency_key_ttl_ms) + ")");
  if (can.unique_conflict) {
    std::string of;
    for (const std::string& field : can.unique_fields) of += (of.empty() ? "(" : ", ") + field;
    all.push_back("unique_conflict" + (of.empty() ? of : of + ")"));
  }
  if (can.conditional_update) all.emplace_back("conditional_update");
  if (can.marker) all.emplace_back("marker");
  if (can.idempotent) all.emplace_back("idempotent");
  if (can.search_lag_ms > 0) all.push_back("search_lag(" + seconds(can.search_lag_ms) + ")");
  if (can.max_server_time_ms > 0) all.push_back("max_server_time(" + seconds(can.max_server_time_ms) + ")");
  return all;
}

std::vector<std::string> members(const Schema* schema) {
  std::vector<std::string> names;
  if (schema == nullptr) return names;
  for (const auto& [name, property] : schema->properties) names.push_back(name);
  return names;
}

/// A block of the text: a title and a table under it; nothing if there are no rows.
void block(std::string& out, const char* title, const Table& table, const Screen& screen) {
  if (table.empty()) return;
  out += "\n  " + paint(title, Style::strong, screen.color) + "\n" + table.render(screen, 4);
}

/// The members of a schema: name, type, whether it is needed, what it is.
Table members_table(const Schema& schema) {
  Table table({{"NAME"}, {"TYPE"}, {"NEEDED"}, {"DEFAULT", 8}, {"NOTES", 12}, {"DESCRIPTION", 20, true}});
  for (const auto& [name, member] : schema.properties) {
    std::vector<std::string> notes;
    if (member->secret) notes.emplace_back("secret");
    if (member->identity) notes.emplace_back("identity");
    if (member->decimal) notes.emplace_back("decimal");
    if (!member->format.empty()) notes.push_back(member->format);
    if (!member->enumeration.empty()) notes.push_back("one of " + joined(member->enumeration));
    const bool needed = schema.requires_member(name);
    table.add({printable(name), member->types.text(),
               Cell(needed ? "yes" : "no", needed ? Style::yellow : Style::faint),
               printable(member->default_json), printable(joined(notes)), printable(member->description)});
  }
  return table;
}

void source_blocks(std::string& out, const ConnectorManifest& connector, const Screen& screen) {
  Table verify({{"NAME"}, {"TYPE"}, {"SETTING"}, {"HEADER"}, {"DEFAULT"}});
  for (const VerifyScheme& scheme : connector.verify)
    verify.add(
        {scheme.name, word(scheme.type), scheme.setting, printable(scheme.header), scheme.default_mode});
  block(out, "verify", verify, screen);
  Table events({{"EVENT", 16}, {"KEYS", 8}, {"DESCRIPTION", 20, true}});
  for (const plugin::EventType& event : connector.events)
    events.add(
        {printable(event.name), printable(joined(event.keys)),
         printable(event.description) + (event.deletes ? " What is older is not written any more." : "")});
  block(out, "events", events, screen);
  Table fetches({{"FETCH"}, {"ARGUMENTS", 12}, {"ANSWER", 20}, {"DESCRIPTION", 20, true}});
  for (const plugin::Fetch& fetch : connector.fetches) {
    fetches.add({printable(fetch.name), printable(joined(members(fetch.arguments.get()))),
                 printable(joined(members(fetch.answer.get()))), printable(fetch.description)});
  }
  block(out, "fetches", fetches, screen);
  Table lists({{"LIST"}, {"QUERY", 12}, {"ITEM", 20}, {"DESCRIPTION", 20, true}});
  for (const plugin::List& list : connector.lists) {
    lists.add({printable(list.name), printable(joined(members(list.query.get()))),
               printable(joined(members(list.item.get()))), printable(list.description)});
  }
  block(out, "lists", lists, screen);
}

void sink_blocks(std::string& out, const ConnectorManifest& connector, const Screen& screen) {
  for (const Operation& operation : connector.operations) {
    out += "\n  " + paint("operation " + printable(operation.name), Style::strong, screen.color) + "  " +
           word(operation.shape);
    if (!operation.resource.empty()) out += " of " + printable(operation.resource);
    out += "\n";
    if (!operation.description.empty()) {
      for (const std::string& line : wrap(printable(operation.description), screen.width - 4))
        out += "    " + line + "\n";
    }
    if (const auto can = promises(operation.capabilities); !can.empty())
      out += "    promises: " + joined(can) + "\n";
    if (operation.input) out += members_table(*operation.input).render(screen, 4);
  }
}

std::string connector_text(const ConnectorManifest& connector, const Screen& screen) {
  std::string out = "\n" + paint("connector " + printable(connector.name), Style::strong, screen.color);
  if (!connector.title.empty()) out += "  " + printable(connector.title);
  out += "\n";
  if (!connector.description.empty()) {
    for (const std::string& line : wrap(printable(connector.description), screen.width - 2))
      out += "  " + line + "\n";
  }
  if (connector.settings) block(out, "settings", members_table(*connector.settings), screen);
  Table auth({{"AUTH"}, {"SETTINGS"}, {"HEADER"}});
  for (const AuthScheme& scheme : connector.auth) {
    std::string settings = scheme.user_setting;
    settings += (settings.empty() ? "" : ", ") + scheme.secret_setting;
    auth.add({word(scheme.type), printable(settings), printable(scheme.header)});
  }
  block(out, "credentials, the first whose settings are all present", auth, screen);
  source_blocks(out, connector, screen);
  sink_blocks(out, connector, screen);
  return out;
}

/// One JSON object while it is written.
class Object {
 public:
  Object& raw(std::string_view name, const std::string& json) {
    out_ += out_ == "{" ? "" : ",";
    append_json_string(out_, name);
    out_ += ':' + json;
    return *this;
  }
  Object& text(std::string_view name, std::string_view value) { return raw(name, json_string(value)); }
  Object& number(std::string_view name, std::uint64_t value) { return raw(name, std::to_string(value)); }
  Object& flag(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }
  Object& schema(std::string_view name, const Schema* value) {
    return raw(name, value == nullptr ? "null" : to_json(*value));
  }
  std::string take() const { return out_ + "}"; }

 private:
  std::string out_ = "{";
};

template <class T, class Write>
std::string list_json(const std::vector<T>& all, Write&& write) {
  std::string out = "[";
  for (const T& each : all) out += (out == "[" ? "" : ",") + write(each);
  return out + "]";
}

std::string strings_json(const std::vector<std::string>& all) {
  return list_json(all, [](const std::string& text) { return json_string(text); });
}

std::string operation_json(const Operation& operation) {
  const plugin::Capabilities& can = operation.capabilities;
  Object promised;
  promised.number("idempotency_key_ttl_ms", can.idempotency_key_ttl_ms)
      .flag("unique_conflict", can.unique_conflict)
      .raw("unique_fields", strings_json(can.unique_fields))
      .flag("conditional_update", can.conditional_update)
      .flag("marker", can.marker)
      .flag("idempotent", can.idempotent)
      .number("search_lag_ms", can.search_lag_ms)
      .number("max_server_time_ms", can.max_server_time_ms);
  Object out;
  out.text("name", operation.name)
      .text("shape", word(operation.shape))
      .text("resource", operation.resource)
      .text("description", operation.description)
      .raw("identity", strings_json(operation.identity))
      .raw("capabilities", promised.take())
      .schema("input", operation.input.get());
  return out.take();
}

std::string connector_json(const ConnectorManifest& connector) {
  Object out;
  out.text("name", connector.name).text("title", connector.title).text("description", connector.description);
  out.schema("settings", connector.settings.get());
  out.raw("verify", list_json(connector.verify, [](const VerifyScheme& scheme) {
            return Object()
                .text("name", scheme.name)
                .text("type", word(scheme.type))
                .text("setting", scheme.setting)
                .text("header", scheme.header)
                .text("default", scheme.default_mode)
                .take();
          }));
  out.raw("auth", list_json(connector.auth, [](const AuthScheme& scheme) {
            return Object()
                .text("type", word(scheme.type))
                .text("user_setting", scheme.user_setting)
                .text("secret_setting", scheme.secret_setting)
                .text("header", scheme.header)
                .take();
          }));
  out.raw("hosts", strings_json(connector.hosts)).raw("account", strings_json(connector.account));
  out.raw("events", list_json(connector.events, [](const plugin::EventType& event) {
            return Object()
                .text("name", event.name)
                .raw("keys", strings_json(event.keys))
                .raw("deletes", event.deletes ? "true" : "false")
                .text("description", event.description)
                .schema("data", event.schema.get())
                .take();
          }));
  out.raw("fetches", list_json(connector.fetches, [](const plugin::Fetch& fetch) {
            return Object()
                .text("name", fetch.name)
                .text("description", fetch.description)
                .schema("arguments", fetch.arguments.get())
                .schema("answer", fetch.answer.get())
                .take();
          }));
  out.raw("lists", list_json(connector.lists, [](const plugin::List& list) {
            return Object()
                .text("name", list.name)
                .text("description", list.description)
                .schema("query", list.query.get())
                .schema("item", list.item.get())
                .take();
          }));
  out.raw("operations", list_json(connector.operations, operation_json));
  return out.take();
}

}  // namespace

std::string abi_text(const plugin::Manifest& manifest) {
  return std::to_string(manifest.abi_major) + "." + std::to_string(manifest.abi_minor);
}

std::string plugin_text(const plugin::PluginFile& plugin, const Screen& screen) {
  const plugin::Manifest& manifest = *plugin.manifest;
  std::string out = paint("plugin " + printable(manifest.name), Style::strong, screen.color) + "  " +
                    printable(manifest.version) + "  ABI " + abi_text(manifest) + "\n  " +
                    printable(plugin.file) + "\n";
  for (const ConnectorManifest& connector : manifest.connectors) out += connector_text(connector, screen);
  return out;
}

std::string plugin_json(const plugin::PluginFile& plugin) {
  const plugin::Manifest& manifest = *plugin.manifest;
  return Object()
      .text("name", manifest.name)
      .text("version", manifest.version)
      .text("abi", abi_text(manifest))
      .text("file", plugin.file)
      .raw("connectors", list_json(manifest.connectors, connector_json))
      .take();
}

}  // namespace tenon::app
