// Crash: the last words of a process that dies inside a plugin, and the marks that let the next start know.
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/attempts.hpp"

namespace tenon::runtime {

/// From here on: a fatal signal, an exit or a fork in the middle of what a thread is Doing is told in one
/// line of the log that names it (`plugin_crashed`), and marked. Lines are JSON objects if `json`. Once,
/// before threads start.
void watch_for_crashes(bool json);

/// A stack for fatal signals, so that one that ran out of stack is told too. Each thread calls it once;
/// start_thread does.
void use_signal_stack();

namespace detail {
extern const volatile std::uint32_t* same_process;  ///< null: not watched; reads as 0 in a forked child
extern int sentinel;
void check_border(std::string_view who, std::string_view what);
}  // namespace detail

/// After a plugin's code: ends the process, with a line, if it is a copy that the plugin forked, or if the
/// plugin closed the host's descriptors: what it wrote to next might be anything. Within the scope of its
/// Doing.
inline void check_border(std::string_view who, std::string_view what) {
  if (detail::same_process != nullptr) detail::check_border(who, what);
}

}  // namespace tenon::runtime
