// SeqQueue: numbers of events that wait to be handed out, the smallest first, each once; eight bytes each.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "journal/journal.hpp"

namespace tenon::journal {

class SeqQueue {
 public:
  void add(Seq seq) {
    sorted_ = sorted_ && (seqs_.empty() || seqs_.back() < seq);
    seqs_.push_back(seq);
  }
  bool empty() const { return from_ == seqs_.size(); }
  /// The smallest, at most so many; they are out of it once they are dropped.
  std::vector<Seq> first(std::size_t most) {
    if (!sorted_) {
      seqs_.erase(seqs_.begin(), seqs_.begin() + static_cast<std::ptrdiff_t>(from_));
      from_ = 0;
      std::sort(seqs_.begin(), seqs_.end());
      seqs_.erase(std::unique(seqs_.begin(), seqs_.end()), seqs_.end());
      sorted_ = true;
    }
    const auto begin = seqs_.begin() + static_cast<std::ptrdiff_t>(from_);
    return {begin, begin + static_cast<std::ptrdiff_t>(std::min(most, seqs_.size() - from_))};
  }
  /// The `count` smallest, as `first` gave them.
  void drop(std::size_t count) { from_ += count; }

 private:
  std::vector<Seq> seqs_;
  std::size_t from_ = 0;
  bool sorted_ = true;
};

}  // namespace tenon::journal
