// The verbs of the command line: each adds itself to the tree, from the file of its name.
#pragma once

#include "app/cli/command.hpp"

namespace tenon::app {

void add_check(Command& program);
void add_dead(Command& program);
void add_events(Command& program);
void add_run(Command& program);
void add_version(Command& program);

}  // namespace tenon::app
