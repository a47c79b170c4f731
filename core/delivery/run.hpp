// EventRun: one attempt of one event, from its `when` to the settlement that records what came of it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "delivery/calls.hpp"
#include "delivery/doubts.hpp"
#include "delivery/duplicate_watch.hpp"
#include "delivery/flow.hpp"
#include "delivery/locks.hpp"
#include "delivery/probe.hpp"
#include "delivery/resolve.hpp"
#include "delivery/scope.hpp"
#include "delivery/suspects.hpp"
#include "journal/journal.hpp"
#include "observe/conversation.hpp"

namespace tenon::delivery {

/// What a run needs of the host.
struct RunServices {
  runtime::Runtime& runtime;
  journal::Ledger& journal;
  IdentityLocks& locks;
  DuplicateWatch& duplicates;
  Doubts& doubts;
  Probe* probe = nullptr;        ///< may be null
  Suspects* suspects = nullptr;  ///< may be null
  bool shadow = false;           ///< withhold what may write, whatever the pipeline's mode
};

/// So begins the reason of an action whose write was withheld; what it would have done follows.
inline constexpr std::string_view kShadowWould = "shadow: would ";

/// How a run ended.
struct RunEnd {
  bool abandoned = false;               ///< cancelled by a shutdown, or the store is gone: nothing to settle
  std::optional<std::int64_t> next_ms;  ///< waits until then; else it has ended
  /// The credentials were refused, or the remote is elsewhere: the pipeline must be held, the event stays
  /// open. Says by whom.
  std::string hold;
  /// Ended because the remote does not allow it (403): several in a row mean that nothing will be. Says by
  /// whom.
  std::string forbidden;
  bool delivered = false;  ///< it ended, and something was written
  std::optional<End> end;  ///< how it ended; none: it is open
};

/// Runs on the delivery executor and must stay alive until `run` has finished.
class EventRun {
 public:
  /// `folded`: older events that end when this one begins.
  EventRun(RunServices services, std::shared_ptr<const Flow> flow, journal::Waiting waiting,
           std::vector<journal::Waiting> folded = {});

  /// Runs the event and settles it; ends when the settlement is committed.
  runtime::Task<RunEnd> run();
  /// Makes the run end soon: open requests complete as cancelled. It then ends abandoned.
  void cancel() { calls_.cancel(); }

  const journal::Waiting& waiting() const { return waiting_; }
  const std::vector<journal::Waiting>& folded() const { return folded_; }
  /// The waiting event as the journal now has it, for the lane.
  journal::Waiting take_waiting() { return std::move(waiting_); }

 private:
  struct ActionResult {
    std::optional<journal::ActionEnd> end;  ///< empty: to be tried again
    Outcome outcome;
    std::string noted;  ///< outcome word where no request was made (skipped, superseded, ...)
    std::vector<journal::Identity> identities;
    std::optional<journal::Applied> applied;
    bool abandoned = false;
  };

  /// What the journal holds of a record's identities.
  struct Known {
    std::string id;  ///< the sink's
    std::optional<Unresolved> unresolved;
  };

  runtime::Task<std::optional<Outcome>> fetch_all();
  runtime::Task<ActionResult> run_action(const config::Action& action);
  runtime::Task<ActionResult> run_locked(const config::Action& action, const plugin::Operation& operation,
                                         Value record, std::vector<journal::IdentityKey> identities);
  runtime::Task<ActionResult> call(const config::Action& action, const plugin::Operation& operation,
                                   std::string record);
  runtime::Task<ActionResult> write(const config::Action& action, const plugin::Operation& operation,
                                    std::string record, std::vector<journal::IdentityKey> identities,
                                    Known known, journal::Applied applied);
  runtime::Task<bool> settle(journal::Settlement settlement);
  runtime::Task<bool> settle_all(std::vector<journal::Settlement> batch);
  runtime::Task<bool> note_deletion(journal::Settlement& settlement);
  runtime::Task<RunEnd> finish(journal::Settlement settlement);
  runtime::Task<RunEnd> finish_early(End end, std::string reason);

  /// `connection` is the one that was asked.
  ActionResult decide(const config::Action& action, const Outcome& outcome, const std::string& connection);
  ActionResult decide(const config::Action& action, const Outcome& outcome);
  static ActionResult abandoned();
  static RunEnd gone_away();
  ActionResult ended(const config::Action& action, End end, std::string reason) const;
  void record_attempt(journal::Settlement& settlement, const std::string& action, const ActionResult& result);
  void plan_retry(journal::Settlement& settlement, const Outcome& outcome);
  bool is_ended(const std::string& action) const;
  std::optional<End> end_of_action(const std::string& action) const;
  Status placed();
  Status keep(const config::FetchStep& step, const plugin::CallResult& got);
  journal::Applied applied_of(const config::Action& action, const journal::IdentityKey& primary,
                              const std::string& record) const;
  std::string source_object() const;
  std::string repeat_id(const config::Action& action) const;
  void release_lock();

  RunServices services_;
  const std::shared_ptr<const Flow> kept_flow_;  ///< a reload may replace it meanwhile
  const Flow& flow_;
  const bool shadow_;
  journal::Waiting waiting_;
  std::vector<journal::Waiting> folded_;
  RunScope scope_;
  observe::Conversation conversation_;
  Calls calls_;
  IdentityLocks::Lock lock_;
  std::vector<journal::IdentityKey> locked_;
  std::int64_t started_ms_;
  std::string version_;  ///< of the source object: the first fetch that names one, else the event's
  bool fetched_ = false;
  bool gone_ = false;
  std::string hold_;
  std::string forbidden_;
};

}  // namespace tenon::delivery
