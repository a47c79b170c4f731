// parse_yaml: a strict subset of YAML 1.2 to Nodes; the only user of yaml-cpp.
#pragma once

#include <optional>

#include "config/node.hpp"
#include "config/report.hpp"

namespace tenon::config {

/// The report's source as a tree. Refused: files above 1 MiB, what is no UTF-8, control characters and tabs,
/// several documents, directives, anchors, aliases, tags, merge keys, keys that are no text or come twice,
/// text without `|` that runs over lines, more than 64 levels or 50,000 values. nullopt if the text is no
/// YAML; else as much as could be read, with errors in the report for what was refused.
std::optional<Node> parse_yaml(Report& report);

/// What can be said of the bytes before they are parsed. False: do not parse.
bool check_bytes(Report& report);

/// Fills `node.offsets` and `node.at.length` of a scalar by reading the source again, as yaml-cpp tells only
/// where a scalar begins. Reports text that runs over lines; false then.
bool locate_scalar(Node& node, Report& report);

constexpr std::size_t kMostFileBytes = std::size_t{1} << 20;

}  // namespace tenon::config
