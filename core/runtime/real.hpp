// The real runtime: threads, the machine's clocks and its network.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "runtime/runtime.hpp"
#include "runtime/watchdog.hpp"

namespace tenon::runtime {

struct RealOptions {
  /// PEM file of certificate authorities to trust besides the system's; empty: none.
  std::string ca_file;
  std::string user_agent = "tenon";
  /// Offer HTTP/2 by ALPN on TLS connections.
  bool http2 = false;
  std::size_t max_connections = 1024;  ///< open at once; further requests wait within their deadline
  std::size_t idle_connections = 256;  ///< kept for reuse
  std::size_t deliveries = 1;          ///< delivery threads, each with a client of its own
  bool watchdog = true;
  WatchdogOptions watch;
};

/// Threads of ingress, writer and each delivery, a resolver's for each client, and a watchdog's. Tasks may be
/// posted at once; they run from start() on.
class RealRuntime : public Runtime {
 public:
  /// Starts the threads. Once.
  virtual void start() = 0;
  /// From any thread. Running tasks end, waiting ones are dropped without running, open requests end without
  /// a call; wait_for_signal returns.
  virtual void stop() = 0;
  /// Not from an executor. Returns once the threads have ended after stop(). The destructor does both.
  virtual void join() = 0;
  /// Blocks the calling thread until stop(). Runs `on_signal` on it for each signal of the list that arrives;
  /// those signals do nothing else from then on. Call hold_signals() first thing in main to miss none.
  virtual void wait_for_signal(std::initializer_list<int> signals, Function<void(int)> on_signal) = 0;
};

/// Fails with `runtime_failed` if the machine refuses what is needed (descriptors, libcurl).
Result<std::unique_ptr<RealRuntime>> make_real(RealOptions options = {});

/// Lets these signals wait instead of acting, in this thread and all threads started from it later.
void hold_signals(std::initializer_list<int> signals);

/// Secrets are in this process's memory: from here on it leaves no core file, and no other process of the
/// same user may read its memory or attach to it. First thing, before a secret is read.
void keep_memory_private();

/// Large blocks come from the system and go back to it at once. Else the most that was ever needed at a time
/// stays with the process, in pieces, and a body that is not yet there occupies what an earlier one has
/// touched.
void give_memory_back();

}  // namespace tenon::runtime
