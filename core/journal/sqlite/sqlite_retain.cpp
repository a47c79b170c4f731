// What is deleted: what is old, what is too much, and what somebody asked to be forgotten.
#include <algorithm>
#include <charconv>

#include "journal/sqlite/schema.hpp"
#include "journal/sqlite/statements.hpp"
#include "runtime/crash_point.hpp"

namespace tenon::journal {
namespace {

constexpr std::uint32_t kRetainLook = 4096;
constexpr int kYoungInARow = 64;
// Narrow rows of ended looked at per turn: a few milliseconds; at one in so many the event's row too.
constexpr int kWalkLook = 20'000;
constexpr int kWalkAsk = 16;
// Events looked at in one turn of `forget`, and deleted: some milliseconds each.
constexpr Seq kForgetLook = 20'000;
constexpr std::size_t kForgetMost = 200;
// Up to this size the whole file is rewritten while the host runs: less than a second.
constexpr std::uint64_t kScrubMost = 64 * 1024 * 1024;
// In `meta`, the number behind it: an event that goes when it has ended. A former release leaves it alone.
constexpr std::string_view kMark = "forget:";

std::string mark_of(Seq seq) { return std::string(kMark) + std::to_string(seq); }

}  // namespace

Result<std::uint64_t> SqliteStore::retain(std::int64_t before_ms, std::uint32_t limit) {
  // The numbers of deleted rows must not come back after a restart.
  TENON_CHECK(sql_->put_meta.run(std::string_view("last_seq"), last_));
  TENON_TRY(std::uint64_t gone, delete_marked(limit));
  TENON_TRY(const std::uint64_t old, delete_events(before_ms, static_cast<std::uint32_t>(limit - gone)));
  gone += old;
  TENON_TRY(const std::uint64_t beyond, shrink(limit - gone));
  gone += beyond;
  TENON_CRASH_POINT("journal.in_retain_half");
  TENON_TRY(const std::uint64_t requests, delete_expired(sql_->oldest_dedupe, sql_->delete_dedupe,
                                                         now_ms_ - dedupe_keep_ms_, limit - gone));
  gone += requests;
  TENON_TRY(const std::uint64_t audits,
            delete_expired(sql_->oldest_audit, sql_->delete_audit, before_ms, limit - gone));
  gone += audits;
  // Where it is not done looking there may be more.
  return walk_at_ ? std::uint64_t{limit} : gone;
}

Result<std::uint64_t> SqliteStore::delete_events(std::int64_t before_ms, std::uint32_t limit) {
  std::vector<Seq> old;
  bool wrapped = true;
  int young = 0;
  {
    // Goes on where the last call stopped, so that dead letters at the front are not read again and again;
    // from the front again once it has reached what is young.
    auto rows = sql_->retain_scan.query(retain_from_);
    for (std::uint32_t looked = 0; rows.next(); ++looked) {
      if (looked == kRetainLook + limit || old.size() == limit) {
        wrapped = false;
        break;
      }
      const auto seq = static_cast<Seq>(rows.number(0));
      if (rows.number(1) >= before_ms) {
        if (++young == kYoungInARow) break;
        continue;
      }
      young = 0;
      const auto end = rows.is_null(2) ? std::nullopt : end_of(rows.text(2));
      // What waited for long, behind a pause, say, is kept for people all the same.
      const bool old_end = end && !is_dead(*end) && rows.number(3) < before_ms;
      if (old_end) old.push_back(seq);
      retain_from_ = seq;
    }
    TENON_CHECK(rows.status());
  }
  if (wrapped) retain_from_ = 0;
  for (const Seq seq : old) TENON_CHECK(delete_event(seq));
  return std::uint64_t{old.size()};
}

Status SqliteStore::delete_event(Seq seq) {
  const auto base = static_cast<std::int64_t>(seq) << kAttemptBits;
  TENON_CHECK(sql_->delete_attempts.run(base, base + (std::int64_t{1} << kAttemptBits) - 1));
  TENON_CHECK(sql_->delete_actions.run(seq));
  TENON_CHECK(sql_->delete_watches.run(seq));
  TENON_CHECK(sql_->delete_calls.run(seq));
  TENON_CHECK(sql_->delete_ended.run(seq));
  return sql_->delete_event.run(seq);
}

Result<std::uint64_t> SqliteStore::delete_expired(Statement& oldest, Statement& remove,
                                                  std::int64_t before_ms, std::uint64_t limit) {
  std::vector<std::int64_t> old;
  {
    auto rows = oldest.query(limit);
    while (rows.next() && rows.number(1) < before_ms) old.push_back(rows.number(0));
    TENON_CHECK(rows.status());
  }
  for (const std::int64_t id : old) TENON_CHECK(remove.run(id));
  return std::uint64_t{old.size()};
}

// --- what is too much

/// Without the pages that are free: they are used again before the file grows.
Result<std::uint64_t> SqliteStore::live_bytes() {
  TENON_TRY(const std::int64_t pages, database_->number("PRAGMA page_count"));
  TENON_TRY(const std::int64_t unused, database_->number("PRAGMA freelist_count"));
  TENON_TRY(const std::int64_t size, database_->number("PRAGMA page_size"));
  return static_cast<std::uint64_t>((pages - unused) * size);
}

Result<std::uint64_t> SqliteStore::shrink(std::uint64_t limit) {
  constexpr std::uint64_t kAtOnce = 20;
  std::uint64_t gone = 0;
  while (gone < limit) {
    TENON_TRY(const std::uint64_t bytes, most_bytes_ == 0 ? Result<std::uint64_t>(0) : live_bytes());
    if (bytes <= most_bytes_) {
      if (walk_at_) drop_walk();
      break;
    }
    TENON_TRY(const std::uint64_t deleted, delete_oldest(std::min(kAtOnce, limit - gone)));
    gone += deleted;
    if (deleted == 0) break;
  }
  return gone;
}

/// Ended well, the first to end first; dead letters stay until somebody has looked at them.
Result<std::uint64_t> SqliteStore::delete_oldest(std::uint64_t limit) {
  if (earliest_.empty() || walk_at_) TENON_CHECK(walk_ended());
  std::uint64_t gone = 0;
  while (!walk_at_ && gone < limit) {
    const auto one = earliest_.take();
    if (!one) break;
    bool still = false;
    {
      auto rows = sql_->ended_one.query(one->seq);
      const auto end = rows.next() ? end_of(rows.text(0)) : std::nullopt;
      // It may have run again meanwhile, or be gone.
      still = end && !is_dead(*end) && rows.number(1) == one->ended_ms;
      TENON_CHECK(rows.status());
    }
    if (!still) continue;
    TENON_CHECK(delete_event(one->seq));
    ++gone;
  }
  return gone;
}

/// Looks for those that ended first, so many rows a turn. Nothing ends before it is received, and numbers
/// grow as events are received: the walk is over once what comes was received after the last of those that
/// were found had ended. What ends meanwhile ends later than all of them.
Status SqliteStore::walk_ended() {
  if (!walk_at_) walk_at_ = shrink_from_;
  auto rows = sql_->ended_scan.query(*walk_at_);
  for (int looked = 0; rows.next(); ++looked) {
    if (looked == kWalkLook) return {};
    const auto seq = static_cast<Seq>(rows.number(0));
    const auto end = end_of(rows.text(1));
    const bool well = end && !is_dead(*end);
    // Dead letters at the front are not read again by the next walk.
    if (!well && shrink_from_ == *walk_at_) shrink_from_ = seq;
    walk_at_ = seq;
    if (well) earliest_.note({rows.number(2), seq});
    if (!earliest_.full() || looked % kWalkAsk != 0) continue;
    auto event = sql_->received_of.query(seq);
    if (event.next() && event.number(0) > earliest_.latest_ms()) break;
    TENON_CHECK(event.status());
  }
  TENON_CHECK(rows.status());
  walk_at_.reset();
  earliest_.sort();
  return {};
}

void SqliteStore::drop_walk() {
  earliest_.clear();
  walk_at_.reset();
}

/// A walk must not pass it by.
void SqliteStore::may_go(Seq seq) { shrink_from_ = std::min(shrink_from_, seq - 1); }

// --- what is to be forgotten

Result<std::uint64_t> SqliteStore::delete_marked(std::uint64_t limit) {
  std::vector<Seq> marked;
  {
    // Up to the character behind the mark's colon.
    auto rows = sql_->marks.query(kMark, std::string_view("forget;"));
    while (rows.next()) {
      const std::string key = rows.string(0);
      if (const auto seq = seq_of(key.substr(kMark.size()))) marked.push_back(*seq);
    }
    TENON_CHECK(rows.status());
  }
  std::uint64_t gone = 0;
  for (const Seq seq : marked) {
    if (gone == limit) break;
    bool waits = false;
    {
      auto open = sql_->open_one.query(seq);
      waits = open.next();
      TENON_CHECK(open.status());
    }
    if (waits) continue;
    TENON_CHECK(forget_event(seq));
    TENON_CHECK(sql_->delete_meta.run(mark_of(seq)));
    ++gone;
  }
  return gone;
}

/// An ended one, dead letters too, and what the audit has of its text.
Status SqliteStore::forget_event(Seq seq) {
  {
    auto rows = sql_->dead_end.query(seq);
    if (rows.next() && !rows.is_null(2)) {
      const auto end = end_of(rows.text(2));
      if (end && is_dead(*end)) changes_.push_back({rows.string(0), 0, -1, 0});
    }
    TENON_CHECK(rows.status());
  }
  TENON_CHECK(sql_->blank_audit.run(seq));
  return delete_event(seq);
}

Result<Forgotten> SqliteStore::forget(const ForgetQuery& query) {
  // As in `retain`: numbers do not come back.
  TENON_CHECK(sql_->put_meta.run(std::string_view("last_seq"), last_));
  Forgotten done;
  std::vector<Seq> ended;
  const Seq until = std::min<Seq>(query.after, INT64_MAX - kForgetLook) + kForgetLook;
  done.next = until < last_ ? until : 0;
  {
    auto rows = sql_->forget_scan.query(query.after, until, query.key);
    while (rows.next()) {
      if (!query.connection.empty() && query.connection != rows.text(1)) continue;
      if (!query.pipeline.empty() && query.pipeline != rows.text(2)) continue;
      const auto seq = static_cast<Seq>(rows.number(0));
      if (!rows.is_null(3)) {
        ended.push_back(seq);
      } else {
        TENON_CHECK(sql_->put_meta.run(mark_of(seq), 1));
        ++done.waiting;
      }
      if (ended.size() + done.waiting < kForgetMost) continue;
      done.next = seq;
      break;
    }
    TENON_CHECK(rows.status());
  }
  for (const Seq seq : ended) TENON_CHECK(forget_event(seq));
  done.events = ended.size();
  if (done.next == 0) TENON_CHECK(forget_versions(query, done));
  if (done.events > 0 || done.waiting > 0 || done.next == 0) {
    TENON_CHECK(sql_->insert_audit.run(now_ms_, std::string_view("forgotten"), query.connection,
                                       forgotten_subject(query, done), std::optional<Seq>()));
  }
  return done;
}

/// What was applied for the key, and all names of the sink's objects that it was applied to. A create that
/// has not been heard of is not let go of.
Status SqliteStore::forget_versions(const ForgetQuery& query, Forgotten& done) {
  std::vector<AppliedKey> gone;
  {
    auto rows = sql_->applied_of_key.query(query.key);
    while (rows.next()) {
      AppliedKey key{
          {rows.string(0), rows.string(1), rows.string(2)}, rows.string(3), rows.string(4), rows.string(5)};
      const bool narrowed =
          (!query.pipeline.empty() && key.pipeline != query.pipeline) ||
          (!query.connection.empty() && !key.source_object.starts_with(query.connection + "/"));
      if (!narrowed) gone.push_back(std::move(key));
    }
    TENON_CHECK(rows.status());
  }
  for (const AppliedKey& key : gone) {
    const IdentityKey& identity = key.identity;
    TENON_CHECK(sql_->delete_applied.run(identity.account, identity.resource, identity.natural_key,
                                         key.pipeline, key.action, key.source_object));
    std::string id;
    {
      auto rows = sql_->get_identity.query(identity.account, identity.resource, identity.natural_key);
      if (rows.next()) id = rows.string(1);
      TENON_CHECK(rows.status());
    }
    TENON_CHECK(sql_->delete_identities.run(identity.account, identity.resource, identity.natural_key, id));
    done.identities += static_cast<std::uint64_t>(database_->changes());
  }
  return {};
}

/// What was deleted may still stand in free pages of former releases and in the unused parts of pages, where
/// a row stood before its page was split. Only a rewrite takes all of it away, and an empty log.
std::optional<Result<Scrubbed>> SqliteStore::scrub() {
  if (database_->in_transaction()) return std::nullopt;
  Scrubbed done;
  const auto bytes = live_bytes();
  if (!bytes) return Result<Scrubbed>(bytes.error());
  const bool small = *bytes <= kScrubMost;
  Status status = small ? database_->run("VACUUM") : Status();
  if (status) status = checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
  if (!status && status.error().code == kStoreFailed) return Result<Scrubbed>(status.error());
  done.whole = small && status && wal_pages_ == 0;
  if (!status || wal_pages_ != 0) done.why = "another process reads the store, or the disk is full";
  if (!small) done.why = "the store has more than 64 MiB: its file is not rewritten while it is in use";
  return Result<Scrubbed>(std::move(done));
}

}  // namespace tenon::journal
