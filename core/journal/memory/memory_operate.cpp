// What an operator does to the events of a MemoryStore.
#include <algorithm>

#include "journal/memory/memory_store.hpp"

namespace tenon::journal {

Result<Store::Opened> MemoryStore::requeue(std::span<const Seq> seqs, const Replay* replay) {
  Opened opened;
  std::uint64_t open = replay != nullptr ? replaying() : 0;
  for (const Seq seq : seqs) {
    const auto found = events_.find(seq);
    std::string_view refused = "not_found";
    if (found != events_.end()) refused = why_not(found->second.end, found->second.pipeline, replay);
    if (refused.empty() && replay != nullptr && open == kMostReplaying) refused = "busy";
    if (!refused.empty()) {
      opened.first.refused.push_back({seq, std::string(refused)});
      continue;
    }
    reopen(found->second, seq, replay);
    ++open;
    opened.first.seqs.push_back(seq);
    opened.second.emplace_back(found->second.pipeline, seq);
  }
  if (replay != nullptr) opened.first.replaying = open;
  return opened;
}

Result<Skipped> MemoryStore::skip(std::span<const Seq> seqs) {
  Skipped skipped;
  for (const Seq seq : seqs) {
    const auto found = events_.find(seq);
    if (found == events_.end() || !found->second.end || !is_dead(*found->second.end)) {
      skipped.refused.push_back({seq, found == events_.end() ? "not_found" : "not_dead"});
      continue;
    }
    Row& row = found->second;
    row.notes.push_back({now_ms_, "skipped", taken_back(*row.end, row.reason)});
    row.end = End::skipped;
    row.reason = kSkipped;
    row.ended_ms = now_ms_;
    --dead_;
    skipped.seqs.push_back(seq);
  }
  return skipped;
}

void MemoryStore::reopen(Row& row, Seq seq, const Replay* replay) {
  if (is_dead(*row.end)) --dead_;
  std::vector<std::string> kept;
  std::erase_if(row.actions, [&](const ActionEnd& action) {
    const bool keep = stays(action.action, action.end, replay);
    if (keep) kept.push_back(action.action);
    return !keep;
  });
  row.notes.push_back({now_ms_, replay != nullptr ? "replayed" : "requeued",
                       replay != nullptr ? replayed_from(*row.end, row.reason, replay->force, kept)
                                         : taken_back(*row.end, row.reason)});
  row.end.reset();
  row.reason.clear();
  row.ended_ms.reset();
  row.attempts = 0;
  row.requeued_ms = now_ms_;
  row.again_as = replay != nullptr ? EventClass::replay : EventClass::retry;
  row.forced = replay != nullptr && replay->force;
  open_.insert(seq);
}

std::uint64_t MemoryStore::replaying() const {
  return static_cast<std::uint64_t>(std::count_if(open_.begin(), open_.end(), [this](Seq seq) {
    const Row& row = events_.at(seq);
    return row.requeued_ms && row.again_as == EventClass::replay;
  }));
}

Result<std::vector<Watch>> MemoryStore::watches() {
  std::vector<Watch> out;
  for (const auto& [seq, row] : events_) {
    for (const auto& [action, watched] : row.watches)
      out.push_back({seq, action, row.pipeline, watched.since_ms});
  }
  return out;
}

Result<std::optional<std::string>> MemoryStore::watched(Seq seq, const std::string& action) {
  const auto row = events_.find(seq);
  if (row == events_.end()) return std::optional<std::string>();
  const auto found = row->second.watches.find(action);
  return found == row->second.watches.end() ? std::nullopt : std::optional(found->second.record);
}

Result<bool> MemoryStore::unwatch(Seq seq, const std::string& action, const std::optional<Note>& note) {
  const auto row = events_.find(seq);
  if (row == events_.end() || row->second.watches.erase(action) == 0) return false;
  if (note) row->second.notes.push_back({now_ms_, note->what, note->text});
  return true;
}

Result<bool> MemoryStore::range_some(const RangeQuery&, RangeTally& tally) {
  for (auto at = events_.upper_bound(tally.at()); at != events_.end(); ++at) {
    const Row& row = at->second;
    if (!tally.add(at->first, row.event.received_ms, row.pipeline, !row.end)) return true;
  }
  tally.end(last_);
  return true;
}

Result<Forgotten> MemoryStore::forget(const ForgetQuery& query) {
  Forgotten done;
  std::vector<Seq> ended;
  for (auto at = events_.upper_bound(query.after); at != events_.end(); ++at) {
    const Row& row = at->second;
    if (row.event.key != query.key) continue;
    if (!query.connection.empty() && row.event.connection != query.connection) continue;
    if (!query.pipeline.empty() && row.pipeline != query.pipeline) continue;
    if (row.end) {
      ended.push_back(at->first);
    } else if (marked_.insert(at->first).second) {
      ++done.waiting;
    }
  }
  for (const Seq seq : ended) erase(seq);
  done.events = ended.size();
  for (auto at = applied_.begin(); at != applied_.end();) {
    const AppliedKey& key = at->first;
    const bool narrowed =
        (!query.pipeline.empty() && key.pipeline != query.pipeline) ||
        (!query.connection.empty() && !key.source_object.starts_with(query.connection + "/"));
    if (narrowed || key_of_source_object(key.source_object) != query.key) {
      ++at;
      continue;
    }
    forget_identity(key.identity, done);
    at = applied_.erase(at);
  }
  return done;
}

/// All names of the sink's object; a create that has not been heard of is not let go of.
void MemoryStore::forget_identity(const IdentityKey& key, Forgotten& done) {
  const auto named = identities_.find(key);
  const std::string id = named == identities_.end() ? std::string() : named->second.sink_id;
  done.identities += std::erase_if(identities_, [&](const auto& each) {
    const Identity& row = each.second;
    if (row.state == IdentityState::creating) return false;
    if (row.key == key) return true;
    return !id.empty() && row.key.account == key.account && row.key.resource == key.resource &&
           row.sink_id == id;
  });
}

}  // namespace tenon::journal
