// What can be known of a record before any event: its keys and its literals, against the operation's schema.
#pragma once

#include <string>

#include "base/schema.hpp"
#include "config/node.hpp"

namespace tenon::config {

/// Reports keys that the schema does not know, required ones that are never set, and literals that cannot
/// fit. Expressions are left to run time. `what` names the reader for messages: "operation upsert_customer".
void check_record(const Node& node, const Schema& schema, const std::string& path, const std::string& what,
                  Report& report);

}  // namespace tenon::config
