#include "journal/memory/memory_store.hpp"

#include <algorithm>

#include "journal/engine.hpp"

namespace tenon::journal {

std::unique_ptr<Journal> open_memory(runtime::Runtime& runtime, Options options) {
  auto store = std::make_unique<MemoryStore>(options.dedupe_keep_ms);
  return std::make_unique<Engine>(runtime, std::move(store), std::move(options));
}

Status MemoryStore::start(std::int64_t now_ms) {
  now_ms_ = now_ms;
  return {};
}

Seq MemoryStore::add(Event event, std::string pipeline) {
  Row row;
  row.event = std::move(event);
  row.pipeline = std::move(pipeline);
  events_.emplace_hint(events_.end(), ++last_, std::move(row));
  open_.insert(open_.end(), last_);
  return last_;
}

void MemoryStore::end(Row& row, Seq seq, End end, const std::string& reason) {
  row.end = end;
  row.reason = reason;
  row.ended_ms = now_ms_;
  row.next_ms.reset();
  open_.erase(seq);
  if (is_dead(end)) ++dead_;
}

Result<Appended> MemoryStore::append(Append& request) {
  Appended appended;
  Seen* seen = nullptr;
  if (const auto& dedupe = request.dedupe) {
    const RequestKey key(dedupe->connection, dedupe->delivery_id, dedupe->body);
    if (const auto found = seen_.find(key); found != seen_.end()) {
      appended.duplicate = true;
      appended.seqs = found->second.seqs;
      return appended;
    }
    if (!dedupe->delivery_id.empty()) {
      const auto other = seen_.lower_bound(RequestKey(dedupe->connection, dedupe->delivery_id, Sha256{}));
      appended.id_reused = other != seen_.end() && std::get<0>(other->first) == dedupe->connection &&
                           std::get<1>(other->first) == dedupe->delivery_id;
    }
    seen = &seen_[key];
    seen->at_ms = now_ms_;
  }
  for (auto& each : request.events) {
    appended.seqs.push_back(add(std::move(each.event), std::move(each.pipeline)));
  }
  if (request.malformed) {
    const Seq seq = add(std::move(*request.malformed), "");
    end(events_.at(seq), seq, End::rejected, "malformed_event");
  }
  if (seen) seen->seqs = appended.seqs;
  return appended;
}

Result<bool> MemoryStore::begin(const Intent& intent) {
  for (const IdentityKey& key : intent.identities) {
    identities_[key] = {key, IdentityState::creating, "", intent.create_id, intent.at_ms};
  }
  return true;
}

Result<bool> MemoryStore::settle(const std::vector<Settlement>& batch) {
  std::set<Seq> ending;
  for (const auto& settlement : batch) {
    if (!open_.contains(settlement.seq) || ending.contains(settlement.seq))
      return Error("not_open", "event " + std::to_string(settlement.seq) + " has ended or never was");
    if (settlement.end) ending.insert(settlement.seq);
  }
  for (const auto& settlement : batch) settle_one(settlement);
  return true;
}

void MemoryStore::settle_one(const Settlement& settlement) {
  Row& row = events_.at(settlement.seq);
  row.attempts = settlement.attempts_counted;
  row.next_ms = settlement.next_ms;
  row.records.insert(row.records.end(), settlement.attempts.begin(), settlement.attempts.end());
  if (row.records.size() > kAttemptsKept) {
    const auto excess = static_cast<std::ptrdiff_t>(row.records.size() - kAttemptsKept);
    row.records.erase(row.records.begin(), row.records.begin() + excess);
  }
  for (const auto& action : settlement.actions) {
    const auto found = std::find_if(row.actions.begin(), row.actions.end(),
                                    [&](const ActionEnd& each) { return each.action == action.action; });
    if (found == row.actions.end()) {
      row.actions.push_back(action);
    } else {
      *found = action;
    }
  }
  for (const auto& identity : settlement.identities) identities_[identity.key] = identity;
  for (const auto& applied : settlement.applied) applied_[applied.key] = applied;
  if (settlement.end) end(row, settlement.seq, *settlement.end, settlement.reason);
}

Result<std::uint64_t> MemoryStore::retain(std::int64_t before_ms, std::uint32_t limit) {
  std::uint64_t gone = 0;
  for (auto at = events_.begin(); at != events_.end() && gone < limit;) {
    const Row& row = at->second;
    const bool old = row.end && !is_dead(*row.end) && row.event.received_ms < before_ms;
    at = old ? events_.erase(at) : std::next(at);
    if (old) ++gone;
  }
  for (auto at = seen_.begin(); at != seen_.end() && gone < limit;) {
    const bool old = at->second.at_ms + dedupe_keep_ms_ < now_ms_;
    at = old ? seen_.erase(at) : std::next(at);
    if (old) ++gone;
  }
  return gone;
}

Waiting MemoryStore::waiting(Seq seq, const Row& row) const {
  Waiting out;
  out.seq = seq;
  out.event = row.event;
  out.pipeline = row.pipeline;
  out.attempts = row.attempts;
  out.next_ms = row.next_ms;
  for (const auto& action : row.actions) {
    out.ended_actions.emplace_back(action.action, action.end);
    if (!action.id.empty()) out.written.emplace_back(action.action, action.id);
  }
  return out;
}

Result<std::vector<Waiting>> MemoryStore::open_after(Seq after, std::uint32_t limit) {
  std::vector<Waiting> out;
  for (auto at = open_.upper_bound(after); at != open_.end() && out.size() < limit; ++at) {
    out.push_back(waiting(*at, events_.at(*at)));
  }
  return out;
}

Result<std::vector<Waiting>> MemoryStore::open_of(std::span<const Seq> seqs) {
  std::vector<Waiting> out;
  for (const Seq seq : seqs) {
    if (open_.contains(seq)) out.push_back(waiting(seq, events_.at(seq)));
  }
  return out;
}

Result<Looked> MemoryStore::look(std::span<const IdentityKey> identities,
                                 std::span<const AppliedKey> applied) {
  Looked looked;
  for (const auto& key : identities) {
    const auto found = identities_.find(key);
    Identity unknown;
    unknown.key = key;
    looked.identities.push_back(found == identities_.end() ? unknown : found->second);
  }
  for (const auto& key : applied) {
    const auto found = applied_.find(key);
    looked.applied.push_back(found == applied_.end() ? std::nullopt : std::optional(found->second));
  }
  return looked;
}

EventRow MemoryStore::listed(Seq seq, const Row& row, bool with_data) {
  EventRow out;
  out.seq = seq;
  out.event = row.event;
  if (!with_data) out.event.data.clear();
  out.pipeline = row.pipeline;
  out.state = state_name(row.end, row.next_ms);
  out.reason = row.reason;
  out.attempts = row.attempts;
  out.next_ms = row.next_ms;
  out.ended_ms = row.ended_ms;
  return out;
}

Result<Seq> MemoryStore::list_some(const Query& query, Seq before, std::vector<EventRow>& rows) {
  auto at = before == 0 ? events_.end() : events_.lower_bound(before);
  while (at != events_.begin() && rows.size() < query.limit) {
    --at;
    const Row& row = at->second;
    if (matches(query, row.pipeline, row.event.key, row.end, row.next_ms))
      rows.push_back(listed(at->first, row, false));
  }
  return Seq{0};
}

Result<std::optional<Seq>> MemoryStore::find_some(const std::string& id, Seq& before) {
  before = 0;
  if (const auto seq = seq_of(id); seq && events_.contains(*seq)) return seq;
  const auto newest = std::find_if(events_.rbegin(), events_.rend(),
                                   [&](const auto& each) { return each.second.event.id == id; });
  return newest == events_.rend() ? std::nullopt : std::optional(newest->first);
}

Result<std::optional<EventDetail>> MemoryStore::detail(Seq seq) {
  const auto found = events_.find(seq);
  if (found == events_.end()) return std::optional<EventDetail>();
  EventDetail detail;
  detail.row = listed(seq, found->second, true);
  detail.actions = found->second.actions;
  detail.attempts = found->second.records;
  return std::optional(std::move(detail));
}

Result<Counts> MemoryStore::counts() {
  Counts counts;
  counts.waiting = open_.size();
  counts.dead = dead_;
  if (!open_.empty()) counts.oldest_waiting_ms = events_.at(*open_.begin()).event.received_ms;
  return counts;
}

}  // namespace tenon::journal
