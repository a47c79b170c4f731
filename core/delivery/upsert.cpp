#include "delivery/upsert.hpp"

#include <optional>

#include "observe/log.hpp"

namespace tenon::delivery {
namespace {

using plugin::CallResult;
using runtime::Task;

constexpr int kMostRounds = 5;

/// Puts the intent on disk; nothing may be sent before.
Task<Result<bool>> begin_create(Upsert& upsert) {
  journal::Intent intent;
  intent.seq = upsert.seq;
  intent.action = upsert.action;
  intent.identity = upsert.identities.front();
  intent.create_id = upsert.create_id;
  intent.at_ms = upsert.clock.wall_ms();
  runtime::Async<Result<bool>> committed([&](Function<void(Result<bool>)> done) {
    upsert.journal.begin(upsert.journal.epoch(), intent, {&upsert.executor, std::move(done)});
  });
  Result<bool> result = co_await committed;
  co_return result;
}

bool failed_as(const CallResult& result, Cause cause) {
  return result.cause == cause &&
         (result.verdict == CallResult::Verdict::retry || result.verdict == CallResult::Verdict::rejected);
}

/// After a create whose effect is unknown the cause must say so, whatever the remote's status was.
Outcome after_create(const CallResult& result) {
  Outcome outcome = outcome_of(result);
  const bool unknown = outcome.sent == Sent::maybe || outcome.cause == Cause::remote_error;
  if (outcome.verdict == Verdict::retry && unknown) outcome.cause = Cause::ambiguous;
  return outcome;
}

}  // namespace

Task<UpsertResult> run_upsert(Upsert& upsert) {
  UpsertResult ended;
  std::string id = upsert.known_id;
  std::optional<plugin::Match> match;
  for (int round = 0; round < kMostRounds; ++round) {
    if (id.empty()) {
      CallResult found = co_await upsert.calls.find(upsert.sink, upsert.operation, upsert.record);
      if (found.verdict != CallResult::Verdict::found) {
        ended.outcome = outcome_of(found);
        co_return ended;
      }
      if (found.matches.empty()) {
        Result<bool> begun = co_await begin_create(upsert);
        if (!begun) {
          ended.store_failed = true;
          ended.outcome = Outcome::retry(Cause::not_sent, begun.error().text());
          co_return ended;
        }
        CallResult made =
            co_await upsert.calls.create(upsert.sink, upsert.operation, upsert.record, upsert.create_id);
        if (failed_as(made, Cause::conflict)) continue;
        ended.outcome = after_create(made);
        ended.created = ended.outcome.ok();
        co_return ended;
      }
      if (found.matches.size() > 1) {
        log::warn(codes::kIdentityAmbiguous,
                  "several objects at the sink match one identity; the first is taken",
                  {{"operation", upsert.operation}, {"matches", std::to_string(found.matches.size())}});
      }
      match = std::move(found.matches.front());
      id = match->id;
    }
    CallResult updated =
        co_await upsert.calls.update(upsert.sink, upsert.operation, id, upsert.record, match);
    if (failed_as(updated, Cause::stale) || failed_as(updated, Cause::conflict)) {
      id.clear();
      match.reset();
      continue;
    }
    ended.outcome = outcome_of(updated);
    if (ended.outcome.ok() && !ended.outcome.learnt_id) ended.outcome.learnt_id = id;
    co_return ended;
  }
  ended.outcome =
      Outcome::retry(Cause::conflict, "the object at the sink kept changing while it was written");
  co_return ended;
}

}  // namespace tenon::delivery
