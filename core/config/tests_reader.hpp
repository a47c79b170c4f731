// `tests:`: nodes to Tests, names in them checked against the pipeline.
#pragma once

#include <vector>

#include "config/connections.hpp"
#include "config/node.hpp"
#include "config/pipeline.hpp"
#include "config/tests.hpp"

namespace tenon::config {

/// What tests may name. `source` is the trigger's connector; null if it is not known.
struct TestNames {
  const Pipeline& pipeline;
  const Connections& connections;
  const plugin::ConnectorManifest* source = nullptr;
};

/// Everything wrong goes to the report; a test that was refused may be incomplete.
std::vector<Test> read_tests(const Node& section, const TestNames& names, Report& report);

}  // namespace tenon::config
