// Delivery: which of the waiting events are in memory, and which stay on disk.
#include <algorithm>

#include "delivery/delivery.hpp"
#include "runtime/crash_point.hpp"

namespace tenon::delivery {
namespace {

constexpr std::uint32_t kTakeAtOnce = 256;
constexpr std::size_t kLeastShare = 64;
constexpr std::int64_t kShortRestMs = 1000;
constexpr std::size_t kMostOfDiskLane = 64;
constexpr std::size_t kWakeAtOnce = 64;

}  // namespace

std::size_t Delivery::share() const {
  return std::max(options_.memory_events / std::max<std::size_t>(flows_.size(), 1), kLeastShare);
}

/// Once half of the pipeline's share is taken a key gets little of the rest: the backlog of a few hot keys
/// must not keep all others on disk.
std::size_t Delivery::most_in_lane(const std::string& pipeline) const {
  constexpr std::size_t kHot = 16;
  return lanes_.live_of(pipeline) >= share() / 2 ? kHot : Lanes::kMostInLane;
}

/// Each pipeline has an equal share of the memory, so that the backlog of one whose remote is down hides no
/// event of another; what was tried before has a part of it, so that a pile of retries hides no live event.
/// False: all have theirs.
bool Delivery::find_full() {
  std::erase_if(full_, [&](const std::string& pipeline) {
    const bool has_room = lanes_.live_of(pipeline) < share() / 2;
    more_ = more_ || has_room;
    return has_room;
  });
  for (const auto& [name, flow] : flows_)
    if (lanes_.live_of(name) >= share()) full_.insert(name);
  return full_.size() < std::max<std::size_t>(flows_.size(), 1);
}

void Delivery::take() {
  if (!loaded_ || taking_ || stopping_ || !find_full() || !more_) return;
  taking_ = true;
  // Set before asking: an append that comes while the answer travels sets it again, and nothing is
  // overlooked.
  more_ = false;
  feed_.take(options_.taker, journal::TakeQuery(kTakeAtOnce, full_),
             {&runtime_.delivery(), [this, alive = alive_](Result<journal::Taken> got) {
                if (!*alive) return;
                taking_ = false;
                if (!got) return;  // the store has failed and has said so itself
                if (got->more) more_ = true;
                taken(std::move(got->events));
                pump();
              }});
}

void Delivery::taken(std::vector<journal::Waiting> events) {
  for (auto& waiting : events) place(std::move(waiting));
  for (auto& [lane, seqs] : std::exchange(to_park_, {})) park(lane, std::move(seqs));
}

void Delivery::park(const std::string& lane, std::vector<journal::Seq> seqs) {
  lanes_.note_parked(lane, seqs.size());
  TENON_CRASH_POINT("delivery.before_park");
  journal_.park(journal_.epoch(), lane, std::move(seqs), {&runtime_.delivery(), [](Result<bool>) {}});
}

void Delivery::take_parked(const std::string& lane) {
  const std::string of = Lanes::pipeline_of(lane);
  const auto batch = static_cast<std::uint32_t>(std::min(Lanes::kMostInLane / 4, most_in_lane(of)));
  ++unparking_[of];
  journal_.take_parked(journal_.epoch(), lane, batch,
                       {&runtime_.delivery(), [this, alive = alive_, lane,
                                               asked = anew_[of]](Result<std::vector<journal::Waiting>> got) {
                          if (!*alive || !got) return;
                          const std::string pipeline = Lanes::pipeline_of(lane);
                          if (--unparking_[pipeline] == 0) unparking_.erase(pipeline);
                          // Asked for before the pipeline was stopped: the journal hands them out again.
                          if (stopped_flows_.contains(pipeline) || anew_[pipeline] != asked) return;
                          if (lanes_.blocked(lane)) return back_to_disk(lane, *got);
                          lanes_.unpark(lane, std::move(*got));
                          pump();
                        }});
}

void Delivery::rest(const std::string& lane, journal::Waiting waiting) {
  const std::int64_t until = *waiting.next_ms;
  const std::int64_t wait = until - runtime_.clock().wall_ms();
  waiting.next_ms.reset();
  const bool fits =
      !crowded(waiting.pipeline) && (wait < kShortRestMs || lanes_.live_of(waiting.pipeline) < share() / 2);
  // Of a blocked lane nothing comes back from disk before it is free, and it may be this one that frees it.
  if (fits || lanes_.blocked(lane)) return wake_at(lane, lanes_.rest(lane, std::move(waiting)), until);
  // While more of it comes from there it has to keep its place in memory, or that would overtake it.
  DiskLanes& disk = on_disk_[waiting.pipeline];
  const DiskLanes::Lane number = DiskLanes::of(lane);
  if (!disk.holds(number)) {
    if (const auto seqs = lanes_.leave(lane, waiting.seq, kMostOfDiskLane))
      return disk.rest(number, class_of(waiting), until, *seqs);
  }
  auto resting = lanes_.rest_on_disk(lane, waiting.seq);
  park(lane, std::move(resting.seqs));
  wake_at(lane, resting.rest, until);
}

void Delivery::wake_at(const std::string& lane, std::uint64_t rest, std::int64_t at_ms) {
  const std::int64_t wait = std::max<std::int64_t>(at_ms - runtime_.clock().wall_ms(), 1);
  runtime_.delivery().after(std::chrono::milliseconds(wait), [this, alive = alive_, lane, rest] {
    if (!*alive) return;
    wake(lane, rest);
    pump();
  });
}

/// Events of lanes on disk stay there, and those that are not live where they have their part of the memory.
bool Delivery::leave_on_disk(const std::string& lane, const journal::Waiting& waiting) {
  const DiskLanes::Lane number = DiskLanes::of(lane);
  const auto known = on_disk_.find(waiting.pipeline);
  if (known != on_disk_.end() && known->second.holds(number)) {
    DiskLanes& disk = known->second;
    disk.add(number, waiting.seq);
    if (disk.count(number) < kMostOfDiskLane || disk.comes(number) || lanes_.knows(lane)) return true;
    // So many of one lane are parked, as those of other long lanes are; under its name, so they are read
    // first.
    std::int64_t until_ms = 0;
    DiskLanes::Due all = disk.take_now(number, until_ms);
    take_again(waiting.pipeline, std::move(all), until_ms);
    return true;
  }
  if (blocked_.holds(waiting.seq) || class_of(waiting) == EventClass::live || !crowded(waiting.pipeline) ||
      lanes_.knows(lane))
    return false;
  const std::int64_t until = waiting.next_ms.value_or(runtime_.clock().wall_ms());
  on_disk_[waiting.pipeline].rest(number, class_of(waiting), until, {waiting.seq});
  return true;
}

/// How many more of the pipeline's events that are not live may come into memory.
std::size_t Delivery::room(const std::string& pipeline) const {
  const auto found = unparking_.find(pipeline);
  const std::size_t coming = found == unparking_.end() ? 0 : found->second;
  const std::size_t held = lanes_.others_of(pipeline) + coming;
  // What never left comes back as live; it must not fill the memory either.
  if (lanes_.live_of(pipeline) >= 2 * share()) return 0;
  return share() / 4 - std::min(share() / 4, held);
}

/// Whether the pipeline's events that are not live have their part of its memory.
bool Delivery::crowded(const std::string& pipeline) const { return room(pipeline) == 0; }

void Delivery::wake(const std::string& lane, std::uint64_t rest) {
  const std::string pipeline = Lanes::pipeline_of(lane);
  if (lanes_.rests_on_disk(lane) && crowded(pipeline)) {
    due_[pipeline].emplace_back(lane, rest);
  } else if (lanes_.wake(lane, rest)) {
    take_parked(lane);
  }
}

/// Lanes whose time has come, as far as there is room.
void Delivery::wake_due() {
  for (auto at = due_.begin(); at != due_.end();) {
    auto& [pipeline, lanes] = *at;
    while (!lanes.empty() && !crowded(pipeline)) {
      const auto [lane, rest] = std::move(lanes.front());
      lanes.pop_front();
      if (lanes_.wake(lane, rest)) take_parked(lane);
    }
    at = lanes.empty() ? due_.erase(at) : std::next(at);
  }
  const std::int64_t now = runtime_.clock().wall_ms();
  for (auto at = on_disk_.begin(); at != on_disk_.end();) {
    auto& [pipeline, disk] = *at;
    if (disk.empty()) {
      at = on_disk_.erase(at);
      continue;
    }
    // Few at a time: what is better served and comes due meanwhile finds room too.
    if (auto due = disk.take_due(now, std::min(room(pipeline), kWakeAtOnce)); !due.lanes.empty())
      take_again(pipeline, std::move(due));
    const std::int64_t next = disk.next_due_ms();
    if (next > now && next != DiskLanes::kNever)
      pump_at(runtime_.clock().steady() + std::chrono::milliseconds(next - now));
    ++at;
  }
}

/// With `until_ms` they go on resting, parked.
void Delivery::take_again(const std::string& pipeline, DiskLanes::Due due,
                          std::optional<std::int64_t> until_ms) {
  const std::size_t events = due.seqs.size();
  unparking_[pipeline] += events;
  journal_.take_again(
      journal_.epoch(), std::move(due.seqs),
      {&runtime_.delivery(), [this, alive = alive_, pipeline, lanes = std::move(due.lanes), events, until_ms,
                              asked = anew_[pipeline]](Result<std::vector<journal::Waiting>> got) {
         if (!*alive) return;
         auto& coming = unparking_[pipeline];
         coming -= events;
         if (coming == 0) unparking_.erase(pipeline);
         // Asked for before the pipeline was stopped: the journal hands them out again.
         if (!on_disk_.contains(pipeline) || anew_[pipeline] != asked) return;
         if (got) {
           took_again(pipeline, lanes, std::move(*got), until_ms);
         } else {
           for (const DiskLanes::Lane lane : lanes)
             on_disk_[pipeline].rest_again(lane, runtime_.clock().wall_ms() + kShortRestMs);
         }
         pump();
       }});
}

void Delivery::took_again(const std::string& pipeline, const std::vector<DiskLanes::Lane>& lanes,
                          std::vector<journal::Waiting> events, std::optional<std::int64_t> until_ms) {
  const auto flow = flows_.find(pipeline);
  if (flow == flows_.end()) return;
  for (auto& waiting : events) {
    const std::string lane = lane_of(*flow->second, waiting.seq, waiting.event);
    if (!until_ms) {
      queue(lane, std::move(waiting));
      continue;
    }
    if (!lanes_.knows(lane)) wake_at(lane, lanes_.rest_parked(lane), *until_ms);
    to_park_[lane].push_back(waiting.seq);
  }
  for (auto& [lane, seqs] : std::exchange(to_park_, {})) park(lane, std::move(seqs));
  DiskLanes::Due more;
  for (const DiskLanes::Lane lane : lanes) {
    const std::vector<journal::Seq> seqs = on_disk_[pipeline].came(lane);
    if (seqs.empty()) continue;
    more.lanes.push_back(lane);
    more.seqs.insert(more.seqs.end(), seqs.begin(), seqs.end());
  }
  std::sort(more.seqs.begin(), more.seqs.end());
  if (!more.lanes.empty()) take_again(pipeline, std::move(more), until_ms);
}

}  // namespace tenon::delivery
