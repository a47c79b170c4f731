#include "runtime/timer_heap.hpp"

#include <utility>

namespace tenon::runtime {

TimerId TimerHeap::add(Duration due, Function<void()> task) {
  std::uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  slots_[slot].task = std::move(task);
  const TimerId id = (TimerId{++slots_[slot].generation} << 32) | (TimerId{slot} + 1);
  heap_.emplace_back();
  sift_up(heap_.size() - 1, {due, next_order_++, slot});
  return id;
}

Function<void()> TimerHeap::cancel(TimerId id) {
  const std::uint64_t slot = (id & 0xffffffffU) - 1;
  if ((id & 0xffffffffU) == 0 || slot >= slots_.size()) return {};
  if (slots_[slot].generation != id >> 32 || slots_[slot].place == kNone) return {};
  return remove_at(slots_[slot].place);
}

std::optional<Duration> TimerHeap::next_due() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().due;
}

Function<void()> TimerHeap::pop(Duration now) {
  if (heap_.empty() || heap_.front().due > now) return {};
  return remove_at(0);
}

void TimerHeap::clear() {
  heap_.clear();
  free_.clear();
  const std::vector<Slot> dropped = std::exchange(slots_, {});
}

void TimerHeap::put(std::size_t place, const Entry& entry) {
  heap_[place] = entry;
  slots_[entry.slot].place = static_cast<std::uint32_t>(place);
}

void TimerHeap::sift_up(std::size_t place, const Entry& entry) {
  while (place > 0) {
    const std::size_t parent = (place - 1) / 2;
    if (!entry.before(heap_[parent])) break;
    put(place, heap_[parent]);
    place = parent;
  }
  put(place, entry);
}

void TimerHeap::sift_down(std::size_t place, const Entry& entry) {
  for (std::size_t child = 2 * place + 1; child < heap_.size(); child = 2 * place + 1) {
    if (child + 1 < heap_.size() && heap_[child + 1].before(heap_[child])) ++child;
    if (!heap_[child].before(entry)) break;
    put(place, heap_[child]);
    place = child;
  }
  put(place, entry);
}

Function<void()> TimerHeap::remove_at(std::size_t place) {
  Slot& slot = slots_[heap_[place].slot];
  slot.place = kNone;
  free_.push_back(heap_[place].slot);
  Function<void()> task = std::move(slot.task);
  const Entry last = heap_.back();
  heap_.pop_back();
  if (place < heap_.size()) {
    // The last entry takes the hole, and may belong on either side of it.
    if (place > 0 && last.before(heap_[(place - 1) / 2])) {
      sift_up(place, last);
    } else {
      sift_down(place, last);
    }
  }
  return task;
}

}  // namespace tenon::runtime
