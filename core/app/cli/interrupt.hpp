// Interrupt: Ctrl-C asks a long verb to stop at a good place instead of ending the process.
#pragma once

namespace tenon::app {

/// While one lives SIGINT and SIGTERM are noted; a second one ends the process as ever. Not nested.
class Interrupt {
 public:
  Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  ~Interrupt();
  /// One came.
  static bool asked();
};

}  // namespace tenon::app
