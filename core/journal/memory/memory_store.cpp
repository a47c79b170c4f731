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
  row.requeued_ms.reset();
  row.forced = false;
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
  if (const auto row = events_.find(intent.seq); intent.watch && row != events_.end())
    row->second.watches[intent.action] = {*intent.watch, intent.at_ms};
  return true;
}

Result<bool> MemoryStore::learn(std::span<const IdentityKey> identities, const std::string& create_id,
                                const std::string& sink_id) {
  bool learnt = false;
  for (const IdentityKey& key : identities) {
    const auto found = identities_.find(key);
    if (found == identities_.end() || found->second.state != IdentityState::creating ||
        found->second.create_id != create_id)
      continue;
    found->second.state = IdentityState::known;
    found->second.sink_id = sink_id;
    learnt = true;
  }
  return learnt;
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
  for (const auto& identity : settlement.identities) {
    if (identity.state == IdentityState::unknown) {
      identities_.erase(identity.key);
    } else {
      identities_[identity.key] = identity;
    }
  }
  for (const auto& applied : settlement.applied) {
    applied_[applied.key] = applied;
    applied_[applied.key].seq = settlement.seq;
  }
  if (settlement.end) end(row, settlement.seq, *settlement.end, settlement.reason);
}

Result<PipelineState> MemoryStore::set_pipeline(const PipelineState& state) {
  const auto found = states_.find(state.pipeline);
  if (state.mode == PipelineMode::running) {
    if (found != states_.end()) states_.erase(found);
    PipelineState running;
    running.pipeline = state.pipeline;
    return running;
  }
  if (found != states_.end() && state.mode == PipelineMode::paused) return found->second;
  return states_[state.pipeline] = state;
}

Result<std::uint64_t> MemoryStore::retain(std::int64_t before_ms, std::uint32_t limit) {
  std::uint64_t gone = 0;
  for (auto at = marked_.begin(); at != marked_.end() && gone < limit;) {
    const bool ended = !open_.contains(*at);
    if (ended) erase(*at);
    at = ended ? marked_.erase(at) : std::next(at);
    if (ended) ++gone;
  }
  for (auto at = events_.begin(); at != events_.end() && gone < limit;) {
    const Row& row = at->second;
    const bool old = row.end && !is_dead(*row.end) && row.ended_ms < before_ms;
    const Seq seq = at->first;
    ++at;
    if (!old) continue;
    erase(seq);
    ++gone;
  }
  for (auto at = seen_.begin(); at != seen_.end() && gone < limit;) {
    const bool old = at->second.at_ms + dedupe_keep_ms_ < now_ms_;
    at = old ? seen_.erase(at) : std::next(at);
    if (old) ++gone;
  }
  return gone;
}

void MemoryStore::erase(Seq seq) {
  const auto found = events_.find(seq);
  if (found == events_.end()) return;
  if (found->second.end && is_dead(*found->second.end)) --dead_;
  events_.erase(found);
  const std::string calls = calls_of(seq);
  auto call = identities_.lower_bound({"", "", calls});
  while (call != identities_.end() && call->first.account.empty() &&
         call->first.natural_key.starts_with(calls))
    call = identities_.erase(call);
}

Waiting MemoryStore::waiting(Seq seq, const Row& row) const {
  Waiting out;
  out.seq = seq;
  out.event = row.event;
  out.pipeline = row.pipeline;
  out.attempts = row.attempts;
  out.next_ms = row.next_ms;
  out.requeued_ms = row.requeued_ms;
  out.forced = row.forced;
  if (row.requeued_ms) out.event.event_class = row.again_as;
  for (const auto& action : row.actions) {
    out.ended_actions.emplace_back(action.action, action.end);
    if (!action.reason.empty()) out.reasons.emplace_back(action.action, action.reason);
    if (!action.id.empty()) out.written.emplace_back(action.action, action.id);
  }
  return out;
}

Result<bool> MemoryStore::open_some(Scan& scan, std::size_t limit, std::vector<Waiting>& out) {
  for (auto at = open_.upper_bound(scan.after); at != open_.end() && *at <= scan.until; ++at) {
    if (out.size() >= limit) return false;
    scan.after = *at;
    const Row& row = events_.at(*at);
    if (scan.wants(row.pipeline)) out.push_back(waiting(*at, row));
  }
  return true;
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
  if (row.requeued_ms) out.event.event_class = row.again_as;
  return out;
}

RowView MemoryStore::view(const Row& row) {
  RowView view;
  view.pipeline = row.pipeline;
  view.connection = row.event.connection;
  view.key = row.event.key;
  view.reason = row.reason;
  view.received_ms = row.event.received_ms;
  view.end = row.end;
  view.next_ms = row.next_ms;
  return view;
}

Status MemoryStore::list_some(const Query& query, Listed& listed) {
  constexpr std::uint64_t kLook = 2000;
  std::size_t bytes = 0;
  const auto look = [&](const auto& each) {
    ++listed.looked;
    listed.next = each.first;
    if (!matches(query, view(each.second))) return;
    listed.rows.push_back(MemoryStore::listed(each.first, each.second, query.with_data));
    bytes += listed.rows.back().event.data.size();
  };
  const auto enough = [&, from = listed.looked] {
    return listed.rows.size() >= query.limit || bytes >= kListBytes || listed.looked - from >= kLook;
  };
  if (query.oldest_first) {
    auto at = events_.upper_bound(listed.next != 0 ? listed.next : query.after);
    for (; at != events_.end() && (query.before == 0 || at->first < query.before); ++at) {
      if (enough()) return {};
      look(*at);
    }
  } else {
    const Seq before = listed.next != 0 ? listed.next : query.before;
    auto at = before == 0 ? events_.end() : events_.lower_bound(before);
    while (at != events_.begin() && (--at)->first > query.after) {
      if (enough()) return {};
      look(*at);
    }
  }
  if (!enough()) listed.next = 0;
  return {};
}

Status MemoryStore::group_some(GroupBy by, const Query& query, Seq& before, DeadGroups& groups) {
  before = 0;
  for (auto at = events_.rbegin(); at != events_.rend(); ++at) {
    const Row& row = at->second;
    if (!matches(query, view(row))) continue;
    switch (by) {
      case GroupBy::reason:
        groups.add(row.reason, at->first, row.event.received_ms);
        break;
      case GroupBy::pipeline:
        groups.add(row.pipeline, at->first, row.event.received_ms);
        break;
      case GroupBy::connection:
        groups.add(row.event.connection, at->first, row.event.received_ms);
        break;
      case GroupBy::status:
        groups.add(last_status(row.records.empty() ? "" : row.records.back().conversation), at->first,
                   row.event.received_ms);
        break;
    }
  }
  return {};
}

Result<std::vector<PipelineState>> MemoryStore::pipelines() {
  std::vector<PipelineState> out;
  for (const auto& [name, state] : states_) out.push_back(state);
  return out;
}

Result<std::vector<Backlog>> MemoryStore::backlog() {
  std::map<std::string, Backlog> by_name;
  for (const auto& [seq, row] : events_) {
    if (row.end && !is_dead(*row.end)) continue;
    Backlog& backlog = by_name[row.pipeline];
    backlog.pipeline = row.pipeline;
    if (row.end) {
      ++backlog.dead;
      continue;
    }
    ++backlog.waiting;
    if (row.next_ms) ++backlog.retrying;
    if (!backlog.oldest_waiting_ms) backlog.oldest_waiting_ms = row.event.received_ms;
  }
  std::vector<Backlog> out;
  for (auto& [name, backlog] : by_name) out.push_back(std::move(backlog));
  return out;
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
  detail.notes = found->second.notes;
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
