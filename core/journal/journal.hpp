// Journal: the durable queue. What it has acknowledged survives a crash and a power loss (memory/ excepted).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "event/event.hpp"
#include "runtime/runtime.hpp"

namespace tenon::journal {

/// Number of one journalled event of one pipeline; grows with receive order, never reused. 0 is none.
using Seq = std::uint64_t;
/// Which opening of the store a call belongs to. A call of an older epoch fails with `stale_epoch` and
/// changes nothing.
using Epoch = std::uint64_t;

/// How a repetition is recognised.
struct DedupeKey {
  std::string connection;
  std::string delivery_id;  ///< empty: the body alone decides (the sender signs no id)
  Sha256 body;
};

/// One event for one pipeline.
struct NewEvent {
  Event event;
  std::string pipeline;
};

/// What one authenticated request came to, written in one transaction.
struct Append {
  std::optional<DedupeKey> dedupe;
  std::vector<NewEvent> events;
  /// Authenticated but malformed: `event.data` holds the raw bytes; journalled as ended, rejected,
  /// `malformed_event`.
  std::optional<Event> malformed;
};

struct Appended {
  bool duplicate = false;  ///< seen before with the same bytes: nothing was written
  bool id_reused = false;  ///< the delivery id was seen with other bytes: written, and audited
  std::vector<Seq> seqs;   ///< of `events`, in order; of the earlier ones where duplicate
};

/// An event that waits, as `take` hands it out.
struct Waiting {
  Seq seq = 0;
  Event event;
  std::string pipeline;
  std::uint32_t attempts = 0;           ///< answers counted so far
  std::optional<std::int64_t> next_ms;  ///< wall time before which it should not run
  /// When somebody last asked for it again (`requeue`, `replay`); its age counts from then. Its class is
  /// `retry` or `replay`.
  std::optional<std::int64_t> requeued_ms;
  bool forced = false;  ///< replayed, and to be written over what is newer
  std::vector<std::pair<std::string, End>> ended_actions;
  std::vector<std::pair<std::string, std::string>> written;  ///< action and id, where an ended one has an id
  std::vector<std::pair<std::string, std::string>>
      reasons;  ///< action and why, where an ended one has a reason
};

/// What `take` is asked for.
struct TakeQuery {
  TakeQuery(std::uint32_t most, std::set<std::string> passed_by = {})  // NOLINT(google-explicit-constructor)
      : limit(most), full(std::move(passed_by)) {}
  std::uint32_t limit;
  /// Pipelines of which the taker wants nothing now; it gets what it left there, in order, once it asks
  /// without them.
  std::set<std::string> full;
};

/// An answer of `take`.
struct Taken {
  std::vector<Waiting> events;
  bool more = false;  ///< ask again: this turn was full, or ended before everything was looked at
};

/// The sink's name for something: shared by all pipelines.
struct IdentityKey {
  std::string account;
  std::string resource;
  std::string natural_key;
  auto operator<=>(const IdentityKey&) const = default;
};

enum class IdentityState : std::uint8_t { unknown, known, creating };

/// Where the intent of a call stands, of which its sink recognises a repetition for a time. A call has no
/// natural key: its event and action are its name. The row goes with its event.
IdentityKey key_of_call(Seq seq, std::string_view action);

struct Identity {
  IdentityKey key;
  IdentityState state = IdentityState::unknown;
  std::string sink_id;    ///< where known
  std::string create_id;  ///< of the last intent
  std::int64_t create_since_ms = 0;
};

/// Which source object's state an (identity, action) holds.
struct AppliedKey {
  IdentityKey identity;
  std::string pipeline;
  std::string action;
  std::string source_object;
  auto operator<=>(const AppliedKey&) const = default;
};

struct Applied {
  AppliedKey key;
  std::optional<std::string> version;
  std::string record_hash;
  std::string mapping_digest;
  Seq seq = 0;  ///< of the event that it came with; 0: not known (of before format 5)
};

/// The write-ahead note that a create is about to be sent, for each identity that the record has, or a call.
struct Intent {
  Seq seq = 0;
  std::string action;
  std::vector<IdentityKey> identities;
  std::string create_id;
  std::int64_t at_ms = 0;
  /// The record (JSON text), where the create may be the second one of its object and the sink would take
  /// both: it is to be searched for, by a later start too, until `unwatch`. One per event and action: the
  /// newest.
  std::optional<std::string> watch = std::nullopt;
};

/// A create that is to be looked after.
struct Watch {
  Seq seq = 0;
  std::string action;
  std::string pipeline;
  std::int64_t since_ms = 0;  ///< when its intent was written
};

/// One attempt of one action, for people. `conversation` is JSON text, already redacted.
struct AttemptRecord {
  std::string action;
  std::uint32_t number = 0;
  std::int64_t started_ms = 0;
  std::int64_t finished_ms = 0;
  std::string outcome;  ///< delivered, retry, rejected, or an End that needed no request
  std::string cause;
  std::string reason;
  std::string fetched;  ///< JSON text of what fetches answered; empty if none
  std::string conversation;
  std::string version;  ///< of the pipeline
};

struct ActionEnd {
  std::string action;
  End end = End::delivered;
  std::string reason;
  std::string id;  ///< the sink's, of what the action wrote or found up to date; may be empty
};

/// All that one run of an event changed; committed as one. With `end` the event ends, with `next_ms` it
/// waits, with neither it stays open (one action of several was written, or its pipeline is held).
struct Settlement {
  Seq seq = 0;
  std::vector<AttemptRecord> attempts;
  std::vector<ActionEnd> actions;
  std::vector<Identity> identities;  ///< rows to write, whole; of an unknown one nothing is kept
  std::vector<Applied> applied;      ///< rows to write, whole
  std::optional<End> end;
  std::string reason;
  std::optional<std::int64_t> next_ms;
  std::uint32_t attempts_counted = 0;  ///< new total
};

/// A row of `tenon events` and `tenon dead`.
struct EventRow {
  Seq seq = 0;
  Event event;  ///< data empty in lists
  std::string pipeline;
  std::string state;  ///< waiting, retrying, or the name of the end
  std::string reason;
  std::uint32_t attempts = 0;
  std::optional<std::int64_t> next_ms;
  std::optional<std::int64_t> ended_ms;
};

/// What happened to an event beside its attempts: done by an operator, or seen by the host.
struct Note {
  std::int64_t at_ms = 0;
  std::string what;  ///< requeued, replayed, skipped, id_reused, duplicate_at_sink, duplicate_unchecked
  std::string text;  ///< of the first three: the end that was taken back, its reason, and how; of the last
                     ///< two what `unwatch` was told
};

struct EventDetail {
  EventRow row;  ///< with data
  std::vector<ActionEnd> actions;
  std::vector<AttemptRecord> attempts;
  std::vector<Note> notes;  ///< oldest first
};

/// Which events; empty members do not ask.
struct Query {
  bool dead_only = false;
  std::string pipeline;
  std::string connection;
  std::string state;  ///< `waiting`, `retrying` or an end
  std::string key;
  std::string reason;                    ///< a part of the reason; case counts
  std::optional<std::int64_t> since_ms;  ///< received then or later
  std::optional<std::int64_t> until_ms;  ///< received before then
  bool oldest_first = false;
  Seq before = 0;  ///< only numbers below; 0: no bound
  Seq after = 0;   ///< only numbers above
  std::uint32_t limit = 100;
  /// How many events are looked at, at most, before the answer is given as it is.
  std::uint64_t look = 200'000;
  bool with_data = false;  ///< up to 4 MiB of it, then the answer is given as it is
};

struct Listed {
  std::vector<EventRow> rows;
  /// Where to go on: as `before`, or as `after` where the oldest come first; 0: there is nothing more.
  Seq next = 0;
  std::uint64_t looked = 0;  ///< events looked at
};

struct Counts {
  std::uint64_t waiting = 0;
  std::uint64_t dead = 0;
  std::optional<std::int64_t> oldest_waiting_ms;  ///< received
  bool has_space = true;                          ///< false: appends are refused, as `store_full`
};

/// Whether the events of a pipeline are handed out. They are journalled in any case.
enum class PipelineMode : std::uint8_t {
  running,
  paused,  ///< by an operator
  held,    ///< by the host, for a reason that somebody has to mend
};
std::string_view name_of(PipelineMode mode);

struct PipelineState {
  std::string pipeline;
  PipelineMode mode = PipelineMode::running;
  std::string reason;
  std::int64_t since_ms = 0;
};

/// How much there is of one pipeline; dead letters without one (malformed) count for the empty name.
struct Backlog {
  std::string pipeline;
  std::uint64_t waiting = 0;  ///< open events, retrying ones too
  std::uint64_t retrying = 0;
  std::uint64_t dead = 0;
  std::optional<std::int64_t> oldest_waiting_ms;  ///< received
};

/// The journal as an operator sees it.
struct Overview {
  std::vector<Backlog> backlog;       ///< by name; pipelines with something only
  std::vector<PipelineState> states;  ///< by name; those that do not run
  std::uint64_t bytes = 0;            ///< on disk, the log included; 0 for one in memory
};

/// What `requeue` or `replay` did.
struct Requeued {
  struct Refused {
    Seq seq = 0;
    std::string code;  ///< not_found, not_dead, malformed_event; of `replay` those that it names
  };
  std::vector<Seq> seqs;  ///< open again, ascending
  std::vector<Refused> refused;
  std::uint64_t replaying = 0;  ///< of `replay`: all replayed events that have not ended yet
};

/// What `skip` did: those that ended as skipped, and those that were no dead letters.
using Skipped = Requeued;

struct DeadGroup {
  std::string name;
  std::uint64_t count = 0;
  Seq newest = 0;
  std::int64_t oldest_ms = 0;  ///< received
  std::int64_t newest_ms = 0;
};
enum class GroupBy : std::uint8_t {
  reason,
  pipeline,
  connection,
  status,  ///< of the last answer in the last attempt; `-` if there was none
};

struct Looked {
  std::vector<Identity> identities;             ///< same order; state unknown where there is none
  std::vector<std::optional<Applied>> applied;  ///< same order
};

/// What one run of an event asks of the journal, and tells it.
class Ledger {
 public:
  template <class T>
  using Reply = runtime::Reply<Result<T>>;

  virtual ~Ledger() = default;
  virtual Epoch epoch() const = 0;
  /// When this process opened it, wall milliseconds.
  virtual std::int64_t opened_ms() const { return 0; }
  /// When a backup became this store, wall milliseconds; 0: it is none. What happened between the two it does
  /// not know.
  virtual std::int64_t restored_ms() const { return 0; }
  /// What is known of identities and what was applied to them.
  virtual void look(std::vector<IdentityKey> identities, std::vector<AppliedKey> applied,
                    Reply<Looked> reply) = 0;
  /// Commits the intent to disk; the create may be sent after the answer.
  virtual void begin(Epoch epoch, Intent intent, Reply<bool> reply) = 0;
  /// What a create came to whose run is over: where the identities still wait for that create, they are known
  /// from now on. Answers whether one did. Not audited: the next attempt shows it.
  virtual void learn(Epoch epoch, std::vector<IdentityKey> identities, std::string create_id,
                     std::string sink_id, Reply<bool> reply) = 0;
  /// Commits settlements, all or none: `not_open` if one speaks of an event that has ended or never was.
  virtual void settle(Epoch epoch, std::vector<Settlement> batch, Reply<bool> reply) = 0;
};

/// All calls from any thread; answers come on the executor that the Reply names, in call order per caller.
/// Calls made in the same moment share a transaction. Errors: `store_failed` (an I/O error: the store takes
/// nothing more, the process should end), `store_full` (no space: nothing was written, the store lives on),
/// `store_busy` (another process kept the database locked: as store_full), `stale_epoch`.
class Journal : public Ledger {
 public:
  /// Answers after the commit reached the disk.
  virtual void append(Append request, Reply<Appended> reply) = 0;

  /// Called (on `on`) after commits that appended events, at least once after the last `take` that came back
  /// short.
  virtual void on_appended(runtime::Executor& on, Function<void()> call) = 0;

  /// The next at most `query.limit` unended, unparked events in seq order that this epoch has not taken yet,
  /// those of pipelines that do not run left out. Requeued events come when they are requeued, in seq order
  /// among themselves. Looks at a bounded number of events a turn.
  virtual void take(Epoch epoch, TakeQuery query, Reply<Taken> reply) = 0;

  /// Gives taken events of one lane back to the disk: `take` passes them by, `take_parked` returns them in
  /// seq order, leaving out those that ended meanwhile. A park lasts until the store is opened again.
  /// `not_taken` if one was never taken.
  virtual void park(Epoch epoch, std::string lane, std::vector<Seq> seqs, Reply<bool> reply) = 0;
  virtual void take_parked(Epoch epoch, std::string lane, std::uint32_t limit,
                           Reply<std::vector<Waiting>> reply) = 0;
  /// Taken events as they are now, in the order of `seqs`, leaving out those that ended: for a taker that
  /// remembers itself what it let go of. `not_taken` if one was never taken.
  virtual void take_again(Epoch epoch, std::vector<Seq> seqs, Reply<std::vector<Waiting>> reply) = 0;

  /// Creates that are to be looked after, in seq order. What became of their event does not count, unless it
  /// was deleted.
  virtual void watches(Reply<std::vector<Watch>> reply) = 0;
  /// What that create sends; nullopt: nobody is to look any more.
  virtual void watched(Seq seq, std::string action, Reply<std::optional<std::string>> reply) = 0;
  /// It was looked after for good. A note that is not empty is kept with the event.
  virtual void unwatch(Epoch epoch, Seq seq, std::string action, std::optional<Note> note,
                       Reply<bool> reply) = 0;

  /// Opens dead letters again: at once, with no attempts counted; of their actions those that were delivered
  /// stay so. One commit, audited. Refusals concern single events; one that was named twice, here or by two
  /// callers, is opened once.
  virtual void requeue(std::vector<Seq> seqs, Reply<Requeued> reply) = 0;

  /// Dead letters end as skipped, for good. One commit, audited. Refusals as those of `requeue`, but that a
  /// malformed one may be skipped too.
  virtual void skip(std::vector<Seq> seqs, Reply<Skipped> reply) = 0;

  /// Commits the mode of a pipeline and answers what now holds: a pipeline that is held is not paused on top
  /// of it. While it does not run, `take` and `take_parked` pass its events by; whoever takes must let go of
  /// those that it had, for once it is set to running all its open events are handed out again. Audited.
  virtual void set_pipeline(PipelineState state, Reply<PipelineState> reply) = 0;
  virtual void overview(Reply<Overview> reply) = 0;

  /// At most 1,000. Looks at a bounded number of events per turn, so that calls made later may be answered
  /// before it, and at `query.look` altogether.
  virtual void list(Query query, Reply<Listed> reply) = 0;
  /// The dead letters that the query asks for (bounds, limit and look do not count), the largest group
  /// first, at most 1,000 groups.
  virtual void dead_groups(GroupBy by, Query query, Reply<std::vector<DeadGroup>> reply) = 0;
  /// nullopt if there is no such event. `id` is a seq in decimal or an event's id (the newest of that id).
  /// Of its attempts the newest 100 are kept.
  virtual void show(std::string id, Reply<std::optional<EventDetail>> reply) = 0;
  virtual void counts(Reply<Counts> reply) = 0;

  /// Deletes events (dead letters excepted) that ended before `before_ms` and dedupe rows that expired, at
  /// most `limit` rows; answers how many, or `limit` while it still looks. Small batches keep acks fast.
  virtual void retain(std::int64_t before_ms, std::uint32_t limit, Reply<std::uint64_t> reply) = 0;

  /// Commits what was handed in, answers it, checkpoints and closes; blocks. No call after it.
  virtual void close() = 0;
};

struct Options {
  std::int64_t dedupe_keep_ms = 7LL * 24 * 3600 * 1000;  ///< longer than any source's retry horizon
  /// Appends are refused (`store_full`) while the disk has less left, and a little for each open event, so
  /// that what was accepted can still be settled. Bytes; sqlite only.
  std::uint64_t min_free_bytes = 64ULL * 1024 * 1024;
  /// Of a disk too small for that, one part of so many.
  std::uint32_t min_free_part = 4;
  /// Called once, on the writer, when the store has failed for good.
  Function<void(Error)> on_failure;
};

/// A journal that forgets at exit; for tests and simulation.
std::unique_ptr<Journal> open_memory(runtime::Runtime& runtime, Options options);

/// The journal in `folder`/journal.db; creates it, mode 0600. Errors: `store_locked` (another process has
/// it), `store_newer` (written by a newer tenon; left untouched), `store_corrupt`, `store_failed`.
Result<std::unique_ptr<Journal>> open_sqlite(runtime::Runtime& runtime, const std::string& folder,
                                             Options options);

/// The same file, to be read only: calls that write fail, and nothing but SQLite's own log index beside it is
/// touched. Errors: `store_missing` (there is no journal), `store_locked` (a host has it), `store_older` (a
/// host has to upgrade it first), `store_newer`, `store_corrupt`, `store_failed`.
Result<std::unique_ptr<Journal>> open_sqlite_reader(runtime::Runtime& runtime, const std::string& folder);

}  // namespace tenon::journal
