// Doing: what a thread is at, kept where the watchdog can read it while the thread hangs.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tenon::runtime {

/// A short text that one thread writes and another may read at any time. Longer texts are cut.
class StuckNote {
 public:
  static constexpr std::size_t kCapacity = 112;
  /// Owner thread only. Costs a few nanoseconds.
  void set(std::string_view who, std::string_view what);
  void clear() { size_.store(0, std::memory_order_release); }
  /// From any thread; empty if nothing was set. A text caught mid-change may be a mix of two: it is for
  /// people.
  std::string text() const;

 private:
  std::array<std::atomic<char>, kCapacity> text_{};
  std::atomic<std::size_t> size_{0};
};

/// The note of the calling thread.
StuckNote& current_note();
/// The same, kept alive past the thread.
std::shared_ptr<const StuckNote> share_current_note();

/// Names what this thread enters ("the plugin", "find") until the end of the scope; then what was there
/// before is cleared. Wrap each entry into a plugin and each evaluation of an expression. Does not nest.
class Doing {
 public:
  Doing(std::string_view who, std::string_view what) : note_(current_note()) { note_.set(who, what); }
  Doing(const Doing&) = delete;
  Doing& operator=(const Doing&) = delete;
  ~Doing() { note_.clear(); }

 private:
  StuckNote& note_;
};

}  // namespace tenon::runtime
