#include "delivery/blocked_lanes.hpp"

#include <algorithm>

#include "delivery/lanes.hpp"

namespace tenon::delivery {

std::size_t BlockedLanes::lanes_of(const std::string& pipeline) const {
  const std::string prefix = Lanes::name(pipeline, "");
  return static_cast<std::size_t>(std::count_if(
      by_lane_.begin(), by_lane_.end(), [&](const auto& each) { return each.first.starts_with(prefix); }));
}

std::vector<journal::Seq> BlockedLanes::of_pipeline(const std::string& pipeline) const {
  const std::string prefix = Lanes::name(pipeline, "");
  std::vector<journal::Seq> seqs;
  for (const auto& [seq, blocker] : blockers_)
    if (blocker.lane.starts_with(prefix)) seqs.push_back(seq);
  return seqs;
}

std::vector<journal::Seq> BlockedLanes::of_key(const std::string& key) const {
  std::vector<journal::Seq> seqs;
  for (const auto& [seq, blocker] : blockers_)
    if (blocker.key == key) seqs.push_back(seq);
  return seqs;
}

}  // namespace tenon::delivery
