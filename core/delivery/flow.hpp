// Flow: one pipeline as delivery runs it: its definition with the instances that it calls.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/pipeline.hpp"
#include "plugin/instance.hpp"

namespace tenon::delivery {

/// Which events one run may stand for; told from the pipeline once, at load (fold.cpp). The default: none.
struct Folding {
  bool folds = false;
  /// Also where other events of the same object stand between.
  bool past_others = false;
  // What must be the same of both, since it decides what a run does. Connection, class, key and keys always
  // must.
  bool type = true;
  bool data = true;
  bool version = true;
  bool time = true;
  bool received = true;
};

/// Instances live on the delivery executor; several flows may share one.
struct Flow {
  std::shared_ptr<const config::Pipeline> pipeline;
  plugin::Instance* source = nullptr;              ///< null if nothing is fetched
  std::map<std::string, plugin::Instance*> sinks;  ///< by connection name
  Value connections;                               ///< visible settings by connection name
  Folding folding;
  std::vector<std::shared_ptr<const void>> keeps;  ///< what the members above point to
};

/// Whether the pipeline has an action of that name, and it is a call: once it was delivered nothing tells
/// whether the sink would take a second one for the first.
inline bool is_call(const Flow& flow, const std::string& name) {
  for (const config::Action& action : flow.pipeline->actions) {
    if (action.name != name) continue;
    const auto* operation = flow.sinks.at(action.connection)->manifest().operation(action.operation);
    return operation->shape == plugin::Operation::Shape::call;
  }
  return false;
}

}  // namespace tenon::delivery
