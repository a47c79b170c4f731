// What `run` and `check` read before anything else: plugins' manifests, the environment, pipeline files.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/diagnostic.hpp"
#include "config/loader.hpp"
#include "plugin/instance.hpp"

namespace tenon::app {

struct DefinitionSources {
  std::string plugin_dir;  ///< empty: beside the binary
  std::string env_file;    ///< empty: .env, if there is one
  std::vector<std::string> pipelines;
};

struct Definitions {
  std::unique_ptr<plugin::Registry> registry;
  config::Loaded loaded;
};

/// Errors: the plugin directory or the env file cannot be read. Faults in pipeline files are in `loaded`.
/// Plugins that were refused are logged.
Result<std::unique_ptr<Definitions>> read_definitions(const DefinitionSources& sources);

}  // namespace tenon::app
