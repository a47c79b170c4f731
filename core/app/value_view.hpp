// Values for people: JSON, indented and coloured.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "app/cli/terminal.hpp"
#include "base/value.hpp"

namespace tenon::app {

/// Indented by two, short lists and objects on one line. Safe for a terminal. No line end behind it.
std::string render_value(Value value, const Screen& screen);

/// "a string", "an array of 3"; "missing".
std::string type_text(Value value);

/// The line of an expression that byte `offset` stands in, with a caret line below what is meant.
std::string with_caret(std::string_view text, std::size_t offset, std::size_t length);

}  // namespace tenon::app
