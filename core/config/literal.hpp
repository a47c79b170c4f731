// Literals: values that stand in the file as they are meant, without expressions and variables.
#pragma once

#include <string>

#include "config/node.hpp"
#include "config/tests.hpp"

namespace tenon::config {

/// The node as a value; expressions and variables in it are reported, `$${` is a literal `${`.
Literal read_literal(const Node& node, const std::string& path, Report& report);

/// The same, and reported if it is no map.
std::optional<Literal> read_literal_map(const Node& node, const std::string& path, Report& report);

}  // namespace tenon::config
