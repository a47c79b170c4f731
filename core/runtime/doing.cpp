#include "runtime/doing.hpp"

#include <algorithm>

namespace tenon::runtime {

void StuckNote::set(std::string_view who, std::string_view what) {
  std::size_t size = 0;
  const auto add = [&](std::string_view part) {
    for (const char c : part.substr(0, kCapacity - size)) text_[size++].store(c, std::memory_order_relaxed);
  };
  add(who.substr(0, kCapacity / 2));
  add(" ");
  add(what);
  size_.store(size, std::memory_order_release);
}

std::string StuckNote::text() const {
  std::string out;
  const std::size_t size = std::min(size_.load(std::memory_order_acquire), kCapacity);
  for (std::size_t i = 0; i < size; ++i) out.push_back(text_[i].load(std::memory_order_relaxed));
  return out;
}

namespace {
const std::shared_ptr<StuckNote>& note_of_thread() {
  thread_local const auto note = std::make_shared<StuckNote>();
  return note;
}
}  // namespace

StuckNote& current_note() { return *note_of_thread(); }

std::shared_ptr<const StuckNote> share_current_note() { return note_of_thread(); }

}  // namespace tenon::runtime
