// Flow: one pipeline as delivery runs it: its definition with the instances that it calls.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "config/pipeline.hpp"
#include "plugin/instance.hpp"

namespace tenon::delivery {

/// Instances belong to the pipeline/ folder's host and live on the delivery executor; several flows may share
/// one.
struct Flow {
  std::shared_ptr<const config::Pipeline> pipeline;
  plugin::Instance* source = nullptr;              ///< null if nothing is fetched
  std::map<std::string, plugin::Instance*> sinks;  ///< by connection name
  Value connections;  ///< visible settings by connection name; lives with the host
};

}  // namespace tenon::delivery
