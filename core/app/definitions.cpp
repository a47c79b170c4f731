#include "app/definitions.hpp"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "config/environment.hpp"
#include "observe/log.hpp"

extern char** environ;

namespace tenon::app {

std::string plugin_directory(const std::string& wanted) {
  if (!wanted.empty()) return wanted;
  std::error_code failed;
  const auto binary = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed) return "lib/tenon";
  return (binary.parent_path().parent_path() / "lib" / "tenon").string();
}

void add_plugin_dir(Command& command, std::string& plugin_dir) {
  command.option("--plugin-dir", plugin_dir, "Directory of the plugins")
      .value("DIR")
      .completes(Completes::directory)
      .shows_default("../lib/tenon beside the binary");
}

void add_definition_options(Command& command, DefinitionSources& sources) {
  add_plugin_dir(command, sources.plugin_dir);
  command.option("--pin", sources.pins, "The plugin's file must be this one; once for each plugin")
      .value("NAME=sha256:DIGEST");
  command.option("--env-file", sources.env_file, "File of NAME=VALUE lines")
      .value("FILE")
      .completes(Completes::file)
      .shows_default(".env, if there is one");
  command.argument("pipelines", sources.pipelines, "Pipeline files, or folders of them")
      .completes(Completes::file)
      .required();
}

namespace {

Result<config::Environment> environment(const std::string& env_file) {
  config::Environment all;
  const std::string file = env_file.empty() ? ".env" : env_file;
  if (!env_file.empty() || std::filesystem::exists(file)) {
    TENON_TRY(all, config::parse_env_file(file));
  }
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string_view::npos)
      all.insert_or_assign(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
  }
  return all;
}

Result<plugin::Pins> read_pins(const std::vector<std::string>& words) {
  plugin::Pins pins;
  for (const std::string& word : words) {
    const auto equals = std::min(word.find('='), word.size());
    const auto digest = plugin::parse_pin(std::string_view(word).substr(std::min(equals + 1, word.size())));
    if (!digest || equals == 0)
      return Error("plugin_pin_invalid",
                   "--pin " + word + ": expected NAME=sha256: and 64 hexadecimal digits");
    if (!pins.emplace(word.substr(0, equals), *digest).second)
      return Error("plugin_pin_invalid",
                   "--pin " + word + ": " + word.substr(0, equals) + " is pinned twice");
  }
  return pins;
}

}  // namespace

Result<std::unique_ptr<Definitions>> read_definitions(const DefinitionSources& sources) {
  auto definitions = std::make_unique<Definitions>();
  TENON_TRY(const plugin::Pins pins, read_pins(sources.pins));
  TENON_TRY(definitions->registry, plugin::open_registry(plugin_directory(sources.plugin_dir), pins));
  for (const Error& refused : definitions->registry->refused()) log::warn(refused.code, refused.message);
  TENON_TRY(const config::Environment env, environment(sources.env_file));
  definitions->loaded = config::load(sources.pipelines, env, *definitions->registry);
  return definitions;
}

}  // namespace tenon::app
