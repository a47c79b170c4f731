// BlockedLanes: which lanes a dead letter holds up, where `on_exhausted` is `block_key`.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "journal/journal.hpp"

namespace tenon::delivery {

/// A lane is blocked for as long as a dead letter of it is there. In memory only: what blocks is told by the
/// journal's dead letters, each time anew. One thread.
class BlockedLanes {
 public:
  void add(const std::string& lane, journal::Seq seq, const std::string& key) {
    blockers_.insert_or_assign(seq, Blocker{lane, key});
    by_lane_[lane].insert(seq);
  }
  /// The lane, if that was the last of its blockers.
  std::optional<std::string> remove(journal::Seq seq) {
    const auto found = blockers_.find(seq);
    if (found == blockers_.end()) return std::nullopt;
    std::string lane = std::move(found->second.lane);
    blockers_.erase(found);
    const auto seqs = by_lane_.find(lane);
    seqs->second.erase(seq);
    if (!seqs->second.empty()) return std::nullopt;
    by_lane_.erase(seqs);
    return lane;
  }
  /// Whether that event is one of those that block.
  bool holds(journal::Seq seq) const { return blockers_.contains(seq); }
  bool blocked(const std::string& lane) const { return by_lane_.contains(lane); }
  /// Lanes of that pipeline, and its blockers.
  std::size_t lanes_of(const std::string& pipeline) const;
  std::vector<journal::Seq> of_pipeline(const std::string& pipeline) const;
  std::vector<journal::Seq> of_key(const std::string& key) const;

 private:
  struct Blocker {
    std::string lane;
    std::string key;  ///< of the event
  };
  std::unordered_map<journal::Seq, Blocker> blockers_;
  std::unordered_map<std::string, std::set<journal::Seq>> by_lane_;
};

}  // namespace tenon::delivery
