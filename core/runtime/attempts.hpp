// Attempts: what each thread was at when the process died, kept in a small mapped file that survives the
// process (not the power: nothing is synced). What kills a host again and again is found, counted and can be
// left alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace tenon::runtime {

/// How a process died of what it was at, beside the numbers of signals.
enum class Died : std::uint32_t {
  stuck = 1000,  ///< the watchdog gave the thread up
  exited,        ///< the plugin called exit or _exit
  closed,        ///< the plugin closed descriptors of the host
  silently,      ///< nobody marked it: SIGKILL, a power cut, or a system call that exits. Not counted
};

/// One thread of the former process that did not come back from what it was at.
struct Crash {
  std::uint64_t event = 0;  ///< 0: of none
  std::string doing;        ///< "the plugin find"
  std::string how;          ///< "SIGSEGV"
  bool counted = false;
  unsigned marks = 0;  ///< of this event, over all starts
};

/// An event that a former process died of, with all its marks.
struct Marked {
  std::uint64_t event = 0;
  unsigned marks = 0;
  std::string doing;  ///< the last time
  std::string how;
};

struct FormerAttempts {
  std::vector<Crash> crashes;  ///< of the last process
  std::vector<Marked> marked;  ///< events with marks, these included
};

/// Maps the file, makes it if needed (0600), counts what the last process left, and lets threads that start
/// from now on keep their notes there. A file that is none of ours is made anew. Once in a process. Errors:
/// `file_failed`.
Result<FormerAttempts> open_attempts(const std::string& path);

/// The event has ended: its marks are forgotten. One call at a time.
void forget_marks(std::uint64_t event);

/// "SIGSEGV", "stuck", …
std::string died_text(std::uint32_t how);

}  // namespace tenon::runtime
