// Help: what a command tells of itself.
#pragma once

#include <string>

#include "app/cli/command.hpp"
#include "app/cli/terminal.hpp"

namespace tenon::app {

/// Summary, usage, subcommands, arguments, options, examples and exit codes. Broken to the screen's width on
/// a terminal, at most 100 columns.
std::string render_help(const Command& command, const Screen& screen);

/// `-q, --quiet`, `--limit N`, `PIPELINES...`
std::string option_names(const OptionInfo& option);
/// What it does, with its default.
std::string option_help(const OptionInfo& option);

/// `tenon events list [OPTIONS]`.
std::string usage_line(const Command& command);

}  // namespace tenon::app
