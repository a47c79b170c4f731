// Store: what a backend of the Journal keeps. The Engine queues, batches and answers; a Store reads and
// writes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "journal/journal.hpp"

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

/// Owned by the Engine, called by one thread at a time. A call that fails for its own reason (an event that
/// is not open) changes nothing and spoils nothing; one that fails as `undoes_batch` says is followed by
/// `rollback`.
class Store {
 public:
  virtual ~Store() = default;
  virtual Epoch epoch() const = 0;

  /// One batch of writes; what it changed shows (and lasts) only once `commit` has succeeded.
  virtual Status start(std::int64_t now_ms) = 0;
  virtual Status commit() = 0;
  virtual void rollback() = 0;
  /// False if an append should be refused as `store_full` without trying.
  virtual bool has_space() { return true; }

  virtual Result<Appended> append(Append& request) = 0;
  virtual Result<bool> begin(const Intent& intent) = 0;
  virtual Result<bool> settle(const std::vector<Settlement>& batch) = 0;
  virtual Result<std::uint64_t> retain(std::int64_t before_ms, std::uint32_t limit) = 0;

  /// Several reads between these two share a snapshot; a read outside is fine too.
  virtual Status start_reads() { return {}; }
  virtual void end_reads() {}
  /// The first `limit` open events with a seq above `after`, in seq order.
  virtual Result<std::vector<Waiting>> open_after(Seq after, std::uint32_t limit) = 0;
  /// Those of `seqs` that are still open, in the order given.
  virtual Result<std::vector<Waiting>> open_of(std::span<const Seq> seqs) = 0;
  virtual Result<Looked> look(std::span<const IdentityKey> identities,
                              std::span<const AppliedKey> applied) = 0;
  /// Looks at a bounded number of events below `before` (0: all), newest first, and adds those that match.
  /// Answers where to go on; 0 when there is nothing more or `rows` holds `query.limit`.
  virtual Result<Seq> list_some(const Query& query, Seq before, std::vector<EventRow>& rows) = 0;
  /// The newest event of that id (or of that number) if this turn comes upon it. `before` is 0 in the first
  /// turn; left above 0, the search wants another one.
  virtual Result<std::optional<Seq>> find_some(const std::string& id, Seq& before) = 0;
  virtual Result<std::optional<EventDetail>> detail(Seq seq) = 0;
  virtual Result<Counts> counts() = 0;

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
/// Whether a row belongs to the answer; for one that has not ended, `end` is empty.
bool matches(const Query& query, std::string_view pipeline, std::string_view key,
             const std::optional<End>& end, const std::optional<std::int64_t>& next_ms);

}  // namespace tenon::journal
