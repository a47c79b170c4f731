// Runtime: everything a host needs from the machine, real or virtual. The one seam for time, threads and the
// network.
#pragma once

#include "runtime/clock.hpp"
#include "runtime/executor.hpp"
#include "runtime/http.hpp"

namespace tenon::runtime {

/// The three working executors of a host and what they share. Executors differ in the real runtime (a thread
/// each) and may be one and the same in the virtual one.
class Runtime {
 public:
  virtual ~Runtime() = default;
  virtual Executor& ingress() = 0;
  virtual Executor& delivery() = 0;
  virtual Executor& writer() = 0;
  virtual Clock& clock() = 0;
  virtual Random& random() = 0;
  /// The client of the delivery executor.
  virtual HttpClient& http() = 0;
};

}  // namespace tenon::runtime
