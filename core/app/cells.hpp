// JSON values as text for people.
#pragma once

#include <string>

#include "base/value.hpp"

namespace tenon::app {

/// Printable; empty for what is missing, null or an empty string. Not a string: its JSON.
std::string cell(Value value);

/// Milliseconds since the Unix epoch. To a terminal the local time, `2026-01-31 14:00:00`; else RFC 3339 in
/// UTC, `2026-01-31T13:00:00Z`. Empty if it is no number.
std::string time_cell(Value ms);

}  // namespace tenon::app
