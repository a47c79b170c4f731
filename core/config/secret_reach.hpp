// Secrets that a file would hand to expressions or logs by another name.
#pragma once

#include "config/connections.hpp"
#include "config/node.hpp"

namespace tenon::config {

/// Reports each `${NAME}` under `vars:` or in a visible setting that a secret setting of this file is filled
/// from too: expressions and logs see those places.
void check_secret_reach(const Node& root, const Connections& connections, Report& report);

}  // namespace tenon::config
