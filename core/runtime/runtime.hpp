// Runtime: everything a host needs from the machine, real or virtual. The one seam for time, threads and the
// network.
#pragma once

#include <cstddef>

#include "runtime/clock.hpp"
#include "runtime/executor.hpp"
#include "runtime/http.hpp"

namespace tenon::runtime {

/// The working executors of a host and what they share. Executors differ in the real runtime (a thread each)
/// and may be one and the same in the virtual one.
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

  /// How many delivery executors there are.
  virtual std::size_t deliveries() const { return 1; }
  /// This runtime as parts on the i-th of them see it: `delivery()` is that one and `http()` its client. The
  /// first is this one itself. Lives as long as this one.
  virtual Runtime& at_delivery(std::size_t i) {
    (void)i;
    return *this;
  }
};

/// A runtime with another delivery executor than its first.
class DeliveryView final : public Runtime {
 public:
  /// All outlive it.
  DeliveryView(Runtime& whole, Executor& delivery, HttpClient& http)
      : whole_(whole), delivery_(delivery), http_(http) {}
  Executor& ingress() override { return whole_.ingress(); }
  Executor& delivery() override { return delivery_; }
  Executor& writer() override { return whole_.writer(); }
  Clock& clock() override { return whole_.clock(); }
  Random& random() override { return whole_.random(); }
  HttpClient& http() override { return http_; }

 private:
  Runtime& whole_;
  Executor& delivery_;
  HttpClient& http_;
};

}  // namespace tenon::runtime
