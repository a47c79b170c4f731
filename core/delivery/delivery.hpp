// Delivery: takes events from the journal, orders them into lanes and runs them.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "delivery/blocked_lanes.hpp"
#include "delivery/disk_lanes.hpp"
#include "delivery/duplicate_watch.hpp"
#include "delivery/feed.hpp"
#include "delivery/flow.hpp"
#include "delivery/gate.hpp"
#include "delivery/lanes.hpp"
#include "delivery/locks.hpp"
#include "delivery/pace.hpp"
#include "delivery/run.hpp"
#include "journal/journal.hpp"
#include "runtime/runtime.hpp"

namespace tenon::delivery {

struct DeliveryOptions {
  std::size_t memory_events = 2048;    ///< how many waiting events are held in memory, about
  std::size_t running = 512;           ///< how many run at once
  std::size_t running_per_flow = 128;  ///< of one pipeline: a slow sink must not take every place
  Probe* probe = nullptr;              ///< sees what runs do, if there is one
  Suspects* suspects = nullptr;        ///< what not to run, if known; outlives the delivery
  std::size_t taker = 0;               ///< which of the feed's this one is
};

/// One per delivery executor; all calls on its thread.
class Delivery {
 public:
  /// `feed`: through which events come. `gate`: through which the flows' instances send. Both outlive the
  /// delivery.
  Delivery(runtime::Runtime& runtime, journal::Journal& journal, Feed& feed, BudgetGate& gate,
           DeliveryOptions options = {});
  ~Delivery();

  using ModeSet = Function<void(Result<journal::PipelineState>)>;

  /// Before `start`.
  void add_flow(Flow flow);
  /// While it runs: replaces the flow of that pipeline, or adds it. What is under way ends under the old one;
  /// what waits, and what is tried again, runs under the new one. Where `order_by` or `on_exhausted` is
  /// another, all waiting events are put into their new lanes once nothing of the pipeline is under way.
  void put_flow(Flow flow);
  /// What is under way ends; what waits keeps, in the journal, until a flow of that pipeline is put.
  void remove_flow(const std::string& pipeline);
  /// Begins to take. Runs until `stop`.
  void start();
  /// Takes nothing more, lets what runs finish, cancels what is left after `limit`, then calls `done`. What
  /// has not ended stays journalled.
  void stop(runtime::Duration limit, Function<void()> done);

  /// Pauses a pipeline or lets it run (which also ends a hold); `done` once that is journalled. What runs
  /// goes on to its end. Errors: those of the journal.
  void set_mode(std::string pipeline, journal::PipelineMode mode, ModeSet done);

  /// Somebody has skipped or forgotten dead letters: lanes that were blocked by them go on.
  void look_at_blockers(std::vector<journal::Seq> seqs);
  /// The same, of all those of that event key.
  void look_at_blockers(const std::string& key);
  /// How many lanes of the pipeline a dead letter holds up.
  std::size_t blocked_of(const std::string& pipeline) const { return blocked_.lanes_of(pipeline); }
  /// Null if there is none of that name.
  std::shared_ptr<const Flow> flow_of(const std::string& pipeline) const;

  /// Events that run now, and those that wait in memory.
  std::size_t running() const { return runs_.size(); }
  std::size_t running_of(const std::string& pipeline) const;
  std::size_t waiting() const { return lanes_.size(); }

 private:
  using RunId = std::uint64_t;
  struct ModeChange {
    journal::PipelineState state;
    ModeSet done;
  };
  /// One event as it was opened: again if it is requeued.
  using Opened = std::pair<journal::Seq, std::optional<std::int64_t>>;

  void pump();
  void take();
  bool find_full();
  std::size_t share() const;
  bool crowded(const std::string& pipeline) const;
  std::size_t most_in_lane(const std::string& pipeline) const;
  void wake(const std::string& lane, std::uint64_t rest);
  void wake_due();
  void park(const std::string& lane, std::vector<journal::Seq> seqs);
  void taken(std::vector<journal::Waiting> events);
  void place(journal::Waiting waiting);
  bool leave_on_disk(const std::string& lane, const journal::Waiting& waiting);
  void queue(const std::string& lane, journal::Waiting waiting);
  std::string lane_of(const Flow& flow, journal::Seq seq, const Event& event) const;
  bool quarantined(journal::Seq seq) const;
  config::Priority priority_of(const journal::Waiting& waiting) const;
  void rest(const std::string& lane, journal::Waiting waiting);
  void take_parked(const std::string& lane);
  std::size_t room(const std::string& pipeline) const;
  void wake_at(const std::string& lane, std::uint64_t rest, std::int64_t at_ms);
  void take_again(const std::string& pipeline, DiskLanes::Due due,
                  std::optional<std::int64_t> until_ms = std::nullopt);
  void took_again(const std::string& pipeline, const std::vector<DiskLanes::Lane>& lanes,
                  std::vector<journal::Waiting> events, std::optional<std::int64_t> until_ms);
  void back_to_disk(const std::string& lane, const std::vector<journal::Waiting>& events);
  void start_run(Lanes::Head head);
  std::vector<journal::Waiting> fold(const Flow& flow, Lanes::Head& head);
  runtime::Task<> run(RunId id, std::shared_ptr<EventRun> event_run, std::string lane, std::string pipeline,
                      bool live);
  void finished(const std::string& lane);
  void block(const std::string& lane, journal::Seq seq, const std::string& key);
  void unblock(journal::Seq seq);
  void note_blocker(const EventRun& event_run, const RunEnd& end);
  void load_blocked(const std::string& pipeline, Function<void()> then);
  void load_blocked_after(const std::string& pipeline, journal::Seq after, Function<void()> then);
  void load_all_blocked(std::vector<std::string> pipelines);
  void load_modes();
  void write_mode();
  void change_mode(ModeChange change);
  void next_change();
  void stop_handing_out(const std::string& pipeline);
  void hand_out_again(const std::string& pipeline);
  void hold(const std::string& pipeline, const std::string& reason);
  void note_refusals(const std::string& pipeline, const RunEnd& end);
  void check_stopped();
  void run_again(const std::string& pipeline);
  void check_regrouping(const std::string& pipeline);
  bool admits(const std::string& pipeline, EventClass event_class);
  void pump_at(runtime::Duration at);

  runtime::Runtime& runtime_;
  journal::Journal& journal_;
  Feed& feed_;
  BudgetGate& gate_;
  DeliveryOptions options_;
  std::map<std::string, std::shared_ptr<const Flow>, std::less<>> flows_;
  Lanes lanes_;
  BlockedLanes blocked_;
  /// Of pipelines whose blockers are read: those that ended meanwhile.
  std::map<std::string, std::set<journal::Seq>> loading_blocked_;
  IdentityLocks locks_;
  DuplicateWatch duplicates_;
  Doubts doubts_;
  std::unordered_map<RunId, std::shared_ptr<EventRun>> runs_;
  std::unordered_map<std::string, std::size_t> running_of_;
  std::unordered_map<std::string, std::size_t> not_live_of_;  ///< those of them that are not live
  Pace pace_;                                                 ///< of these
  std::unordered_map<std::string, std::vector<journal::Seq>> to_park_;
  std::set<std::string> stopped_flows_;  ///< pipelines that are paused or held
  std::set<std::string> absent_;         ///< of these, those that a reload took away
  std::set<std::string> regrouping_;     ///< of these, those that wait for what is under way to end
  std::deque<ModeChange> changes_;       ///< one at a time; the first is on its way to the journal
  /// Events that ran when their pipeline was set to running: the journal hands them out once more.
  std::map<std::string, std::set<Opened>> still_ours_;
  std::map<std::string, std::uint64_t> anew_;  ///< how often the journal was made to hand out all again
  /// Pipelines that have their share of the memory: the journal keeps the rest of theirs meanwhile.
  std::set<std::string> full_;
  std::map<std::string, DiskLanes> on_disk_;  ///< by pipeline
  /// Lanes of which more is parked than that, whose rest is over, each with it: they wait for room.
  std::map<std::string, std::deque<std::pair<std::string, std::uint64_t>>> due_;
  std::map<std::string, std::size_t> unparking_;  ///< lanes whose events are on their way from disk
  std::map<std::string, int> forbidden_in_a_row_;
  RunId next_run_ = 1;
  bool loaded_ = false;
  bool taking_ = false;
  bool more_ = true;
  bool pumping_ = false;
  bool stopping_ = false;
  runtime::TimerId stop_timer_ = 0;
  runtime::TimerId pump_timer_ = 0;  ///< when a remote that does not work may be probed
  runtime::Duration pump_at_{};
  Function<void()> stopped_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< late answers find out that we are gone
};

}  // namespace tenon::delivery
