// Earliest: of the ended events that a walk tells of, those that ended first.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "journal/journal.hpp"

namespace tenon::journal {

class Earliest {
 public:
  struct One {
    std::int64_t ended_ms = 0;
    Seq seq = 0;
    auto operator<=>(const One&) const = default;
  };

  explicit Earliest(std::size_t most) : most_(most) {}

  void note(One one) {
    if (full() && !(one < all_.front())) return;
    all_.push_back(one);
    std::push_heap(all_.begin(), all_.end());
    if (all_.size() <= most_) return;
    std::pop_heap(all_.begin(), all_.end());
    all_.pop_back();
  }
  bool full() const { return all_.size() >= most_; }
  /// Nothing that ended later is taken any more, once it is full.
  std::int64_t latest_ms() const { return all_.empty() ? INT64_MAX : all_.front().ended_ms; }

  /// The walk is over: from here on `take`.
  void sort() {
    std::sort(all_.begin(), all_.end(), [](const One& a, const One& b) { return b < a; });
  }
  std::optional<One> take() {
    if (all_.empty()) return std::nullopt;
    const One one = all_.back();
    all_.pop_back();
    return one;
  }
  bool empty() const { return all_.empty(); }
  void clear() { all_.clear(); }

 private:
  std::size_t most_;
  std::vector<One> all_;  ///< a heap, the latest on top; once sorted, the earliest last
};

}  // namespace tenon::journal
