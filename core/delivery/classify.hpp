// classify: what the author takes an answer for, over what the connector says.
#pragma once

#include <string>
#include <vector>

#include "config/pipeline.hpp"
#include "delivery/calls.hpp"
#include "delivery/scope.hpp"
#include "plugin/instance.hpp"

namespace tenon::delivery {

/// Changes `result` as the first rule says that fits. A rule whose condition gives neither true nor false
/// fits nothing and is told in the log. `delivered` is for calls that write, `stale` for those and for
/// fetches, whose object is then gone.
void classify(const std::vector<config::ClassRule>& rules, RunScope& scope, const std::string& connection,
              Calls::Kind kind, const plugin::Answer& answer, plugin::CallResult& result);

}  // namespace tenon::delivery
