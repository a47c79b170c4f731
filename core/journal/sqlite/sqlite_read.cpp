// What only reads the store.
#include <algorithm>

#include "base/json.hpp"
#include "journal/sqlite/schema.hpp"
#include "journal/sqlite/statements.hpp"

namespace tenon::journal {
namespace {

// Rows per turn: some milliseconds.
constexpr int kListLook = 2000;
constexpr int kFindLook = 4000;
constexpr int kRangeLook = 4000;
constexpr int kGroupLook = 200;  // with a conversation read for each
constexpr int kOldInARow = 256;

/// Columns kEventColumns in front.
Event read_event(Statement::Rows& row) {
  Event event;
  event.id = row.string(1);
  event.connection = row.string(2);
  event.type = row.string(4);
  event.key = row.string(5);
  if (const std::string_view keys = row.text(6); keys.size() > 2) {
    if (const auto parsed = parse_json(keys)) {
      for (const Member& member : parsed->root.members())
        if (member.value.is_string()) event.keys.emplace_back(member.name, member.value.as_string());
    }
  }
  if (!row.is_null(7)) event.version = row.string(7);
  event.time_ms = row.maybe_number(8);
  event.received_ms = row.number(9);
  event.event_class = event_class_of(row.text(10)).value_or(EventClass::live);
  event.thin = row.number(11) != 0;
  return event;
}

/// Of an event that somebody asked for again.
EventClass class_of_again(std::string_view word) { return event_class_of(word).value_or(EventClass::retry); }

/// Behind the event: attempts, next_ms, end, reason, ended_ms, data, requeued_ms, class.
EventRow read_row(Statement::Rows& row) {
  EventRow out;
  out.seq = static_cast<Seq>(row.number(0));
  out.event = read_event(row);
  out.pipeline = row.string(3);
  out.attempts = static_cast<std::uint32_t>(row.number(kEventColumns));
  out.next_ms = row.maybe_number(kEventColumns + 1);
  const auto end = row.is_null(kEventColumns + 2) ? std::nullopt : end_of(row.text(kEventColumns + 2));
  out.state = state_name(end, out.next_ms);
  out.reason = row.string(kEventColumns + 3);
  out.ended_ms = row.maybe_number(kEventColumns + 4);
  if (!row.is_null(kEventColumns + 6)) out.event.event_class = class_of_again(row.text(kEventColumns + 7));
  return out;
}

RowView view_row(const Statement::Rows& row) {
  RowView view;
  view.connection = row.text(2);
  view.pipeline = row.text(3);
  view.key = row.text(5);
  view.received_ms = row.number(9);
  view.next_ms = row.maybe_number(kEventColumns + 1);
  if (!row.is_null(kEventColumns + 2)) view.end = end_of(row.text(kEventColumns + 2));
  if (!row.is_null(kEventColumns + 3)) view.reason = row.text(kEventColumns + 3);
  return view;
}

IdentityState state_of(std::string_view name) {
  if (name == "known") return IdentityState::known;
  return name == "creating" ? IdentityState::creating : IdentityState::unknown;
}

}  // namespace

PipelineState read_state(Statement::Rows& row) {
  PipelineState state;
  state.pipeline = row.string(0);
  state.mode = row.text(1) == "held" ? PipelineMode::held : PipelineMode::paused;
  state.reason = row.string(2);
  state.since_ms = row.number(3);
  return state;
}

Status SqliteStore::read_actions(Waiting& waiting) {
  auto rows = sql_->actions.query(waiting.seq);
  while (rows.next()) {
    const auto end = end_of(rows.text(1));
    if (!end) continue;
    waiting.ended_actions.emplace_back(rows.string(0), *end);
    if (!rows.text(2).empty()) waiting.reasons.emplace_back(rows.string(0), rows.string(2));
    if (!rows.text(3).empty()) waiting.written.emplace_back(rows.string(0), rows.string(3));
  }
  return rows.status();
}

Result<Waiting> SqliteStore::read_waiting(Statement::Rows& row) {
  Waiting waiting;
  waiting.seq = static_cast<Seq>(row.number(0));
  waiting.event = read_event(row);
  waiting.pipeline = row.string(3);
  waiting.attempts = static_cast<std::uint32_t>(row.number(kEventColumns));
  waiting.next_ms = row.maybe_number(kEventColumns + 1);
  waiting.event.data = row.string(kEventColumns + 2);
  waiting.requeued_ms = row.maybe_number(kEventColumns + 3);
  if (waiting.requeued_ms) waiting.event.event_class = class_of_again(row.text(kEventColumns + 4));
  waiting.forced = row.number(kEventColumns + 5) != 0;
  TENON_CHECK(read_actions(waiting));
  return waiting;
}

Result<std::vector<Waiting>> SqliteStore::open_of(std::span<const Seq> seqs) {
  std::vector<Waiting> out;
  for (const Seq seq : seqs) {
    auto rows = sql_->open_one.query(seq);
    if (rows.next()) {
      TENON_TRY(auto waiting, read_waiting(rows));
      out.push_back(std::move(waiting));
    }
    TENON_CHECK(rows.status());
  }
  return out;
}

Result<Looked> SqliteStore::look(std::span<const IdentityKey> identities,
                                 std::span<const AppliedKey> applied) {
  Looked looked;
  for (const auto& key : identities) {
    Identity identity;
    identity.key = key;
    auto rows = sql_->get_identity.query(key.account, key.resource, key.natural_key);
    if (rows.next()) {
      identity.state = state_of(rows.text(0));
      identity.sink_id = rows.string(1);
      identity.create_id = rows.string(2);
      identity.create_since_ms = rows.number(3);
    }
    TENON_CHECK(rows.status());
    looked.identities.push_back(std::move(identity));
  }
  for (const auto& key : applied) {
    std::optional<Applied> found;
    auto rows = sql_->get_applied.query(key.identity.account, key.identity.resource, key.identity.natural_key,
                                        key.pipeline, key.action, key.source_object);
    if (rows.next()) {
      found.emplace();
      found->key = key;
      if (!rows.is_null(0)) found->version = rows.string(0);
      found->record_hash = rows.string(1);
      found->mapping_digest = rows.string(2);
      found->seq = static_cast<Seq>(rows.number(3));
    }
    TENON_CHECK(rows.status());
    looked.applied.push_back(std::move(found));
  }
  return looked;
}

Result<std::vector<Watch>> SqliteStore::watches() {
  std::vector<Watch> out;
  auto rows = sql_->watches.query();
  while (rows.next())
    out.push_back({static_cast<Seq>(rows.number(0)), rows.string(1), rows.string(2), rows.number(3)});
  TENON_CHECK(rows.status());
  return out;
}

Result<std::optional<std::string>> SqliteStore::watched(Seq seq, const std::string& action) {
  std::optional<std::string> record;
  auto rows = sql_->watched.query(seq, action);
  if (rows.next()) record = rows.string(0);
  TENON_CHECK(rows.status());
  return record;
}

Status SqliteStore::list_some(const Query& query, Listed& listed) {
  const auto wanted = query.state.empty() ? std::nullopt : end_of(query.state);
  const bool open = query.state == "waiting" || query.state == "retrying";
  const bool dead = query.dead_only || (wanted && is_dead(*wanted));
  auto& statements = open ? sql_->list_open : dead ? sql_->list_dead : sql_->list_all;
  const Seq before = !query.oldest_first && listed.next != 0 ? listed.next : query.before;
  const Seq after = query.oldest_first && listed.next != 0 ? listed.next : query.after;
  auto found = statements[query.oldest_first ? 1 : 0].query(
      before == 0 ? Seq{INT64_MAX} : std::min<Seq>(before, INT64_MAX), std::min<Seq>(after, INT64_MAX));
  std::size_t bytes = 0;
  int old = 0;
  for (int looked = 1; found.next(); ++looked) {
    ++listed.looked;
    listed.next = static_cast<Seq>(found.number(0));
    const RowView view = view_row(found);
    // Numbers grow as events are received, but for a clock that was set back: a row of old ones ends it.
    old = query.since_ms && !query.oldest_first && view.received_ms < *query.since_ms ? old + 1 : 0;
    if (old == kOldInARow) break;
    if (matches(query, view)) {
      listed.rows.push_back(read_row(found));
      if (query.with_data) {
        listed.rows.back().event.data = found.string(kEventColumns + 5);
        bytes += listed.rows.back().event.data.size();
      }
      if (listed.rows.size() >= query.limit || bytes >= kListBytes) return {};
    }
    if (looked == kListLook) return {};
  }
  listed.next = 0;
  return found.status();
}

Result<bool> SqliteStore::range_some(const RangeQuery&, RangeTally& tally) {
  auto rows = sql_->range.query(tally.at());
  for (int looked = 1; rows.next(); ++looked) {
    if (!tally.add(static_cast<Seq>(rows.number(0)), rows.number(1), rows.text(2), !rows.is_null(3)))
      return true;
    if (looked == kRangeLook) return false;
  }
  TENON_CHECK(rows.status());
  tally.end(last_);
  return true;
}

Status SqliteStore::group_some(GroupBy by, const Query& query, Seq& before, DeadGroups& groups) {
  auto found = sql_->list_dead[0].query(before == 0 ? Seq{INT64_MAX} : before, Seq{0});
  for (int looked = 1; found.next(); ++looked) {
    before = static_cast<Seq>(found.number(0));
    const RowView view = view_row(found);
    if (matches(query, view)) {
      std::string name(by == GroupBy::reason     ? view.reason
                       : by == GroupBy::pipeline ? view.pipeline
                                                 : view.connection);
      if (by == GroupBy::status) {
        TENON_TRY(const std::string conversation, last_conversation(before));
        name = last_status(conversation);
      }
      groups.add(name, before, view.received_ms);
    }
    if (looked == (by == GroupBy::status ? kGroupLook : kListLook)) return {};
  }
  before = 0;
  return found.status();
}

Result<std::string> SqliteStore::last_conversation(Seq seq) {
  const auto base = static_cast<std::int64_t>(seq) << kAttemptBits;
  auto rows = sql_->last_conversation.query(base, base + (std::int64_t{1} << kAttemptBits) - 1);
  if (rows.next()) return rows.string(0);
  TENON_CHECK(rows.status());
  return std::string();
}

Result<std::vector<PipelineState>> SqliteStore::pipelines() {
  std::vector<PipelineState> out;
  auto rows = sql_->states.query();
  while (rows.next()) out.push_back(read_state(rows));
  TENON_CHECK(rows.status());
  return out;
}

Result<std::vector<Backlog>> SqliteStore::backlog() {
  std::map<std::string, std::uint64_t, std::less<>> retrying;
  {
    auto rows = sql_->retrying.query();
    while (rows.next()) retrying.emplace(rows.string(0), static_cast<std::uint64_t>(rows.number(1)));
    TENON_CHECK(rows.status());
  }
  std::vector<Backlog> out;
  for (auto& [pipeline, tally] : tallies_) {
    if (tally.open == 0 && tally.dead == 0) continue;
    Backlog backlog;
    backlog.pipeline = pipeline;
    backlog.waiting = tally.open;
    backlog.dead = tally.dead;
    if (const auto found = retrying.find(pipeline); found != retrying.end()) backlog.retrying = found->second;
    if (tally.open > 0) {
      auto oldest = sql_->oldest_of.query(tally.oldest_from, pipeline);
      if (oldest.next()) {
        // Kept: the next time needs not pass by what others have in front of it.
        tally.oldest_from = static_cast<Seq>(oldest.number(0));
        auto received = sql_->received_of.query(tally.oldest_from);
        if (received.next()) backlog.oldest_waiting_ms = received.number(0);
        TENON_CHECK(received.status());
      }
      TENON_CHECK(oldest.status());
    }
    out.push_back(std::move(backlog));
  }
  return out;
}

Result<std::optional<Seq>> SqliteStore::find_some(const std::string& id, Seq& before) {
  if (before == 0) {
    TENON_TRY(const auto found, find_indexed(id));
    if (found) return found;
    before = INT64_MAX;
  }
  // Older than its dedupe row, or never had a delivery's id: look through the events, newest first.
  auto rows = sql_->scan_ids.query(before);
  for (int looked = 1; rows.next(); ++looked) {
    const auto seq = static_cast<Seq>(rows.number(0));
    if (rows.text(1) == id) return std::optional(seq);
    before = seq;
    if (looked == kFindLook) return std::optional<Seq>();
  }
  TENON_CHECK(rows.status());
  before = 0;
  return std::optional<Seq>();
}

Result<std::optional<Seq>> SqliteStore::find_indexed(const std::string& id) {
  if (const auto seq = seq_of(id)) {
    auto rows = sql_->exists.query(*seq);
    if (rows.next()) return seq;
    TENON_CHECK(rows.status());
  }
  // The n-th event of a delivery is called `id#n`.
  const std::string delivery = id.substr(0, id.rfind('#'));
  std::optional<Seq> newest;
  for (const std::string& name : {id, delivery}) {
    auto rows = sql_->newest_of.query(id, name);
    if (rows.next() && !rows.is_null(0))
      newest = std::max(newest.value_or(0), static_cast<Seq>(rows.number(0)));
    TENON_CHECK(rows.status());
  }
  return newest;
}

Result<std::optional<EventDetail>> SqliteStore::detail(Seq seq) {
  auto rows = sql_->show.query(seq);
  if (!rows.next()) {
    TENON_CHECK(rows.status());
    return std::optional<EventDetail>();
  }
  EventDetail detail;
  detail.row = read_row(rows);
  detail.row.event.data = rows.string(kEventColumns + 5);
  TENON_CHECK(read_records(detail));
  return std::optional(std::move(detail));
}

Status SqliteStore::read_records(EventDetail& detail) {
  auto actions = sql_->actions.query(detail.row.seq);
  while (actions.next()) {
    if (const auto end = end_of(actions.text(1)))
      detail.actions.push_back({actions.string(0), *end, actions.string(2), actions.string(3)});
  }
  TENON_CHECK(actions.status());
  const auto base = static_cast<std::int64_t>(detail.row.seq) << kAttemptBits;
  auto attempts = sql_->attempts.query(base, base + (std::int64_t{1} << kAttemptBits) - 1);
  while (attempts.next()) {
    AttemptRecord record;
    record.action = attempts.string(0);
    record.number = static_cast<std::uint32_t>(attempts.number(1));
    record.started_ms = attempts.number(2);
    record.finished_ms = attempts.number(3);
    record.outcome = attempts.string(4);
    record.cause = attempts.string(5);
    record.reason = attempts.string(6);
    record.fetched = attempts.string(7);
    record.conversation = attempts.string(8);
    record.version = attempts.string(9);
    detail.attempts.push_back(std::move(record));
  }
  TENON_CHECK(attempts.status());
  auto notes = sql_->notes.query(detail.row.seq);
  while (notes.next()) detail.notes.push_back({notes.number(0), notes.string(1), notes.string(2)});
  return notes.status();
}

Result<Counts> SqliteStore::counts() {
  Counts counts;
  counts.waiting = open_;
  counts.dead = dead_;
  auto rows = sql_->oldest_waiting.query();
  if (rows.next()) counts.oldest_waiting_ms = rows.number(0);
  TENON_CHECK(rows.status());
  return counts;
}

}  // namespace tenon::journal
