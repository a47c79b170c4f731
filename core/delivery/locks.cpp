#include "delivery/locks.hpp"

#include <algorithm>

namespace tenon::delivery {

struct IdentityLocks::Ticket {
  std::vector<journal::IdentityKey> keys;
  Function<void(bool)> granted;
  std::size_t missing = 0;  ///< keys where somebody stands in front
};

IdentityLocks::Lock IdentityLocks::acquire(std::vector<journal::IdentityKey> keys,
                                           Function<void(bool waited)> granted) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  auto ticket = std::make_shared<Ticket>();
  ticket->keys = std::move(keys);
  for (const auto& key : ticket->keys) {
    auto& queue = queues_[key];
    if (!queue.empty()) ++ticket->missing;
    queue.push_back(ticket);
  }
  if (ticket->missing == 0) {
    granted(false);
  } else {
    ticket->granted = std::move(granted);
  }
  return ticket;
}

void IdentityLocks::release(const Lock& lock) {
  for (const auto& key : lock->keys) {
    const auto found = queues_.find(key);
    auto& queue = found->second;
    const bool was_front = queue.front() == lock;
    queue.erase(std::find(queue.begin(), queue.end(), lock));
    if (queue.empty()) {
      queues_.erase(found);
    } else if (was_front && --queue.front()->missing == 0) {
      executor_.post([next = queue.front()] {
        if (next->granted) next->granted(true);
      });
    }
  }
  lock->keys.clear();
  lock->granted = {};
}

}  // namespace tenon::delivery
