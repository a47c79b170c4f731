#include "app/definitions.hpp"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "app/cli/output.hpp"
#include "app/cli/progress.hpp"
#include "auth/token_file.hpp"
#include "observe/log.hpp"
#include "runtime/files.hpp"

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
  HostFlags& host = add_host_flags(command, {"plugin_dir"});
  command.prepare([&host, &plugin_dir] {
    plugin_dir = host.settings().text("plugin_dir");
    return kExitOk;
  });
}

DefinitionSources sources_of(const config::HostSettings& settings) {
  return {settings.text("plugin_dir"), settings.list("pin"), settings.text("env_file"),
          settings.list("pipelines")};
}

int require_pipelines(const DefinitionSources& sources) {
  if (!sources.pipelines.empty()) return kExitOk;
  return output().fail("", "no pipelines: name files or folders, or list them as `pipelines:` in tenon.yaml",
                       kExitBadInput);
}

void add_definition_options(Command& command, DefinitionSources& sources) {
  HostFlags& host = add_host_flags(command, {"plugin_dir", "pin", "env_file", "pipelines"});
  command.prepare([&host, &sources] {
    sources = sources_of(host.settings());
    return require_pipelines(sources);
  });
}

Result<config::Environment> read_environment(const std::string& env_file) {
  config::Environment all;
  const std::string file = env_file.empty() ? ".env" : env_file;
  if (!env_file.empty() || std::filesystem::exists(file)) {
    // Before it is read: a file that everybody reads must not become the way that things are done here.
    if (const Status safe = runtime::check_secret_file(file); !safe && safe.error().code == "secret_exposed")
      return safe.error();
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

namespace {

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

Result<std::unique_ptr<plugin::Registry>> open_plugins(const std::string& plugin_dir,
                                                       const std::vector<std::string>& pins) {
  TENON_TRY(const plugin::Pins read, read_pins(pins));
  return plugin::open_registry(plugin_directory(plugin_dir), read);
}

namespace {

Result<Secret> read_token_key(const std::string& key_file, const std::string& env_file) {
  if (!key_file.empty()) {
    TENON_TRY(const Secret text, runtime::read_secret_file(key_file));
    auto key = auth::parse_token_key(text.reveal());
    if (!key) return Error("token_key_invalid", "--token-key-file " + key_file + ": " + key.error().message);
    return key;
  }
  TENON_TRY(const config::Environment env, read_environment(env_file));
  const auto found = env.find("TENON_TOKEN_KEY");
  if (found == env.end() || found->second.empty())
    return Error(
        "token_key_missing",
        "tokens are kept encrypted, and there is no key: neither TENON_TOKEN_KEY nor --token-key-file");
  auto key = auth::parse_token_key(found->second);
  if (!key) return Error("token_key_invalid", "TENON_TOKEN_KEY: " + key.error().message);
  return key;
}

}  // namespace

std::unique_ptr<auth::TokenStore> open_tokens(const std::string& data, const std::string& key_file,
                                              const std::string& env_file) {
  return std::make_unique<auth::TokenFiles>(data + "/tokens", read_token_key(key_file, env_file));
}

Result<std::unique_ptr<Definitions>> read_definitions(const DefinitionSources& sources) {
  auto definitions = std::make_unique<Definitions>();
  TENON_TRY(definitions->registry, open_plugins(sources.plugin_dir, sources.pins));
  for (const Error& refused : definitions->registry->refused()) log::warn(refused.code, refused.message);
  TENON_TRY(definitions->loaded, read_pipelines(sources, *definitions->registry));
  return definitions;
}

Result<config::Loaded> read_pipelines(const DefinitionSources& sources, const plugin::Registry& registry) {
  TENON_TRY(const config::Environment env, read_environment(sources.env_file));
  Progress progress("files");
  config::LoadOptions options;
  options.on_file = [&](std::size_t done, std::size_t total) {
    progress.total(total);
    progress.at(done);
  };
  return config::load(sources.pipelines, env, registry, std::move(options));
}

}  // namespace tenon::app
