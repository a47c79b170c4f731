// One file to one pipeline: the sections in the order in which they see each other.
#pragma once

#include <memory>

#include "config/connections.hpp"
#include "config/pipeline.hpp"

namespace tenon::config {

struct PipelineFile {
  std::shared_ptr<const Pipeline> pipeline;  ///< null if the report has errors
  Connections connections;
  std::string name;  ///< even if there are errors; empty if there is none
  Span name_at;
};

/// Checks everything that one file can tell; what is wrong goes to the report.
PipelineFile read_pipeline(const Node& root, const Environment& environment, const plugin::Registry& registry,
                           Report& report);

}  // namespace tenon::config
