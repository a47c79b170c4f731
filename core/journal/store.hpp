// Store: what a backend of the Journal keeps. The Engine queues, batches and answers; a Store reads and
// writes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "journal/journal.hpp"
#include "journal/upkeep.hpp"

namespace tenon::journal {

inline constexpr std::string_view kStoreFull = "store_full";
inline constexpr std::string_view kStoreBusy = "store_busy";
inline constexpr std::string_view kStoreFailed = "store_failed";

/// Of one event; older ones go as new ones come.
inline constexpr std::size_t kAttemptsKept = 100;

/// True for errors that undo the whole batch; any other concerns one call only.
inline bool undoes_batch(const Error& error) {
  return error.code == kStoreFull || error.code == kStoreBusy || error.code == kStoreFailed;
}

/// A walk over the open events.
struct Scan {
  Seq after = 0;
  Seq until = UINT64_MAX;
  std::string only;                               ///< of this pipeline; empty: of all but the next
  const std::set<std::string>* not_of = nullptr;  ///< may be null
  bool wants(std::string_view pipeline) const {
    if (!only.empty()) return pipeline == only;
    return not_of == nullptr || not_of->empty() || !not_of->contains(std::string(pipeline));
  }
};

/// Counts dead letters by name; what comes after 1,000 names is told together.
class DeadGroups {
 public:
  void add(std::string_view name, Seq seq, std::int64_t received_ms);
  /// The largest first.
  std::vector<DeadGroup> take();

 private:
  std::map<std::string, DeadGroup, std::less<>> groups_;
};

/// Counts what there is of a range, event by event in seq order.
class RangeTally {
 public:
  explicit RangeTally(const RangeQuery& query) : query_(query) {}
  /// False: all that follow are behind the range.
  bool add(Seq seq, std::int64_t received_ms, std::string_view pipeline, bool open);
  /// No event is left; `last` is the highest number that was given.
  void end(Seq last);
  Seq at() const { return at_; }
  const Range& range() const { return range_; }

 private:
  bool before(std::int64_t ms) const { return ms < query_.since_ms; }
  bool behind(std::int64_t ms) const { return ms >= query_.until_ms; }
  void gap(Seq seq, std::int64_t received_ms);

  RangeQuery query_;
  Range range_;
  Seq at_ = 0;
  std::int64_t at_ms_ = INT64_MIN;
  int behind_in_a_row_ = 0;
};

/// Owned by the Engine, called by one thread at a time. A call that fails for its own reason (an event that
/// is not open) changes nothing and spoils nothing; one that fails as `undoes_batch` says is followed by
/// `rollback`.
class Store {
 public:
  virtual ~Store() = default;
  virtual Epoch epoch() const = 0;
  virtual std::int64_t restored_ms() const { return 0; }

  /// One batch of writes; what it changed shows (and lasts) only once `commit` has succeeded.
  virtual Status start(std::int64_t now_ms) = 0;
  virtual Status commit() = 0;
  virtual void rollback() = 0;
  /// False if an append should be refused as `store_full` without trying.
  virtual bool has_space() { return true; }

  virtual Result<Appended> append(Append& request) = 0;
  virtual Result<bool> begin(const Intent& intent) = 0;
  virtual Result<bool> learn(std::span<const IdentityKey> identities, const std::string& create_id,
                             const std::string& sink_id) = 0;
  virtual Result<bool> settle(const std::vector<Settlement>& batch) = 0;
  virtual Result<bool> unwatch(Seq seq, const std::string& action, const std::optional<Note>& note) = 0;
  /// `seqs` ascending, each once; with `replay` as it says (its own seqs do not count), else dead letters.
  /// Beside the answer: the pipelines of those that are open again.
  using Opened = std::pair<Requeued, std::vector<std::pair<std::string, Seq>>>;
  virtual Result<Opened> requeue(std::span<const Seq> seqs, const Replay* replay) = 0;
  virtual Result<Skipped> skip(std::span<const Seq> seqs) = 0;
  virtual Result<PipelineState> set_pipeline(const PipelineState& state) = 0;
  virtual Result<std::uint64_t> retain(std::int64_t before_ms, std::uint32_t limit) = 0;
  virtual Result<Forgotten> forget(const ForgetQuery& query) = 0;
  virtual void keep_below(std::uint64_t bytes) { (void)bytes; }
  /// Outside of a batch and of a snapshot; nullopt within one.
  virtual std::optional<Result<Scrubbed>> scrub() { return Result<Scrubbed>(Scrubbed{true, ""}); }

  /// Several reads between these two share a snapshot; a read outside is fine too.
  virtual Status start_reads() { return {}; }
  virtual void end_reads() {}
  /// Looks at a bounded number of open events with a seq above `scan.after` and at most `scan.until`, in seq
  /// order, and adds those that `scan.wants` to `out`, until that holds `limit`. Moves `scan.after`; answers
  /// whether it reached the end.
  virtual Result<bool> open_some(Scan& scan, std::size_t limit, std::vector<Waiting>& out) = 0;
  /// Those of `seqs` that are still open, in the order given.
  virtual Result<std::vector<Waiting>> open_of(std::span<const Seq> seqs) = 0;
  virtual Result<Looked> look(std::span<const IdentityKey> identities,
                              std::span<const AppliedKey> applied) = 0;
  virtual Result<std::vector<Watch>> watches() = 0;
  virtual Result<std::optional<std::string>> watched(Seq seq, const std::string& action) = 0;
  /// Those that do not run.
  virtual Result<std::vector<PipelineState>> pipelines() = 0;
  virtual Result<std::vector<Backlog>> backlog() = 0;
  virtual std::uint64_t bytes() const { return 0; }
  /// Looks at a bounded number of events from `listed.next` on (0: from the query's bound), adds those that
  /// match and moves `listed.next` and `looked`. `next` is 0 when there is nothing more.
  virtual Status list_some(const Query& query, Listed& listed) = 0;
  /// Looks at a bounded number of dead letters below `before`, newest first; moves it, 0 at the end.
  virtual Status group_some(GroupBy by, const Query& query, Seq& before, DeadGroups& groups) = 0;
  /// The newest event of that id (or of that number) if this turn comes upon it. `before` is 0 in the first
  /// turn; left above 0, the search wants another one.
  virtual Result<std::optional<Seq>> find_some(const std::string& id, Seq& before) = 0;
  virtual Result<std::optional<EventDetail>> detail(Seq seq) = 0;
  virtual Result<Counts> counts() = 0;
  /// Looks at a bounded number of events above `tally.at`, in seq order; true at the end.
  virtual Result<bool> range_some(const RangeQuery& query, RangeTally& tally) = 0;

  /// `pressed`: calls wait already. `idle`: nothing was written for a while.
  enum class Pace : std::uint8_t { pressed, calm, idle };
  /// House-keeping after answers have left.
  virtual Status maintain(Pace pace) {
    (void)pace;
    return {};
  }
  /// Whether `maintain(idle)` has anything to do, ever.
  virtual bool cares_for_idle() const { return false; }
  /// The last call. `sound` is false after `store_failed`: then nothing may be written any more.
  virtual void close(bool sound) { (void)sound; }
};

/// The seq that `text` spells in decimal; nullopt for anything else.
std::optional<Seq> seq_of(const std::string& text);
/// waiting, retrying, or the end's name.
std::string_view state_name(const std::optional<End>& end, const std::optional<std::int64_t>& next_ms);
/// What a query asks of a row; for one that has not ended, `end` is empty.
struct RowView {
  std::string_view pipeline, connection, key, reason;
  std::int64_t received_ms = 0;
  std::optional<End> end;
  std::optional<std::int64_t> next_ms;
};
bool matches(const Query& query, const RowView& row);
/// The status of the last answered exchange of a conversation (JSON text); `-` if there is none.
std::string last_status(const std::string& conversation);
/// What the audit says of an end that was taken back.
std::string taken_back(End end, std::string_view reason);
/// The reason of a dead letter that was skipped.
constexpr std::string_view kSkipped = "skipped by an operator";
/// The same of an event that is replayed; `kept` are its actions that are not done again.
std::string replayed_from(End end, std::string_view reason, bool force, const std::vector<std::string>& kept);
/// Why an event is not opened again; empty: it is. `end` is empty for one that has not ended.
std::string_view why_not(std::optional<End> end, std::string_view pipeline, const Replay* replay);
/// Whether the action's end stays with an event that is replayed, or (null) retried.
bool stays(std::string_view action, End end, const Replay* replay);
/// What the audit says of a key that was forgotten: enough to answer "was this one?", and not the key.
std::string forgotten_subject(const ForgetQuery& query, const Forgotten& done);
/// How the natural keys of an event's calls begin.
std::string calls_of(Seq seq);
/// Of `store/30`: `30`.
std::string_view key_of_source_object(std::string_view source_object);

inline constexpr std::size_t kListBytes = 4 * 1024 * 1024;

}  // namespace tenon::journal
