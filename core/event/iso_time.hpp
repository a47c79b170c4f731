// Times as expressions see them.
#pragma once

#include <cstdint>
#include <string>

namespace tenon {

/// ISO 8601, UTC, milliseconds: `2026-01-31T13:00:00.250Z`.
std::string iso_time(std::int64_t ms);

}  // namespace tenon
