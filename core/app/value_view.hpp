// Values for people: JSON, indented and coloured.
#pragma once

#include <string>

#include "app/cli/terminal.hpp"
#include "base/value.hpp"

namespace tenon::app {

/// Indented by two, short lists and objects on one line. Safe for a terminal. No line end behind it.
std::string render_value(Value value, const Screen& screen);

/// "a string", "an array of 3"; "missing".
std::string type_text(Value value);

}  // namespace tenon::app
