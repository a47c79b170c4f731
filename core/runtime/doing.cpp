#include "runtime/doing.hpp"

#include <algorithm>

namespace tenon::runtime {

void StuckNote::set(std::string_view who, std::string_view what, std::uint64_t event) {
  std::size_t size = 0;
  const auto add = [&](std::string_view part) {
    for (const char c : part.substr(0, kCapacity - size)) text_[size++].store(c, std::memory_order_relaxed);
  };
  add(who.substr(0, kCapacity / 2));
  add(" ");
  add(what);
  event_.store(event, std::memory_order_relaxed);
  size_.store(static_cast<std::uint32_t>(size), std::memory_order_release);
}

std::size_t StuckNote::copy(char* out) const {
  const std::size_t size = std::min<std::size_t>(size_.load(std::memory_order_acquire), kCapacity);
  for (std::size_t i = 0; i < size; ++i) out[i] = text_[i].load(std::memory_order_relaxed);
  return size;
}

std::string StuckNote::text() const {
  std::array<char, kCapacity> bytes;
  return {bytes.data(), copy(bytes.data())};
}

namespace {

std::atomic<StuckNote*> lent = nullptr;
std::atomic<std::size_t> lent_count = 0;
std::atomic<std::size_t> lent_taken = 0;

thread_local StuckNote* own = nullptr;
thread_local std::shared_ptr<StuckNote> keeper;

std::shared_ptr<StuckNote> make_note() {
  StuckNote* const notes = lent.load(std::memory_order_acquire);
  if (notes != nullptr) {
    const std::size_t index = lent_taken.fetch_add(1);
    if (index < lent_count.load()) return {notes + index, [](StuckNote*) {}};
  }
  return std::make_shared<StuckNote>();
}

}  // namespace

std::shared_ptr<StuckNote> share_current_note() {
  if (own == nullptr) {
    keeper = make_note();
    own = keeper.get();
  }
  return keeper;
}

StuckNote& current_note() { return own != nullptr ? *own : *share_current_note(); }

StuckNote* existing_note() noexcept { return own; }

void lend_notes(StuckNote* notes, std::size_t count) {
  lent_count = count;
  lent_taken = 0;
  lent.store(notes, std::memory_order_release);
}

}  // namespace tenon::runtime
