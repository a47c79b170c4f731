// Suspects: events that the host died of before, in a plugin or a mapping.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/function.hpp"
#include "journal/journal.hpp"

namespace tenon::delivery {

/// Filled before the start, then from any thread. Three marks, and the event is left alone: it ends
/// rejected, `crash_suspect`. Asked for again (`tenon dead retry`) it starts with none.
class Suspects {
 public:
  static constexpr unsigned kMost = 3;

  /// `forget`: an event's marks do not count any more.
  explicit Suspects(Function<void(journal::Seq)> forget = {}) : forget_(std::move(forget)) {}

  /// `why`: "SIGSEGV in the plugin find".
  void add(journal::Seq seq, unsigned marks, std::string why) { all_[seq] = {marks, std::move(why)}; }
  /// Why it must not run, or nothing.
  std::string quarantined(journal::Seq seq) const {
    const std::scoped_lock lock(mutex_);
    const auto found = all_.find(seq);
    if (found == all_.end() || found->second.marks < kMost) return {};
    return "crash_suspect: the host ended " + std::to_string(found->second.marks) +
           " times while it ran: " + found->second.why;
  }
  void ended(journal::Seq seq) {
    const std::scoped_lock lock(mutex_);
    if (all_.erase(seq) > 0 && forget_) forget_(seq);
  }

 private:
  struct Marks {
    unsigned marks = 0;
    std::string why;
  };
  mutable std::mutex mutex_;  // guards the rest, and one call of forget_ at a time
  std::map<journal::Seq, Marks> all_;
  Function<void(journal::Seq)> forget_;
};

}  // namespace tenon::delivery
