// The pipeline file as a JSON Schema (draft-07), for editors; made of the loader's own tables.
#pragma once

#include <string>

#include "plugin/instance.hpp"

namespace tenon::config {

/// Of a pipeline file. Connections have the settings of the registry's connectors.
std::string pipeline_schema(const plugin::Registry& registry);
/// Of a file that others `use:`.
std::string connections_schema(const plugin::Registry& registry);
/// Of tenon.yaml.
std::string host_schema();

}  // namespace tenon::config
