// What the Engine hands out: each open event once, in order, but for parked ones and those of pipelines that
// do not run.
#include <algorithm>

#include "journal/engine.hpp"
#include "runtime/crash_point.hpp"

namespace tenon::journal {

void Engine::take(Epoch epoch, TakeQuery query, Reply<Taken> reply) {
  push_fenced<Taken>(epoch, Call::Kind::read, 0, std::move(reply),
                     [this, query = std::move(query)](Store& store) { return take_now(store, query); });
}

/// What a full pipeline misses it gets by catching up.
void Engine::pass_by(const std::set<std::string>& full) {
  for (const std::string& pipeline : full) {
    if (left_at_.contains(pipeline)) continue;
    if (const auto behind = catching_up_.find(pipeline); behind != catching_up_.end()) {
      left_at_.emplace(pipeline, behind->second);
      catching_up_.erase(behind);
    } else if (withheld_.insert(pipeline).second) {
      left_at_.emplace(pipeline, taken_);
    }
  }
  for (auto at = left_at_.begin(); at != left_at_.end();) {
    if (full.contains(at->first)) {
      ++at;
      continue;
    }
    catching_up_.insert(*at);
    at = left_at_.erase(at);
  }
}

Result<Taken> Engine::take_now(Store& store, const TakeQuery& query) {
  const std::uint32_t limit = query.limit;
  Taken taken;
  pass_by(query.full);
  TENON_CHECK(take_requeued(store, limit, taken));
  TENON_CHECK(catch_up(store, limit, taken));
  if (taken.events.size() < limit) {
    Scan scan;
    scan.after = taken_;
    scan.not_of = &withheld_;
    TENON_TRY(const bool end, store.open_some(scan, limit, taken.events));
    taken_ = scan.after;
    taken.more = taken.more || !end;
  }
  taken.more = taken.more || taken.events.size() >= limit;
  if (!taken.more) feed_armed_ = true;
  return taken;
}

Status Engine::take_requeued(Store& store, std::uint32_t limit, Taken& taken) {
  for (auto at = requeued_.begin(); at != requeued_.end() && taken.events.size() < limit;) {
    auto& [pipeline, waiting] = *at;
    if (withheld_.contains(pipeline) && !catching_up_.contains(pipeline)) {
      ++at;
      continue;
    }
    const std::vector<Seq> seqs = waiting.first(limit - taken.events.size());
    TENON_TRY(auto open, store.open_of(seqs));
    std::move(open.begin(), open.end(), std::back_inserter(taken.events));
    waiting.drop(seqs.size());
    at = waiting.empty() ? requeued_.erase(at) : std::next(at);
  }
  if (!requeued_.empty() && taken.events.size() >= limit) taken.more = true;
  return {};
}

/// Events that were passed by, of pipelines that run again. Until they are all out, newer ones are still
/// passed by: nothing of a key overtakes.
Status Engine::catch_up(Store& store, std::uint32_t limit, Taken& taken) {
  for (auto at = catching_up_.begin(); at != catching_up_.end() && taken.events.size() < limit;) {
    Scan scan;
    scan.only = at->first;
    scan.after = at->second;
    scan.until = taken_;
    TENON_TRY(const bool end, store.open_some(scan, limit, taken.events));
    at->second = scan.after;
    if (end) {
      withheld_.erase(at->first);
      at = catching_up_.erase(at);
    } else {
      ++at;
    }
  }
  if (!catching_up_.empty()) taken.more = true;
  return {};
}

void Engine::apply_committed() {
  for (const PipelineState& state : set_) {
    forget_handed_out(state.pipeline);
    withheld_.insert(state.pipeline);
    catching_up_.erase(state.pipeline);
    left_at_.erase(state.pipeline);
    if (state.mode == PipelineMode::running) {
      catching_up_[state.pipeline] = 0;
      appended_ = true;  // there is something to take
    }
  }
  for (const auto& [pipeline, seq] : opened_) {
    const auto behind = catching_up_.find(pipeline);
    const auto left = left_at_.find(pipeline);
    const bool walks_on = behind != catching_up_.end() || left != left_at_.end();
    const bool passed_by = withheld_.contains(pipeline) && !walks_on;
    // What a walk will still come upon is left to it.
    if (passed_by || seq > taken_) continue;
    if (walks_on && seq > (behind != catching_up_.end() ? behind->second : left->second)) continue;
    requeued_[pipeline].add(seq);
  }
  if (!opened_.empty()) appended_ = true;
}

void Engine::forget_handed_out(const std::string& pipeline) {
  requeued_.erase(pipeline);
  // Lanes are named by delivery: the pipeline, a NUL, the key.
  const std::string lanes = pipeline + '\0';
  std::erase_if(parked_, [&](const auto& parked) { return parked.first.starts_with(lanes); });
}

void Engine::park(Epoch epoch, std::string lane, std::vector<Seq> seqs, Reply<bool> reply) {
  push_fenced<bool>(
      epoch, Call::Kind::read, 0, std::move(reply),
      [this, lane = std::move(lane), seqs = std::move(seqs)](Store&) { return park_now(lane, seqs); });
}

Result<bool> Engine::park_now(const std::string& lane, const std::vector<Seq>& seqs) {
  if (seqs.empty()) return true;
  if (*std::max_element(seqs.begin(), seqs.end()) > taken_)
    return Error("not_taken", "only events that were taken can be parked");
  TENON_CRASH_POINT("journal.in_park");
  auto& parked = parked_[lane];
  for (const Seq seq : seqs) {
    // Nearly always the newest of its lane.
    const auto at = parked.empty() || parked.back() < seq
                        ? parked.end()
                        : std::lower_bound(parked.begin(), parked.end(), seq);
    if (at == parked.end() || *at != seq) parked.insert(at, seq);
  }
  return true;
}

void Engine::take_parked(Epoch epoch, std::string lane, std::uint32_t limit,
                         Reply<std::vector<Waiting>> reply) {
  push_fenced<std::vector<Waiting>>(
      epoch, Call::Kind::read, 0, std::move(reply),
      [this, lane = std::move(lane), limit](Store& store) { return take_parked_now(store, lane, limit); });
}

Result<std::vector<Waiting>> Engine::take_parked_now(Store& store, const std::string& lane,
                                                     std::uint32_t limit) {
  std::vector<Waiting> taken;
  const auto found = parked_.find(lane);
  if (found == parked_.end()) return taken;
  TENON_CRASH_POINT("journal.in_take_parked");
  auto& parked = found->second;
  // Some may have ended while they were parked: go on until the answer is full or the lane is empty.
  while (taken.size() < limit && !parked.empty()) {
    const auto count = static_cast<std::ptrdiff_t>(std::min(limit - taken.size(), parked.size()));
    const std::vector<Seq> seqs(parked.begin(), parked.begin() + count);
    auto open = store.open_of(seqs);
    if (!open) return open;
    parked.erase(parked.begin(), parked.begin() + count);
    std::move(open->begin(), open->end(), std::back_inserter(taken));
  }
  if (parked.empty()) parked_.erase(found);
  return taken;
}

void Engine::take_again(Epoch epoch, std::vector<Seq> seqs, Reply<std::vector<Waiting>> reply) {
  push_fenced<std::vector<Waiting>>(
      epoch, Call::Kind::read, 0, std::move(reply),
      [this, seqs = std::move(seqs)](Store& store) -> Result<std::vector<Waiting>> {
        if (!seqs.empty() && *std::max_element(seqs.begin(), seqs.end()) > taken_)
          return Error("not_taken", "only events that were taken can be taken again");
        return store.open_of(seqs);
      });
}

}  // namespace tenon::journal
