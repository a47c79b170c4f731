// Confirm: a person is asked before something is done that cannot be taken back.
#pragma once

#include <string>

namespace tenon::app {

/// True if it may be done: the person at the terminal types y or yes. Else says why not and gives the exit
/// code: somebody said no (kExitFailure), or nobody can be asked (kExitBadInput).
bool confirmed(const std::string& question, int& code);

}  // namespace tenon::app
