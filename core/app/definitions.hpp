// What `run` and `check` read before anything else: plugins' manifests, the environment, pipeline files.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/cli/command.hpp"
#include "app/host_flags.hpp"
#include "auth/tokens.hpp"
#include "base/result.hpp"
#include "config/diagnostic.hpp"
#include "config/environment.hpp"
#include "config/loader.hpp"
#include "plugin/instance.hpp"

namespace tenon::app {

struct DefinitionSources {
  std::string plugin_dir;         ///< empty: beside the binary
  std::vector<std::string> pins;  ///< NAME=sha256:DIGEST
  std::string env_file;           ///< empty: .env, if there is one
  std::vector<std::string> pipelines;
};

/// Where the host of a data directory keeps its connections' tokens. The key is read at once: from
/// `key_file`, or TENON_TOKEN_KEY of the environment (`env_file` too). Without one the store says so when it
/// is needed.
std::unique_ptr<auth::TokenStore> open_tokens(const std::string& data, const std::string& key_file,
                                              const std::string& env_file);

/// --plugin-dir, --env-file and the pipeline files, or what tenon.yaml says of them; in `sources` when the
/// verb runs, at least one file or folder among them.
void add_definition_options(Command& command, DefinitionSources& sources);
DefinitionSources sources_of(const config::HostSettings& settings);
/// Bad input if there is none, else kExitOk.
int require_pipelines(const DefinitionSources& sources);
/// --plugin-dir, or what tenon.yaml says.
void add_plugin_dir(Command& command, std::string& plugin_dir);

/// `wanted`, or else the plugins that belong to this binary: ../lib/tenon beside its folder.
std::string plugin_directory(const std::string& wanted);

/// The plugins' manifests; no code is loaded. Errors: those of plugin::open_registry, `plugin_pin_invalid`.
Result<std::unique_ptr<plugin::Registry>> open_plugins(const std::string& plugin_dir,
                                                       const std::vector<std::string>& pins = {});

/// The process's own, over those of the env file. Errors: the file cannot be read, or others can read it.
Result<config::Environment> read_environment(const std::string& env_file);

struct Definitions {
  std::unique_ptr<plugin::Registry> registry;
  config::Loaded loaded;
};

/// Errors: the plugin directory or the env file cannot be read. Faults in pipeline files are in `loaded`.
/// Plugins that were refused are logged.
Result<std::unique_ptr<Definitions>> read_definitions(const DefinitionSources& sources);
/// The same with plugins that are open already. Errors: the env file cannot be read.
Result<config::Loaded> read_pipelines(const DefinitionSources& sources, const plugin::Registry& registry);

}  // namespace tenon::app
