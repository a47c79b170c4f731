// Resolver: getaddrinfo on a thread of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "runtime/executor.hpp"

namespace tenon::runtime {

/// Asks the system's resolver, one name at a time: a slow name holds up the names behind it, never a thread
/// that works. Its callers give up by their own clocks.
class Resolver {
 public:
  using Addresses = std::vector<std::string>;  ///< as text, in the system's order of preference; not empty
  /// Answers are posted to `executor`.
  explicit Resolver(Executor& executor);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  /// Does not wait for a lookup that still runs; its answer is dropped.
  ~Resolver();

  /// `done` gets `dns_failed` or the addresses.
  void ask(std::string host, Function<void(Result<Addresses>)> done);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace tenon::runtime
