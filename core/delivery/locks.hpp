// IdentityLocks: one writer at a time per identity of a sink, whatever lane or pipeline it comes from.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "base/function.hpp"
#include "journal/journal.hpp"
#include "runtime/executor.hpp"

namespace tenon::delivery {

/// First come, first served on every key. A request queues on all its keys in one step, so two of them can
/// never wait for each other. One thread.
class IdentityLocks {
 public:
  explicit IdentityLocks(runtime::Executor& executor) : executor_(executor) {}

  struct Ticket;
  using Lock = std::shared_ptr<Ticket>;

  /// `granted(waited)` runs once: inline if nobody holds any of the keys, else posted when the last of them
  /// is free. Keys need not be sorted; doubles count once.
  Lock acquire(std::vector<journal::IdentityKey> keys, Function<void(bool waited)> granted);
  /// Ends a lock, granted or not.
  void release(const Lock& lock);

  std::size_t held() const { return queues_.size(); }

 private:
  runtime::Executor& executor_;
  std::map<journal::IdentityKey, std::deque<Lock>> queues_;
};

}  // namespace tenon::delivery
