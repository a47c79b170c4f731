// tenon completion: scripts for the shells, and the values that only the world knows.
#include "app/cli/complete.hpp"

#include <filesystem>
#include <set>

#include "app/cells.hpp"
#include "app/cli/output.hpp"
#include "app/definitions.hpp"
#include "app/host_client.hpp"
#include "app/verbs.hpp"

namespace tenon::app {
namespace {

constexpr const char* kMostEvents = "50";

/// What a flag among the words, tenon.yaml or the default says.
std::string setting(const TypedWords& typed, std::string_view key) {
  std::string value = typed.value_of(config::flag_of(*config::find_host_option(key)));
  if (!value.empty()) return value;
  std::string file = typed.value_of("--config");
  if (file.empty() && std::filesystem::exists(config::kHostFileName)) file = config::kHostFileName;
  const config::HostSettings settings =
      file.empty() ? config::HostSettings() : config::load_host_file(file).settings;
  return settings.text(key);
}

std::vector<Candidate> events(const TypedWords& typed, const std::string& target) {
  std::vector<Candidate> all;
  const auto document = ask_host(setting(typed, "data"), target + "?limit=" + kMostEvents);
  if (!document) return all;
  for (const Value event : document->root.get("events").items()) {
    all.push_back({cell(event.get("seq")),
                   cell(event.get("type")) + " " + cell(event.get("key")) + " " + cell(event.get("state"))});
  }
  return all;
}

/// The pipelines of the newest events.
std::vector<Candidate> pipelines(const TypedWords& typed) {
  std::set<std::string> names;
  if (const auto document = ask_host(setting(typed, "data"), "/v1/events?limit=1000")) {
    for (const Value event : document->root.get("events").items()) names.insert(cell(event.get("pipeline")));
  }
  std::vector<Candidate> all;
  for (const std::string& name : names) all.push_back({name, ""});
  return all;
}

std::vector<Candidate> plugins(const TypedWords& typed, bool with_plugins) {
  std::vector<Candidate> all;
  const auto registry = open_plugins(setting(typed, "plugin_dir"));
  if (!registry) return all;
  std::set<std::string> seen;
  for (const plugin::PluginFile& plugin : (*registry)->plugins()) {
    if (with_plugins && seen.insert(plugin.manifest->name).second)
      all.push_back({plugin.manifest->name, "plugin " + plugin.manifest->version});
    for (const auto& connector : plugin.manifest->connectors) {
      if (seen.insert(connector.name).second) all.push_back({connector.name, connector.title});
    }
  }
  return all;
}

}  // namespace

std::vector<Candidate> values_of(Completes kind, const TypedWords& typed) {
  switch (kind) {
    case Completes::pipeline:
      return pipelines(typed);
    case Completes::connector:
    case Completes::plugin:
      return plugins(typed, kind == Completes::plugin);
    case Completes::event:
      return events(typed, "/v1/events");
    case Completes::dead_letter:
      return events(typed, "/v1/dead");
    case Completes::nothing:
    case Completes::file:
    case Completes::directory:
      break;
  }
  return {};
}

void add_completion(Command& program) {
  Command& command = program.verb("completion", "Print a shell's completion script");
  command.about(
      "Completes verbs, flags, files, plugins and connectors, and pipelines and events of a running host.\n\n"
      "bash: `source <(tenon completion bash)` in ~/.bashrc. zsh: `source <(tenon completion zsh)` behind "
      "compinit in ~/.zshrc. fish: `tenon completion fish > ~/.config/fish/completions/tenon.fish`.");
  auto& shell = command.keep<std::string>();
  command.argument("shell", shell, "bash, zsh or fish").one_of({"bash", "zsh", "fish"}).required();
  command.example("source <(tenon completion bash)", "For this shell, if it is bash");
  command.example("tenon completion zsh > _tenon", "A file for a folder of zsh's fpath");
  command.run([&shell] {
    output().text(completion_script(shell));
    return kExitOk;
  });
}

}  // namespace tenon::app
