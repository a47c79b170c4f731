// start_thread: a named thread that leaves signals to the main thread.
#pragma once

#include <string>
#include <thread>

#include "base/function.hpp"

namespace tenon::runtime {

/// `name` shows in top and in core files; cut to 15 bytes. All signals but those of faults are blocked in it.
std::thread start_thread(const std::string& name, Function<void()> body);

}  // namespace tenon::runtime
