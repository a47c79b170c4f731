// One file to one pipeline: the sections in the order in which they see each other.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "config/connections.hpp"
#include "config/pipeline.hpp"

namespace tenon::config {

struct PipelineFile {
  std::shared_ptr<const Pipeline> pipeline;  ///< null if the report has errors
  Connections connections;
  std::string name;  ///< even if there are errors; empty if there is none
  Span name_at;
};

/// Gives the connections of a file that `use:` names, by its path; reports of its own what is wrong inside.
/// nullptr: it cannot be read.
using UseFile = std::function<const Connections*(const std::string& path)>;

/// True for a file that holds `connections:` and no part of a pipeline: it is made to be used by others.
bool is_connections_file(const Node& root);

/// The connections of such a file; what is wrong goes to the report.
Connections read_connections_file(const Node& root, const Environment& environment,
                                  const plugin::Registry& registry, Report& report);

/// Checks everything that one file can tell; what is wrong goes to the report.
PipelineFile read_pipeline(const Node& root, const Environment& environment, const plugin::Registry& registry,
                           const UseFile& use, Report& report);

}  // namespace tenon::config
