// Environment: where `${NAME}` comes from.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tenon::config {

using Environment = std::map<std::string, std::string, std::less<>>;

/// Reads a `.env` file: lines of `NAME=value`, blank lines and `#` comments (after a value: behind white
/// space). `export ` before a name is allowed. A value in double quotes knows \n \t \" \\ \$; one in single
/// quotes is taken as it stands; a quoted value stays on one line; nothing is expanded. A name that comes
/// twice is an error. Errors: `env_file_unreadable`, `invalid_env_file` with file and line, never a value.
Result<Environment> parse_env_file(const std::string& path);

/// The same from memory; `name` is for messages.
Result<Environment> parse_env_text(std::string_view text, const std::string& name);

}  // namespace tenon::config
