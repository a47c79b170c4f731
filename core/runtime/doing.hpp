// Doing: what a thread is at, kept where the watchdog can read it while the thread hangs, and the next start
// once the process has died of it (attempts.hpp).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tenon::runtime {

/// A short text that one thread writes and another may read at any time, and the event that it is about.
/// Longer texts are cut. May lie in a mapped file: plain bytes, no pointers.
class StuckNote {
 public:
  static constexpr std::size_t kCapacity = 112;
  /// Owner thread only. Costs a few nanoseconds. `event` 0: none.
  void set(std::string_view who, std::string_view what, std::uint64_t event = 0);
  void clear() { size_.store(0, std::memory_order_release); }
  /// From any thread; empty if nothing was set. A text caught mid-change may be a mix of two: it is for
  /// people.
  std::string text() const;
  /// The same for signal handlers: into at least kCapacity bytes; gives the number.
  std::size_t copy(char* out) const;
  std::uint64_t event() const { return event_.load(std::memory_order_relaxed); }
  bool busy() const { return size_.load(std::memory_order_acquire) != 0; }

  /// How the process dies of what is noted: a signal's number, or one of attempts.hpp. 0: it does not.
  void mark(std::uint32_t how) { mark_.store(how, std::memory_order_release); }
  std::uint32_t marked() const { return mark_.load(std::memory_order_acquire); }

 private:
  std::array<std::atomic<char>, kCapacity> text_{};
  std::atomic<std::uint32_t> size_{0};
  std::atomic<std::uint32_t> mark_{0};
  std::atomic<std::uint64_t> event_{0};
};
static_assert(sizeof(StuckNote) == 128);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<char>::is_always_lock_free);

/// The note of the calling thread.
StuckNote& current_note();
/// The same, kept alive past the thread.
std::shared_ptr<StuckNote> share_current_note();
/// The same, or nullptr if the thread has none yet; for signal handlers.
StuckNote* existing_note() noexcept;

/// Threads that have no note yet take these, one each, as long as there are any; they live as long as the
/// process.
void lend_notes(StuckNote* notes, std::size_t count);

/// Names what this thread enters ("the plugin", "find") until the end of the scope; then what was there
/// before is cleared. Wrap each entry into a plugin and each evaluation of an expression. Does not nest.
class Doing {
 public:
  Doing(std::string_view who, std::string_view what, std::uint64_t event = 0) : note_(current_note()) {
    note_.set(who, what, event);
  }
  Doing(const Doing&) = delete;
  Doing& operator=(const Doing&) = delete;
  ~Doing() { note_.clear(); }

 private:
  StuckNote& note_;
};

}  // namespace tenon::runtime
