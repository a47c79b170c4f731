// MemoryStore: the Store that forgets; plain containers.
#pragma once

#include <map>
#include <set>
#include <tuple>

#include "journal/store.hpp"

namespace tenon::journal {

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(std::int64_t dedupe_keep_ms) : dedupe_keep_ms_(dedupe_keep_ms) {}

  Epoch epoch() const override { return 1; }
  Status start(std::int64_t now_ms) override;
  Status commit() override { return {}; }
  void rollback() override {}

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

  Result<bool> open_some(Scan& scan, std::size_t limit, std::vector<Waiting>& out) override;
  Result<std::vector<Waiting>> open_of(std::span<const Seq> seqs) override;
  Result<Looked> look(std::span<const IdentityKey> identities, std::span<const AppliedKey> applied) override;
  Result<std::vector<Watch>> watches() override;
  Result<std::optional<std::string>> watched(Seq seq, const std::string& action) override;
  Result<std::vector<PipelineState>> pipelines() override;
  Result<std::vector<Backlog>> backlog() override;
  Status list_some(const Query& query, Listed& listed) override;
  Status group_some(GroupBy by, const Query& query, Seq& before, DeadGroups& groups) override;
  Result<std::optional<Seq>> find_some(const std::string& id, Seq& before) override;
  Result<std::optional<EventDetail>> detail(Seq seq) override;
  Result<Counts> counts() override;
  Result<bool> range_some(const RangeQuery& query, RangeTally& tally) override;

 private:
  struct Row {
    Event event;
    std::string pipeline;
    std::optional<End> end;
    std::string reason;
    std::uint32_t attempts = 0;
    std::optional<std::int64_t> next_ms;
    std::optional<std::int64_t> ended_ms;
    std::optional<std::int64_t> requeued_ms;
    EventClass again_as = EventClass::retry;  ///< where it was requeued
    bool forced = false;
    std::vector<ActionEnd> actions;
    std::vector<AttemptRecord> records;
    std::vector<Note> notes;
    struct Watched {
      std::string record;
      std::int64_t since_ms = 0;
    };
    std::map<std::string, Watched> watches;  ///< by action
  };
  /// Connection, delivery id, body (the body alone where there is no id).
  using RequestKey = std::tuple<std::string, std::string, Sha256>;
  struct Seen {
    std::vector<Seq> seqs;
    std::int64_t at_ms = 0;
  };

  Seq add(Event event, std::string pipeline);
  Waiting waiting(Seq seq, const Row& row) const;
  static EventRow listed(Seq seq, const Row& row, bool with_data);
  static RowView view(const Row& row);
  void reopen(Row& row, Seq seq, const Replay* replay);
  std::uint64_t replaying() const;
  void settle_one(const Settlement& settlement);
  void erase(Seq seq);
  void forget_identity(const IdentityKey& key, Forgotten& done);
  void end(Row& row, Seq seq, End end, const std::string& reason);

  std::int64_t dedupe_keep_ms_;
  std::int64_t now_ms_ = 0;
  Seq last_ = 0;
  std::map<Seq, Row> events_;
  std::set<Seq> open_;
  std::set<Seq> marked_;  ///< to be deleted when they have ended
  std::uint64_t dead_ = 0;
  std::map<RequestKey, Seen> seen_;
  std::map<IdentityKey, Identity> identities_;
  std::map<AppliedKey, Applied> applied_;
  std::map<std::string, PipelineState> states_;
};

}  // namespace tenon::journal
