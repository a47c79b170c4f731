// TENON_CRASH_POINT: a named place at which the fault rig may end the process as if by `kill -9`.
#pragma once

#ifdef TENON_CRASH_POINTS

#include <string_view>

namespace tenon::runtime {

/// With TENON_CRASH_AT=name[:n] in the environment the n-th pass of that name does not return.
void pass_crash_point(std::string_view name);

}  // namespace tenon::runtime

// The name is a literal of its own: tests/faults/crash_points.py reads the list from the source.
#define TENON_CRASH_POINT(name) ::tenon::runtime::pass_crash_point(name)

#else

// Nothing in what users run (CMake's TENON_CRASH_POINTS, preset `faults`).
#define TENON_CRASH_POINT(name) static_cast<void>(0)

#endif
