// Executor: the one way to run something later or elsewhere. Real ones are threads; the virtual ones share
// one.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/function.hpp"

namespace tenon::runtime {

using Duration = std::chrono::nanoseconds;
using TimerId = std::uint64_t;  ///< 0 is no timer

/// A place where tasks run one at a time, in the order posted.
class Executor {
 public:
  virtual ~Executor() = default;
  /// From any thread. The task never runs inline. Tasks posted after stop are dropped without running.
  virtual void post(Function<void()> task) = 0;
  /// From this executor's own thread (or before it runs). Runs `task` once, not before `delay` has passed.
  virtual TimerId after(Duration delay, Function<void()> task) = 0;
  /// From this executor's own thread. A timer that has fired or is 0 is ignored.
  virtual void cancel(TimerId timer) = 0;
  /// True on this executor's own thread.
  virtual bool here() const = 0;
};

/// A callback with the executor that it wants to run on.
template <class T>
struct Reply {
  Executor* on = nullptr;
  Function<void(T)> call;
};

}  // namespace tenon::runtime
