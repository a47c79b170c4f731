// SqliteStore: the Store in one SQLite file. One connection does everything, reads and checkpoints too.
#pragma once

#include <deque>
#include <map>
#include <optional>

#include "journal/sqlite/database.hpp"
#include "journal/sqlite/earliest.hpp"
#include "journal/store.hpp"

namespace tenon::journal {

/// The lock on a folder; held as long as it lives, and let go by the kernel if the process dies.
class FolderLock {
 public:
  FolderLock() = default;
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  int descriptor_ = -1;
};

class SqliteStore final : public Store {
 public:
  /// One with the folder's lock may write; without it the database was opened for reading.
  SqliteStore(std::optional<FolderLock> lock, std::unique_ptr<Database> database, const Options& options);
  ~SqliteStore() override;

  /// Prepares the statements, reads what is kept in memory and begins a new epoch.
  Status load();

  Epoch epoch() const override { return epoch_; }
  std::int64_t restored_ms() const override { return restored_ms_; }
  Status start(std::int64_t now_ms) override;
  Status commit() override;
  void rollback() override;
  bool has_space() override;

  Result<Appended> append(Append& request) override;
  Result<bool> begin(const Intent& intent) override;
  Result<bool> learn(std::span<const IdentityKey> identities, const std::string& create_id,
                     const std::string& sink_id) override;
  Result<bool> settle(const std::vector<Settlement>& batch) override;
  Result<bool> unwatch(Seq seq, const std::string& action, const std::optional<Note>& note) override;
  Result<Opened> requeue(std::span<const Seq> seqs, const Replay* replay) override;
  Result<Skipped> skip(std::span<const Seq> seqs) override;
  Result<PipelineState> set_pipeline(const PipelineState& state) override;
  Result<std::uint64_t> retain(std::int64_t before_ms, std::uint32_t limit) override;
  Result<Forgotten> forget(const ForgetQuery& query) override;
  void keep_below(std::uint64_t bytes) override { most_bytes_ = bytes; }
  std::optional<Result<Scrubbed>> scrub() override;

  Status start_reads() override;
  void end_reads() override;
  Result<bool> open_some(Scan& scan, std::size_t limit, std::vector<Waiting>& out) override;
  Result<std::vector<Waiting>> open_of(std::span<const Seq> seqs) override;
  Result<Looked> look(std::span<const IdentityKey> identities, std::span<const AppliedKey> applied) override;
  Result<std::vector<Watch>> watches() override;
  Result<std::optional<std::string>> watched(Seq seq, const std::string& action) override;
  Result<std::vector<PipelineState>> pipelines() override;
  Result<std::vector<Backlog>> backlog() override;
  std::uint64_t bytes() const override;
  Status list_some(const Query& query, Listed& listed) override;
  Status group_some(GroupBy by, const Query& query, Seq& before, DeadGroups& groups) override;
  Result<std::optional<Seq>> find_some(const std::string& id, Seq& before) override;
  Result<std::optional<EventDetail>> detail(Seq seq) override;
  Result<Counts> counts() override;
  Result<bool> range_some(const RangeQuery& query, RangeTally& tally) override;

  Status maintain(Pace pace) override;
  bool cares_for_idle() const override { return true; }
  void close(bool sound) override;

 private:
  /// Remembered at once: 256 KiB.
  static constexpr std::size_t kEarliest = 16 * 1024;
  struct Statements;
  /// New events whose rows need not be read back, because the taker keeps up.
  struct Fresh {
    std::deque<Waiting> events;  ///< in seq order
    Seq from = 1;                ///< every open event of this seq and above is in `events`
    std::size_t bytes = 0;
  };

  /// Of one pipeline.
  struct Tally {
    std::uint64_t open = 0;
    std::uint64_t dead = 0;
    Seq oldest_from = 0;  ///< no open event is below
  };
  /// low: nothing more is accepted. scarce: and of what is settled only the outcome is kept.
  enum class Space : std::uint8_t { enough, low, scarce };
  struct Change {
    std::string pipeline;
    std::int64_t open = 0;
    std::int64_t dead = 0;
    Seq opened = 0;  ///< an old event that is open again
  };

  Status count_all();
  void count(const Change& change);
  bool take_fresh(Scan& scan, std::size_t limit, std::vector<Waiting>& out);
  Result<bool> requeue_one(Seq seq, const Replay* replay, Opened& opened);
  Status reopen(Seq seq, const std::string& pipeline, const Replay* replay, std::vector<std::string>& kept);
  /// What a dead letter is; `refused` empty if it is one.
  struct DeadLetter {
    std::string pipeline, connection, refused;
    std::string ended;  ///< its end and reason
  };
  Result<DeadLetter> dead_letter(Seq seq);
  Result<std::string> last_conversation(Seq seq);
  Result<bool> find_duplicate(const DedupeKey& key, Appended& appended);
  Status insert_event(Seq seq, const Event& event, const std::string& pipeline, bool raw);
  Status note_request(const DedupeKey& key, Seq first, std::uint64_t events, bool reused);
  Status end_event(const Settlement& settlement, std::string pipeline);
  Result<bool> settle_one(const Settlement& settlement);
  Status add_attempt(Seq seq, const AttemptRecord& attempt);
  Status write_identities(const Settlement& settlement);
  Result<std::uint64_t> delete_events(std::int64_t before_ms, std::uint32_t limit);
  Result<std::uint64_t> live_bytes();
  std::uint64_t room_below(std::uint64_t limit);
  Result<std::uint64_t> shrink(std::uint64_t limit);
  Result<std::uint64_t> delete_oldest(std::uint64_t limit);
  Status walk_ended();
  void drop_walk();
  void may_go(Seq seq);
  Result<std::uint64_t> delete_marked(std::uint64_t limit);
  Status forget_event(Seq seq);
  Status forget_versions(const ForgetQuery& query, Forgotten& done);
  Status delete_event(Seq seq);
  Result<std::uint64_t> delete_expired(Statement& oldest, Statement& remove, std::int64_t before_ms,
                                       std::uint64_t limit);
  void keep_fresh(Waiting waiting);
  void drop_oldest_fresh();
  Status read_actions(Waiting& waiting);
  Result<Waiting> read_waiting(Statement::Rows& row);
  Result<std::optional<Seq>> find_indexed(const std::string& id);
  Status read_records(EventDetail& detail);
  Status checkpoint(int mode);
  static int on_wal(void* self, sqlite3*, const char*, int pages);

  std::optional<FolderLock> lock_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Statements> sql_;
  std::int64_t dedupe_keep_ms_;
  std::uint64_t min_free_bytes_;
  std::uint64_t most_bytes_ = 0;
  std::uint32_t min_free_part_;
  Epoch epoch_ = 0;
  std::int64_t restored_ms_ = 0;
  std::int64_t now_ms_ = 0;

  Seq last_ = 0;
  std::uint64_t open_ = 0;
  std::uint64_t dead_ = 0;
  std::map<std::string, Tally, std::less<>> tallies_;
  Fresh fresh_;
  // Of the batch that runs; they count once it is committed.
  std::vector<Change> changes_;
  std::vector<Waiting> appended_;
  Seq settled_ = 0;  ///< the highest one

  Seq retain_from_ = 0;
  Seq shrink_from_ = 0;           ///< nothing that may go is there or below
  std::optional<Seq> walk_at_;    ///< looking for those that ended first
  Earliest earliest_{kEarliest};  ///< of those that may go, once the walk is over
  int wal_pages_ = 0;
  int checkpoint_after_ = 0;  ///< not before the log has that many pages
  std::uint64_t reserve_;     ///< what this disk must have left
  Space space_ = Space::enough;
};

}  // namespace tenon::journal
