// Clock and Random: where time and chance come from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "runtime/executor.hpp"

namespace tenon::runtime {

/// From any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Monotonic, since an arbitrary start; for deadlines and intervals.
  virtual Duration steady() const = 0;
  /// Milliseconds since the Unix epoch; for what people and remotes read. May jump.
  virtual std::int64_t wall_ms() const = 0;
};

/// From any thread.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;
  /// Uniform in [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
};

}  // namespace tenon::runtime
