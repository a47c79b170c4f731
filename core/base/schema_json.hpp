// A Schema as JSON Schema text again.
#pragma once

#include <string>

#include "base/schema.hpp"

namespace tenon {

/// Compact; the keywords in a fixed order, those that say nothing left out. Parses back to an equal schema.
std::string to_json(const Schema& schema);

}  // namespace tenon
