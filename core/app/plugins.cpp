// tenon plugins: what the manifests of the plugin directory say. No plugin's code is loaded.
#include <algorithm>
#include <vector>

#include "app/cli/output.hpp"
#include "app/cli/table.hpp"
#include "app/definitions.hpp"
#include "app/plugin_view.hpp"
#include "app/verbs.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace tenon::app {
namespace {

Result<std::unique_ptr<plugin::Registry>> registry_of(const HostFlags& host) {
  return open_plugins(host.settings().text("plugin_dir"), host.settings().list("pin"));
}

std::string connector_names(const plugin::Manifest& manifest, std::string_view between) {
  std::string names;
  for (const auto& connector : manifest.connectors)
    names += (names.empty() ? "" : std::string(between)) + connector.name;
  return names;
}

std::string list_json(const plugin::Registry& registry) {
  std::string plugins;
  for (const plugin::PluginFile& plugin : registry.plugins()) {
    std::string names;
    for (const auto& connector : plugin.manifest->connectors)
      names += (names.empty() ? "" : ",") + json_string(connector.name);
    plugins += (plugins.empty() ? "" : ",") + ("{\"name\":" + json_string(plugin.manifest->name)) +
               ",\"version\":" + json_string(plugin.manifest->version) +
               ",\"abi\":" + json_string(abi_text(*plugin.manifest)) + ",\"connectors\":[" + names +
               "],\"file\":" + json_string(plugin.file) + "}";
  }
  std::string refused;
  for (const Error& error : registry.refused()) {
    refused += (refused.empty() ? "" : ",") + ("{\"code\":" + json_string(error.code)) +
               ",\"message\":" + json_string(error.message) + "}";
  }
  return "{\"plugins\":[" + plugins + "],\"refused\":[" + refused + "]}";
}

int list_plugins(const HostFlags& host) {
  const auto registry = registry_of(host);
  if (!registry) return output().fail(registry.error(), kExitBadInput);
  if (output().json()) {
    output().document(list_json(**registry));
    return kExitOk;
  }
  for (const Error& error : (*registry)->refused())
    output().warning(error.code + ": " + printable(error.message));
  Table table({{"NAME"}, {"VERSION"}, {"ABI"}, {"CONNECTORS", 12}, {"FILE", 16}});
  for (const plugin::PluginFile& plugin : (*registry)->plugins()) {
    const plugin::Manifest& manifest = *plugin.manifest;
    table.add({printable(manifest.name), printable(manifest.version), abi_text(manifest),
               printable(connector_names(manifest, ",")), printable(plugin.file)});
  }
  if (table.empty()) {
    output().note("no plugins");
    return kExitOk;
  }
  output().text(table.render(output().out()));
  return kExitOk;
}

int show_plugin(const HostFlags& host, const std::string& name) {
  const auto registry = registry_of(host);
  if (!registry) return output().fail(registry.error(), kExitBadInput);
  std::vector<std::string> known;
  for (const plugin::PluginFile& plugin : (*registry)->plugins()) {
    const auto& connectors = plugin.manifest->connectors;
    const bool has = std::any_of(connectors.begin(), connectors.end(),
                                 [&](const auto& connector) { return connector.name == name; });
    known.push_back(plugin.manifest->name);
    for (const auto& connector : connectors) known.push_back(connector.name);
    if (plugin.manifest->name != name && !has) continue;
    if (output().json()) {
      output().document(plugin_json(plugin));
    } else {
      output().text(plugin_text(plugin, output().out()));
    }
    return kExitOk;
  }
  const auto near = nearest(name, known);
  return output().fail(
      "not_found",
      "no plugin or connector is called `" + name + "`" + (near ? "; did you mean `" + *near + "`?" : ""),
      kExitFailure, "Run `tenon plugins list` for those that are there.");
}

}  // namespace

void add_plugins(Command& program) {
  Command& group = program.verb("plugins", "List or show plugins, by their manifests");
  Command& list = group.verb("list", "List the plugins of the plugin directory");
  list.about(
      "Only manifests are read: no plugin's code is loaded. Files that were refused are told as warnings.");
  HostFlags& list_host = add_host_flags(list, {"plugin_dir", "pin"});
  list.json();
  list.example("tenon plugins list", "Name, version, ABI and connectors of each");
  list.example("tenon plugins list --json", "The same with what was refused, for a script");
  list.run([&list_host] { return list_plugins(list_host); });

  Command& show = group.verb("show", "Show what a plugin's connectors want and can do");
  show.about(
      "Settings with types and defaults, schemes of verification, credentials, events, fetches, lists and "
      "operations with their input. Only the manifest is read.");
  auto& name = show.keep<std::string>();
  show.argument("name", name, "Name of a plugin or a connector").completes(Completes::plugin).required();
  HostFlags& show_host = add_host_flags(show, {"plugin_dir", "pin"});
  show.json();
  show.example("tenon plugins show $(tenon plugins list | head -1 | cut -f1)", "The first of the list");
  show.example("tenon plugins show --json $(tenon plugins list | tail -1 | cut -f1)",
               "The last, with whole schemas");
  show.run([&show_host, &name] { return show_plugin(show_host, name); });
}

}  // namespace tenon::app
