// Doubts: until when the last create of an identity, of which nobody knows the end, was on its way.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "journal/journal.hpp"

namespace tenon::delivery {

/// A create may wait for its account's budget, or its process may be suspended, long after its intent was
/// written: the quiet time counts from when its call was over. In memory; what a former process sent was over
/// when this one began. Wall milliseconds. One thread.
class Doubts {
 public:
  void over(const std::vector<journal::IdentityKey>& keys, std::int64_t now_ms) {
    // Those of events that ended otherwise, or were never tried again.
    if (ended_ms_.size() >= kMany)
      std::erase_if(ended_ms_, [&](const auto& e) { return e.second + kDay < now_ms; });
    for (const journal::IdentityKey& key : keys) ended_ms_[key] = now_ms;
  }
  void resolved(const std::vector<journal::IdentityKey>& keys) {
    for (const journal::IdentityKey& key : keys) ended_ms_.erase(key);
  }
  /// 0: none of this process.
  std::int64_t of(const journal::IdentityKey& key) const {
    const auto found = ended_ms_.find(key);
    return found == ended_ms_.end() ? 0 : found->second;
  }

 private:
  static constexpr std::size_t kMany = 10'000;
  static constexpr std::int64_t kDay = 86'400'000;
  std::map<journal::IdentityKey, std::int64_t> ended_ms_;
};

}  // namespace tenon::delivery
