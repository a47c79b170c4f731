// How a run ends: what its outcomes mean, the plan of another try, and the settlement that records it.
#include <algorithm>

#include "delivery/guard.hpp"
#include "delivery/retry.hpp"
#include "delivery/run.hpp"
#include "observe/log.hpp"
#include "runtime/crash_point.hpp"

namespace tenon::delivery {

using journal::Settlement;
using runtime::Task;

RunEnd EventRun::gone_away() {
  RunEnd end;
  end.abandoned = true;
  return end;
}

EventRun::ActionResult EventRun::abandoned() {
  ActionResult result;
  result.abandoned = true;
  return result;
}

EventRun::ActionResult EventRun::ended(const config::Action& action, End end, std::string reason) const {
  ActionResult result;
  result.noted = name_of(end);
  result.outcome.reason = reason;
  if (end == End::rejected) result.outcome.cause = Cause::invalid;
  result.end = journal::ActionEnd{action.name, end, std::move(reason), ""};
  return result;
}

EventRun::ActionResult EventRun::decide(const config::Action& action, const Outcome& outcome) {
  return decide(action, outcome, action.connection);
}

EventRun::ActionResult EventRun::decide(const config::Action& action, const Outcome& outcome,
                                        const std::string& connection) {
  ActionResult result;
  result.outcome = outcome;
  if (calls_.cancelled()) {
    result.abandoned = true;
    return result;
  }
  if (outcome.verdict == Verdict::delivered)
    result.end = journal::ActionEnd{action.name, End::delivered, "", outcome.learnt_id.value_or("")};
  if (outcome.verdict == Verdict::rejected)
    result.end = journal::ActionEnd{action.name, End::rejected, outcome.reason, ""};
  if (outcome.cause == Cause::auth) {
    std::string& whom = outcome.verdict == Verdict::retry ? hold_ : forbidden_;
    if (whom.empty()) whom = connection + ": " + outcome.reason;
    // What refused credentials hold up is nobody's fault: it waits, however old it is.
    if (outcome.verdict == Verdict::retry) return result;
  }
  if (outcome.verdict != Verdict::retry) return result;
  if (outcome.redirected) {
    if (hold_.empty()) hold_ = connection + ": " + outcome.reason;
    return result;
  }
  const auto& policy = flow_.pipeline->retry;
  const std::int64_t from = waiting_.requeued_ms.value_or(waiting_.event.received_ms);
  const std::int64_t age = services_.runtime.clock().wall_ms() - from;
  const std::uint32_t counted = waiting_.attempts + (counts_as_attempt(outcome) ? 1 : 0);
  if (age >= policy.for_ms) {
    result.end =
        journal::ActionEnd{action.name, End::exhausted, "too old to try again: " + outcome.reason, ""};
  } else if (policy.attempts && counted >= *policy.attempts) {
    result.end = journal::ActionEnd{action.name, End::exhausted, "out of attempts: " + outcome.reason, ""};
  }
  return result;
}

void EventRun::plan_retry(Settlement& settlement, const Outcome& outcome) {
  auto& random = services_.runtime.random();
  const std::int64_t now = services_.runtime.clock().wall_ms();
  // What never left is no attempt, and may go on for hours: some seconds apart, since each try fetches anew.
  constexpr std::uint32_t kUncounted = 4;
  const std::uint32_t tries =
      outcome.cause == Cause::not_sent ? std::max(waiting_.attempts, kUncounted) : waiting_.attempts;
  const std::int64_t wait = backoff_ms(tries, outcome.retry_after_ms, random.uniform(), random.uniform());
  if (counts_as_attempt(outcome)) ++settlement.attempts_counted;
  settlement.next_ms = now + wait;
  settlement.reason = std::string(name_of(outcome.cause)) + ": " + outcome.reason;
}

void EventRun::record_attempt(Settlement& settlement, const std::string& action, const ActionResult& result) {
  journal::AttemptRecord attempt;
  attempt.action = action;
  attempt.number = waiting_.attempts + 1;
  attempt.started_ms = started_ms_;
  attempt.finished_ms = services_.runtime.clock().wall_ms();
  attempt.outcome = result.noted.empty() ? std::string(name_of(result.outcome.verdict)) : result.noted;
  attempt.cause = name_of(result.outcome.cause);
  attempt.reason = result.outcome.reason;
  attempt.fetched = scope_.fetched_json();
  attempt.conversation = conversation_.to_json();
  attempt.version = flow_.pipeline->version;
  settlement.attempts.push_back(std::move(attempt));
  std::move(result.identities.begin(), result.identities.end(), std::back_inserter(settlement.identities));
  if (result.applied) settlement.applied.push_back(*result.applied);
}

Task<bool> EventRun::settle(Settlement settlement) {
  std::vector<Settlement> batch;
  batch.push_back(std::move(settlement));
  const bool settled = co_await settle_all(std::move(batch));
  co_return settled;
}

Task<bool> EventRun::settle_all(std::vector<Settlement> batch) {
  TENON_CRASH_POINT("delivery.before_settle");
  for (;;) {
    runtime::Async<Result<bool>> committed([&](Function<void(Result<bool>)> done) {
      services_.journal.settle(services_.journal.epoch(), batch,
                               {&services_.runtime.delivery(), std::move(done)});
    });
    Result<bool> result = co_await committed;
    TENON_CRASH_POINT("delivery.after_settle");
    if (result) co_return true;
    if (result.error().code != "store_full" && result.error().code != "store_busy") co_return false;
    // The effect is done and only our note of it is missing: wait for room rather than do it again.
    log::warn(codes::kStoreFull, "no room to settle; trying again", {{"pipeline", waiting_.pipeline}});
    runtime::Async<bool> pause([&](Function<void(bool)> done) {
      services_.runtime.delivery().after(std::chrono::seconds(1), [done = std::move(done)] { done(true); });
    });
    co_await pause;
    if (calls_.cancelled()) co_return false;
  }
}

/// An event that says that its object was deleted leaves that behind, whatever became of it, unless a later
/// one did. False: the store is gone.
Task<bool> EventRun::note_deletion(Settlement& settlement) {
  const auto& deletions = flow_.pipeline->deletions;
  if (std::find(deletions.begin(), deletions.end(), waiting_.event.type) == deletions.end()) co_return true;
  journal::Applied deletion;
  deletion.key = deletion_key(*flow_.pipeline, source_object());
  deletion.version = waiting_.event.version;
  deletion.seq = waiting_.seq;
  runtime::Async<Result<journal::Looked>> answer([&](Function<void(Result<journal::Looked>)> done) {
    services_.journal.look({}, {deletion.key}, {&services_.runtime.delivery(), std::move(done)});
  });
  Result<journal::Looked> looked = co_await answer;
  if (!looked) co_return false;
  const auto& before = looked->applied.front();
  if (!before || !deleted_since(*before, deletion, *flow_.pipeline))
    settlement.applied.push_back(std::move(deletion));
  co_return true;
}

Task<RunEnd> EventRun::finish(Settlement settlement) {
  bool delivered = false;
  if (!settlement.next_ms && hold_.empty()) {
    const auto has = [&](End end) {
      return std::any_of(waiting_.ended_actions.begin(), waiting_.ended_actions.end(),
                         [&](const auto& a) { return a.second == end; });
    };
    // The event's end is its worst action's; among good ones delivered speaks for the rest.
    for (const End end : {End::rejected, End::exhausted, End::delivered, End::superseded, End::skipped}) {
      if (!settlement.end && has(end)) settlement.end = end;
    }
    delivered = has(End::delivered);
    if (!settlement.end) settlement.end = End::skipped;
    // Of those actions the last that ended so, in this attempt or an earlier one.
    for (const auto& [action, reason] : waiting_.reasons) {
      if (end_of_action(action) == settlement.end) settlement.reason = reason;
    }
  }
  RunEnd end;
  end.next_ms = settlement.next_ms;
  end.hold = hold_;
  end.forbidden = forbidden_;
  end.delivered = delivered;
  end.end = settlement.end;
  const std::uint32_t attempts = settlement.attempts_counted;
  const bool ends = settlement.end.has_value();
  const bool noted = co_await note_deletion(settlement);
  if (!noted) {
    release_lock();
    co_return gone_away();
  }
  const bool settled = co_await settle(std::move(settlement));
  if (settled && ends && services_.suspects) services_.suspects->ended(waiting_.seq);
  release_lock();
  waiting_.attempts = attempts;
  waiting_.next_ms = end.next_ms;
  end.abandoned = !settled;
  co_return end;
}

Task<RunEnd> EventRun::finish_early(End end, std::string reason) {
  Settlement settlement;
  settlement.seq = waiting_.seq;
  settlement.attempts_counted = waiting_.attempts;
  ActionResult result;
  result.noted = name_of(end);
  result.outcome.reason = reason;
  if (end == End::rejected) result.outcome.cause = Cause::invalid;
  record_attempt(settlement, "", result);
  settlement.end = end;
  settlement.reason = std::move(reason);
  RunEnd done = co_await finish(std::move(settlement));
  co_return done;
}

}  // namespace tenon::delivery
