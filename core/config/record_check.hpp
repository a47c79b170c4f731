// What can be known of a record before any event: its keys, its literals and what its expressions give,
// against the operation's schema.
#pragma once

#include <string>

#include "base/schema.hpp"
#include "config/names.hpp"
#include "config/node.hpp"

namespace tenon::config {

/// Reports keys that the schema does not know, required ones that are never set or may be missing, literals
/// that cannot fit, and expressions whose type is refused. `types`: of the expressions below `node`; of what
/// is not there nothing is known. `what` names the reader for messages: "operation upsert_customer".
void check_record(const Node& node, const Schema& schema, const TextTypes& types, const std::string& path,
                  const std::string& what, Report& report);

}  // namespace tenon::config
