// What yaml-cpp says, in words that help.
#pragma once

#include <string>

#include "config/node.hpp"
#include "config/report.hpp"

namespace tenon::config {

/// Reports a syntax error at `line` and `column` (both from 0). `last` is the scalar read before it: the
/// usual cause is an expression that YAML took apart, and then the message says how to quote it.
void explain_yaml_error(Report& report, int line, int column, const std::string& message, const Node& last);

}  // namespace tenon::config
