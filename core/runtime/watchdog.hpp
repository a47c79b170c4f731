// Watchdog: a thread that ends a process whose executor hangs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/doing.hpp"
#include "runtime/executor.hpp"

namespace tenon::runtime {

struct WatchdogOptions {
  Duration interval = std::chrono::seconds(1);  ///< between two questions to an executor
  Duration limit = std::chrono::seconds(30);    ///< without an answer: stuck
  /// Called on the watchdog's thread with who is stuck and at what. Empty: log `executor_stuck` and abort.
  Function<void(const std::string& executor, const std::string& doing)> on_stuck;
};

/// Posts a task to each executor and waits for it to run. A process that was stopped as a whole (SIGSTOP, a
/// suspended machine) is not stuck: time that the watchdog itself missed does not count.
class Watchdog {
 public:
  /// Starts its thread. The executors must outlive this.
  Watchdog(std::vector<std::pair<std::string, Executor*>> executors, WatchdogOptions options);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  /// Stops and joins.
  ~Watchdog();
  /// From any thread: asks no more. To be called before the executors stop answering.
  void stop();

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

}  // namespace tenon::runtime
