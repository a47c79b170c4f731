// TimerHeap: many timers in one ordered heap; what both runtimes keep their timers in.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "runtime/executor.hpp"

namespace tenon::runtime {

/// Tasks ordered by due time, then by the order they were added. Adding, cancelling and popping are O(log n).
/// Not thread-safe.
class TimerHeap {
 public:
  /// Never 0. An id is not used again before 2^32 further timers took its slot.
  TimerId add(Duration due, Function<void()> task);
  /// The cancelled task, for the caller to destroy; empty if the id is unknown or has fired.
  Function<void()> cancel(TimerId id);
  std::optional<Duration> next_due() const;
  /// The order number of the earliest timer; meaningful if next_due() is.
  std::uint64_t next_order() const { return heap_.empty() ? 0 : heap_.front().order; }
  /// Takes the earliest task if it is due by `now`; else empty.
  Function<void()> pop(Duration now);
  /// Drops all tasks; what they held may call cancel() meanwhile.
  void clear();
  std::size_t size() const { return heap_.size(); }

 private:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  struct Slot {
    Function<void()> task;
    std::uint32_t generation = 0;
    std::uint32_t place = kNone;  ///< index in heap_
  };
  struct Entry {
    Duration due;
    std::uint64_t order;
    std::uint32_t slot;
    bool before(const Entry& other) const { return due != other.due ? due < other.due : order < other.order; }
  };

  void put(std::size_t place, const Entry& entry);
  void sift_up(std::size_t place, const Entry& entry);
  void sift_down(std::size_t place, const Entry& entry);
  Function<void()> remove_at(std::size_t place);

  std::vector<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::uint64_t next_order_ = 1;
};

}  // namespace tenon::runtime
