// Secrets that a file would hand to expressions or logs by another name.
#pragma once

#include "config/connections.hpp"
#include "config/node.hpp"

namespace tenon::config {

/// Reports each `${…}` under `vars:` or in a visible setting that a secret setting is filled from too, here
/// or in a file of `use:`: expressions and logs see those places. What a used file does within itself is
/// reported when that file is read.
void check_secret_reach(const Node& root, const Connections& connections, Report& report);

}  // namespace tenon::config
