// What changes the store.
#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"
#include "journal/sqlite/schema.hpp"
#include "journal/sqlite/statements.hpp"
#include "runtime/crash_point.hpp"

namespace tenon::journal {
namespace {

constexpr std::string_view kNothingFetched;
constexpr std::string_view kNothingSaid = "[]";

Error not_open(Seq seq) {
  return Error("not_open", "event " + std::to_string(seq) + " has ended or never was");
}

std::string_view name_of(IdentityState state) {
  switch (state) {
    case IdentityState::known:
      return "known";
    case IdentityState::creating:
      return "creating";
    case IdentityState::unknown:
      break;
  }
  return "unknown";
}

void append_text(std::string& out, std::string_view text) {
  if (is_utf8(text)) {
    append_json_string(out, text);
    return;
  }
  // No JSON text could say it; what cannot be read back would take its neighbours along.
  std::string ascii(text);
  std::replace_if(
      ascii.begin(), ascii.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  append_json_string(out, ascii);
}

/// A JSON object; of equal names the first counts.
std::string keys_text(const std::vector<std::pair<std::string, std::string>>& keys) {
  std::string out = "{";
  for (auto at = keys.begin(); at != keys.end(); ++at) {
    const auto same = [&](const auto& other) { return other.first == at->first; };
    if (std::any_of(keys.begin(), at, same)) continue;
    if (out.size() > 1) out += ',';
    append_text(out, at->first);
    out += ':';
    append_text(out, at->second);
  }
  out += '}';
  return out;
}

}  // namespace

// --- append

Result<bool> SqliteStore::find_duplicate(const DedupeKey& key, Appended& appended) {
  const Blob body{bytes_of(key.body)};
  const bool has_id = !key.delivery_id.empty();
  auto rows = has_id ? sql_->find_id.query(key.delivery_id, key.connection)
                     : sql_->find_body.query(body, key.connection);
  while (rows.next()) {
    if (rows.text(0) != body.bytes) {
      appended.id_reused = true;
      continue;
    }
    const auto first = static_cast<Seq>(rows.number(1));
    const auto count = static_cast<Seq>(rows.number(2));
    appended.duplicate = true;
    appended.id_reused = false;
    for (Seq i = 0; i < count; ++i) appended.seqs.push_back(first + i);
    return true;
  }
  TENON_CHECK(rows.status());
  return false;
}

Status SqliteStore::insert_event(Seq seq, const Event& event, const std::string& pipeline, bool raw) {
  const std::string keys = keys_text(event.keys);
  const std::string_view event_class = tenon::name_of(event.event_class);
  if (raw) {
    return sql_->insert_event.run(seq, event.id, event.connection, pipeline, event.type, event.key, keys,
                                  event.version, event.time_ms, event.received_ms, event_class, event.thin,
                                  Blob{event.data});
  }
  return sql_->insert_event.run(seq, event.id, event.connection, pipeline, event.type, event.key, keys,
                                event.version, event.time_ms, event.received_ms, event_class, event.thin,
                                event.data);
}

Status SqliteStore::note_request(const DedupeKey& key, Seq first, std::uint64_t events, bool reused) {
  TENON_CHECK(sql_->insert_dedupe.run(key.connection, key.delivery_id, Blob{bytes_of(key.body)}, first,
                                      events, now_ms_));
  if (!reused) return {};
  return sql_->insert_audit.run(now_ms_, std::string_view("id_reused"), key.connection, key.delivery_id,
                                first);
}

Result<Appended> SqliteStore::append(Append& request) {
  Appended appended;
  if (request.dedupe) {
    TENON_TRY(const bool duplicate, find_duplicate(*request.dedupe, appended));
    if (duplicate) return appended;
  }
  const Seq first = last_ + 1;
  for (const auto& each : request.events) {
    TENON_CHECK(insert_event(++last_, each.event, each.pipeline, false));
    TENON_CHECK(sql_->insert_pending.run(last_, each.pipeline));
    appended.seqs.push_back(last_);
    changes_.push_back({each.pipeline, 1, 0, 0});
  }
  if (request.malformed) {
    TENON_CHECK(insert_event(++last_, *request.malformed, "", true));
    TENON_CHECK(sql_->insert_ended.run(last_, tenon::name_of(End::rejected),
                                       std::string_view("malformed_event"), 0, now_ms_));
    changes_.push_back({"", 0, 1, 0});
  }
  if (request.dedupe)
    TENON_CHECK(note_request(*request.dedupe, first, request.events.size(), appended.id_reused));
  for (std::size_t i = 0; i < request.events.size(); ++i) {
    Waiting waiting;
    waiting.seq = appended.seqs[i];
    waiting.event = std::move(request.events[i].event);
    waiting.pipeline = std::move(request.events[i].pipeline);
    appended_.push_back(std::move(waiting));
  }
  return appended;
}

// --- begin, settle

Result<bool> SqliteStore::begin(const Intent& intent) {
  for (const IdentityKey& key : intent.identities) {
    TENON_CHECK(sql_->begin.run(key.account, key.resource, key.natural_key, intent.create_id, intent.at_ms,
                                intent.seq, intent.action));
  }
  if (intent.watch) TENON_CHECK(sql_->put_watch.run(intent.seq, intent.action, *intent.watch, intent.at_ms));
  return true;
}

Result<bool> SqliteStore::learn(std::span<const IdentityKey> identities, const std::string& create_id,
                                const std::string& sink_id) {
  bool learnt = false;
  for (const IdentityKey& key : identities) {
    TENON_CHECK(sql_->learn.run(sink_id, key.account, key.resource, key.natural_key, create_id));
    learnt = learnt || database_->changes() > 0;
  }
  return learnt;
}

Result<bool> SqliteStore::unwatch(Seq seq, const std::string& action, const std::optional<Note>& note) {
  TENON_CHECK(sql_->unwatch.run(seq, action));
  if (database_->changes() == 0) return false;
  if (note)
    TENON_CHECK(
        sql_->insert_audit.run(now_ms_, note->what, std::string_view(), note->text, std::optional(seq)));
  return true;
}

Result<bool> SqliteStore::settle(const std::vector<Settlement>& batch) {
  if (batch.size() == 1) return settle_one(batch.front());
  TENON_CHECK(sql_->savepoint.run());
  const std::size_t changes = changes_.size();
  Result<bool> done = true;
  for (const auto& settlement : batch) {
    done = settle_one(settlement);
    if (!done) break;
  }
  if (!done) {
    if (undoes_batch(done.error())) return done;
    TENON_CHECK(sql_->rollback_to.run());
    changes_.resize(changes);
  }
  TENON_CHECK(sql_->release.run());
  return done;
}

Result<bool> SqliteStore::settle_one(const Settlement& settlement) {
  // First what can turn out to be refused: nothing else is written then.
  if (settlement.end) {
    std::optional<std::string> pipeline;
    {
      auto gone = sql_->delete_pending.query(settlement.seq);
      if (gone.next()) pipeline = gone.string(0);
      TENON_CHECK(gone.status());
    }
    if (!pipeline) return not_open(settlement.seq);
    TENON_CHECK(end_event(settlement, std::move(*pipeline)));
    TENON_CRASH_POINT("journal.in_settle_half");
  } else {
    TENON_CHECK(sql_->update_pending.run(settlement.attempts_counted, settlement.next_ms, settlement.seq));
    if (database_->changes() == 0) return not_open(settlement.seq);
  }
  settled_ = std::max(settled_, settlement.seq);
  for (const auto& attempt : settlement.attempts) TENON_CHECK(add_attempt(settlement.seq, attempt));
  for (const auto& action : settlement.actions) {
    TENON_CHECK(sql_->insert_action.run(settlement.seq, action.action, tenon::name_of(action.end),
                                        action.reason, action.id));
  }
  TENON_CHECK(write_identities(settlement));
  return true;
}

Status SqliteStore::end_event(const Settlement& settlement, std::string pipeline) {
  changes_.push_back({std::move(pipeline), -1, is_dead(*settlement.end) ? 1 : 0, 0});
  may_go(settlement.seq);
  return sql_->insert_ended.run(settlement.seq, tenon::name_of(*settlement.end), settlement.reason,
                                settlement.attempts_counted, now_ms_);
}

Status SqliteStore::add_attempt(Seq seq, const AttemptRecord& attempt) {
  const auto base = static_cast<std::int64_t>(seq) << kAttemptBits;
  const auto last = base + (std::int64_t{1} << kAttemptBits) - 1;
  std::int64_t id = base;
  {
    auto rows = sql_->last_attempt.query(base, last);
    if (rows.next() && !rows.is_null(0)) id = rows.number(0);
    TENON_CHECK(rows.status());
  }
  if (id == last) return {};
  ++id;
  // On a disk that is nearly full the end of an event matters more than what was said on the way.
  const bool brief = space_ == Space::scarce;
  TENON_CHECK(sql_->insert_attempt.run(
      id, attempt.action, attempt.number, attempt.started_ms, attempt.finished_ms, attempt.outcome,
      attempt.cause, attempt.reason, brief ? kNothingFetched : std::string_view(attempt.fetched),
      brief ? kNothingSaid : std::string_view(attempt.conversation), attempt.version));
  constexpr auto kKept = static_cast<std::int64_t>(kAttemptsKept);
  if (id - base <= kKept) return {};
  return sql_->delete_attempt.run(id - kKept);
}

Status SqliteStore::write_identities(const Settlement& settlement) {
  for (const auto& identity : settlement.identities) {
    const IdentityKey& key = identity.key;
    if (identity.state == IdentityState::unknown) {
      TENON_CHECK(sql_->delete_identity.run(key.account, key.resource, key.natural_key));
      continue;
    }
    TENON_CHECK(sql_->put_identity.run(key.account, key.resource, key.natural_key, name_of(identity.state),
                                       identity.sink_id, identity.create_id, identity.create_since_ms));
  }
  for (const auto& applied : settlement.applied) {
    const IdentityKey& identity = applied.key.identity;
    TENON_CHECK(sql_->put_applied.run(identity.account, identity.resource, identity.natural_key,
                                      applied.key.pipeline, applied.key.action, applied.key.source_object,
                                      applied.version, applied.record_hash, applied.mapping_digest,
                                      settlement.seq));
  }
  return {};
}

// --- what an operator does

Result<Store::Opened> SqliteStore::requeue(std::span<const Seq> seqs, const Replay* replay) {
  Opened opened;
  if (replay != nullptr) {
    auto rows = sql_->replaying.query();
    if (rows.next()) opened.first.replaying = static_cast<std::uint64_t>(rows.number(0));
    TENON_CHECK(rows.status());
  }
  for (const Seq seq : seqs) TENON_CHECK(requeue_one(seq, replay, opened));
  return opened;
}

Result<SqliteStore::DeadLetter> SqliteStore::dead_letter(Seq seq) {
  DeadLetter letter;
  letter.refused = "not_found";
  auto rows = sql_->dead_end.query(seq);
  if (rows.next()) {
    letter.pipeline = rows.string(0);
    letter.connection = rows.string(1);
    const auto end = rows.is_null(2) ? std::nullopt : end_of(rows.text(2));
    const bool dead = end && is_dead(*end);
    letter.refused = dead ? "" : "not_dead";
    if (dead) letter.ended = taken_back(*end, rows.text(3));
  }
  TENON_CHECK(rows.status());
  return letter;
}

Result<bool> SqliteStore::requeue_one(Seq seq, const Replay* replay, Opened& opened) {
  std::string pipeline;
  std::string connection;
  std::string reason;
  std::optional<End> end;
  std::string_view refused = "not_found";
  {
    auto rows = sql_->dead_end.query(seq);
    if (rows.next()) {
      pipeline = rows.string(0);
      connection = rows.string(1);
      if (!rows.is_null(2)) {
        end = end_of(rows.text(2));
        reason = rows.string(3);
      }
      refused = why_not(end, pipeline, replay);
    }
    TENON_CHECK(rows.status());
  }
  if (refused.empty() && replay != nullptr && opened.first.replaying >= kMostReplaying) refused = "busy";
  if (!refused.empty()) {
    opened.first.refused.push_back({seq, std::string(refused)});
    return false;
  }
  std::vector<std::string> kept;
  TENON_CHECK(reopen(seq, pipeline, replay, kept));
  const std::string text =
      replay != nullptr ? replayed_from(*end, reason, replay->force, kept) : taken_back(*end, reason);
  TENON_CHECK(sql_->insert_audit.run(now_ms_, std::string_view(replay != nullptr ? "replayed" : "requeued"),
                                     connection, text, seq));
  changes_.push_back({pipeline, 1, is_dead(*end) ? -1 : 0, seq});
  if (replay != nullptr) ++opened.first.replaying;
  opened.first.seqs.push_back(seq);
  opened.second.emplace_back(std::move(pipeline), seq);
  return true;
}

Result<Skipped> SqliteStore::skip(std::span<const Seq> seqs) {
  Skipped skipped;
  for (const Seq seq : seqs) {
    TENON_TRY(const DeadLetter letter, dead_letter(seq));
    if (!letter.refused.empty()) {
      skipped.refused.push_back({seq, letter.refused});
      continue;
    }
    may_go(seq);
    TENON_CHECK(sql_->skip_dead.run(tenon::name_of(End::skipped), kSkipped, now_ms_, seq));
    TENON_CHECK(
        sql_->insert_audit.run(now_ms_, std::string_view("skipped"), letter.connection, letter.ended, seq));
    changes_.push_back({letter.pipeline, 0, -1, seq});
    skipped.seqs.push_back(seq);
  }
  return skipped;
}

Status SqliteStore::reopen(Seq seq, const std::string& pipeline, const Replay* replay,
                           std::vector<std::string>& kept) {
  std::vector<std::string> dropped;
  {
    auto rows = sql_->actions.query(seq);
    while (rows.next()) {
      const auto end = end_of(rows.text(1));
      (end && stays(rows.text(0), *end, replay) ? kept : dropped).push_back(rows.string(0));
    }
    TENON_CHECK(rows.status());
  }
  for (const std::string& action : dropped) TENON_CHECK(sql_->drop_action.run(seq, action));
  TENON_CHECK(sql_->delete_dead.run(seq));
  const bool again = replay != nullptr;
  return sql_->requeue.run(seq, pipeline, now_ms_,
                           tenon::name_of(again ? EventClass::replay : EventClass::retry),
                           again && replay->force);
}

Result<PipelineState> SqliteStore::set_pipeline(const PipelineState& state) {
  std::string_view what = "resumed";
  if (state.mode == PipelineMode::running) {
    TENON_CHECK(sql_->delete_state.run(state.pipeline));
  } else {
    what = journal::name_of(state.mode);
    Statement& put = state.mode == PipelineMode::held ? sql_->put_state : sql_->insert_state;
    TENON_CHECK(put.run(state.pipeline, what, state.reason, state.since_ms));
  }
  const std::string subject = state.pipeline + (state.reason.empty() ? "" : ": " + state.reason);
  TENON_CHECK(sql_->insert_audit.run(now_ms_, what, std::string_view(), subject, std::optional<Seq>()));
  PipelineState now;
  now.pipeline = state.pipeline;
  auto rows = sql_->state_of.query(state.pipeline);
  if (rows.next()) now = read_state(rows);
  TENON_CHECK(rows.status());
  return now;
}

}  // namespace tenon::journal
