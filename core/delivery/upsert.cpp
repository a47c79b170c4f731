#include "delivery/upsert.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

#include "base/digest.hpp"
#include "delivery/intent.hpp"
#include "observe/log.hpp"
#include "runtime/crash_point.hpp"

namespace tenon::delivery {
namespace {

using plugin::CallResult;
using runtime::Task;

constexpr int kMostRounds = 5;

/// After a create whose effect is unknown the cause must say so, whatever the remote's status was.
Outcome after_create(const CallResult& result) {
  Outcome outcome = outcome_of(result);
  const bool unknown =
      outcome.sent == Sent::maybe || (outcome.cause == Cause::remote_error && !outcome.redirected);
  if (outcome.verdict == Verdict::retry && unknown) outcome.cause = Cause::ambiguous;
  return outcome;
}

Outcome asked_again(std::int64_t wait_ms) {
  Outcome outcome = Outcome::retry(
      Cause::ambiguous, "an earlier create may still take effect: searched again until it no longer can");
  outcome.retry_after_ms = wait_ms;
  return outcome;
}

/// Numbers by their value, however long, and before all others; these by their text. A whole order: which one
/// is the lowest does not depend on how the matches are listed.
bool is_lower(const plugin::Match& one, const plugin::Match& other) {
  const auto order = [](const std::string& id) {
    const bool number = !id.empty() && id.find_first_not_of("0123456789") == std::string::npos;
    std::string_view digits = number ? id : std::string_view();
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
    return std::tuple(!number, digits.size(), digits, std::string_view(id));
  };
  return order(one.id) < order(other.id);
}

/// Which one of several is written must be the same each time, or one identity is spread over two objects.
plugin::Match take_lowest(std::vector<plugin::Match> matches, const std::string& operation,
                          std::string& conflict) {
  constexpr std::size_t kMostTold = 10;
  conflict.clear();
  std::sort(matches.begin(), matches.end(), is_lower);
  if (matches.size() > 1) {
    std::string ids;
    for (std::size_t i = 0; i < std::min(matches.size(), kMostTold); ++i)
      ids += (ids.empty() ? "" : ", ") + matches[i].id;
    if (matches.size() > kMostTold) ids += " and " + std::to_string(matches.size() - kMostTold) + " more";
    log::warn(codes::kIdentityAmbiguous,
              "several objects at the sink match one identity; the lowest id is taken",
              {{"operation", operation}, {"matches", ids}});
    conflict = "several objects at the sink match (" + ids + "): the lowest id is taken";
  }
  return std::move(matches.front());
}

/// What this run's own creates came to.
struct Creates {
  bool announced = false;  ///< an intent of ours is on disk
  bool open = false;       ///< one of them may have taken effect
  bool watched = false;    ///< one may be the second of its object, and the intent says so
};

/// Creates, or says why not yet. Nothing: the sink has the object after all, search again.
Task<std::optional<UpsertResult>> create(Upsert& upsert, Creates& creates) {
  UpsertResult ended;
  if (upsert.shadow) {
    CallResult shown =
        co_await upsert.calls.create(upsert.sink, upsert.operation, upsert.record, upsert.create_id, nullptr);
    if (shown.verdict == CallResult::Verdict::withheld) ended.withheld = "create";
    ended.outcome = outcome_of(shown);
    co_return ended;
  }
  const std::int64_t now = upsert.clock.wall_ms();
  const NextStep step =
      after_nothing_found(upsert.capabilities, upsert.unresolved, upsert.create_id, upsert.attempts, now);
  if (step.kind == NextStep::Kind::search) {
    ended.outcome = asked_again(step.at_ms - now);
    co_return ended;
  }
  const bool repeats = step.kind == NextStep::Kind::repeat;
  const bool watch = upsert.unresolved && !repeats && wants_verification(upsert.capabilities);
  std::string create_id = upsert.create_id;
  std::int64_t since = now;
  if (repeats) {
    // The key's life counts from its first use.
    since = upsert.unresolved->since_ms;
  } else if (upsert.unresolved && !upsert.unresolved->create_id.empty()) {
    // The sink may have forgotten what it did under the old id, or keep failing for it.
    create_id = uuid_v5(create_id + '\0' + upsert.unresolved->create_id);
  }
  TENON_CRASH_POINT("delivery.before_intent");
  journal::Intent intent{upsert.seq, upsert.action, upsert.identities, create_id, since};
  if (watch) intent.watch = upsert.record;
  Result<bool> begun = co_await begin(upsert.journal, upsert.executor, upsert.calls, std::move(intent));
  TENON_CRASH_POINT("delivery.after_intent");
  if (!begun) {
    ended.store_failed = true;
    ended.outcome = Outcome::retry(Cause::not_sent, begun.error().text());
    co_return ended;
  }
  creates.announced = true;
  creates.watched = creates.watched || watch;
  TENON_CRASH_POINT("delivery.before_create");
  Calls::Late late = learns(upsert.journal, upsert.executor, upsert.identities, create_id);
  CallResult made =
      co_await upsert.calls.create(upsert.sink, upsert.operation, upsert.record, create_id, std::move(late));
  TENON_CRASH_POINT("delivery.after_create");
  if (!had_no_effect(made)) creates.open = true;
  if (failed_as(made, Cause::conflict)) co_return std::nullopt;
  ended.outcome = after_create(made);
  co_return ended;
}

Task<UpsertResult> run_steps(Upsert& upsert, Creates& creates) {
  UpsertResult ended;
  std::string id = upsert.known_id;
  std::optional<plugin::Match> match;
  for (int round = 0; round < kMostRounds; ++round) {
    if (id.empty()) {
      TENON_CRASH_POINT("delivery.before_find");
      CallResult found = co_await upsert.calls.find(upsert.sink, upsert.operation, upsert.record);
      TENON_CRASH_POINT("delivery.after_find");
      if (found.verdict == CallResult::Verdict::withheld) ended.withheld = "search";
      if (found.verdict != CallResult::Verdict::found) {
        ended.outcome = outcome_of(found);
        co_return ended;
      }
      if (found.matches.empty()) {
        ended.conflict.clear();
        std::optional<UpsertResult> made = co_await create(upsert, creates);
        if (!made) continue;
        co_return std::move(*made);
      }
      match = take_lowest(std::move(found.matches), upsert.operation, ended.conflict);
      id = match->id;
    }
    TENON_CRASH_POINT("delivery.before_update");
    CallResult updated =
        co_await upsert.calls.update(upsert.sink, upsert.operation, id, upsert.record, match);
    TENON_CRASH_POINT("delivery.after_update");
    if (failed_as(updated, Cause::stale) || failed_as(updated, Cause::conflict)) {
      id.clear();
      match.reset();
      continue;
    }
    if (updated.verdict == CallResult::Verdict::withheld) {
      ended.withheld = "update " + id;
      ended.id = id;
    }
    ended.outcome = outcome_of(updated);
    if (ended.outcome.ok() && !ended.outcome.learnt_id) ended.outcome.learnt_id = id;
    co_return ended;
  }
  ended.outcome =
      Outcome::retry(Cause::conflict, "the object at the sink kept changing while it was written");
  co_return ended;
}

}  // namespace

Task<UpsertResult> run_upsert(Upsert& upsert) {
  Creates creates;
  UpsertResult ended = co_await run_steps(upsert, creates);
  ended.refused = creates.announced && !creates.open && !upsert.unresolved;
  ended.in_doubt = creates.open && !ended.outcome.ok();
  ended.verify = creates.watched;
  co_return ended;
}

}  // namespace tenon::delivery
