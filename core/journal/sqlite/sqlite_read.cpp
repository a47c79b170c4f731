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

/// Behind the event: attempts, next_ms, end, reason, ended_ms.
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
  return out;
}

IdentityState state_of(std::string_view name) {
  if (name == "known") return IdentityState::known;
  return name == "creating" ? IdentityState::creating : IdentityState::unknown;
}

}  // namespace

Status SqliteStore::read_actions(Waiting& waiting) {
  auto rows = sql_->actions.query(waiting.seq);
  while (rows.next()) {
    const auto end = end_of(rows.text(1));
    if (!end) continue;
    waiting.ended_actions.emplace_back(rows.string(0), *end);
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
    }
    TENON_CHECK(rows.status());
    looked.applied.push_back(std::move(found));
  }
  return looked;
}

Result<Seq> SqliteStore::list_some(const Query& query, Seq before, std::vector<EventRow>& rows) {
  const auto wanted = query.state.empty() ? std::nullopt : end_of(query.state);
  const bool open = query.state == "waiting" || query.state == "retrying";
  const bool dead = query.dead_only || (wanted && is_dead(*wanted));
  Statement& statement = open ? sql_->list_open : dead ? sql_->list_dead : sql_->list_all;
  auto found = statement.query(before == 0 ? std::int64_t{INT64_MAX} : static_cast<std::int64_t>(before));
  for (int looked = 1; found.next(); ++looked) {
    const auto next_ms = found.maybe_number(kEventColumns + 1);
    const auto end = found.is_null(kEventColumns + 2) ? std::nullopt : end_of(found.text(kEventColumns + 2));
    if (matches(query, found.text(3), found.text(5), end, next_ms)) {
      rows.push_back(read_row(found));
      if (rows.size() >= query.limit) return Seq{0};
    }
    if (looked == kListLook) return static_cast<Seq>(found.number(0));
  }
  TENON_CHECK(found.status());
  return Seq{0};
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
    detail.attempts.push_back(std::move(record));
  }
  return attempts.status();
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
