// What an action of a run does at its sink: a call, or an upsert under the locks of its identities.
#include "base/json.hpp"
#include "delivery/guard.hpp"
#include "delivery/keyed_call.hpp"
#include "delivery/record.hpp"
#include "delivery/run.hpp"
#include "delivery/upsert.hpp"

namespace tenon::delivery {

using runtime::Task;

Task<EventRun::ActionResult> EventRun::run_locked(const config::Action& action,
                                                  const plugin::Operation& operation, Value record,
                                                  std::vector<journal::IdentityKey> identities) {
  std::string text = to_json(record);
  if (services_.probe != nullptr) services_.probe->on_record(waiting_, action, text);
  if (operation.shape == plugin::Operation::Shape::call) {
    ActionResult called = co_await call(action, operation, std::move(text));
    co_return called;
  }
  journal::Applied applied = applied_of(action, identities.front(), text);
  runtime::Async<Result<journal::Looked>> answer([&](Function<void(Result<journal::Looked>)> done) {
    std::vector<journal::AppliedKey> keys = {applied.key};
    if (!flow_.pipeline->deletions.empty()) keys.push_back(deletion_key(*flow_.pipeline, source_object()));
    services_.journal.look(identities, std::move(keys), {&services_.runtime.delivery(), std::move(done)});
  });
  Result<journal::Looked> looked = co_await answer;
  if (!looked) co_return abandoned();
  Known known;
  for (const journal::Identity& row : looked->identities) {
    if (row.state == journal::IdentityState::known && known.id.empty()) known.id = row.sink_id;
    const bool creating = row.state == journal::IdentityState::creating;
    if (!creating) continue;
    const std::int64_t since = row.create_since_ms;
    // Of a former process: it may have waited with it until it ended.
    const std::int64_t opened = services_.journal.opened_ms();
    const std::int64_t over = std::max(services_.doubts.of(row.key), since < opened ? opened : 0);
    if (!known.unresolved) known.unresolved = Unresolved{row.create_id, since, over};
    if (since > known.unresolved->since_ms) {
      known.unresolved->create_id = row.create_id;
      known.unresolved->since_ms = since;
    }
    known.unresolved->over_ms = std::max(known.unresolved->over_ms, over);
  }
  if (known.id.empty() && !known.unresolved)
    known.unresolved = after_restore(operation.capabilities, services_.journal.restored_ms(),
                                     services_.runtime.clock().wall_ms());
  std::optional<HeldBack> held;
  if (const auto& deletion = looked->applied.back(); looked->applied.size() > 1 && deletion)
    held = deleted_since(*deletion, applied, *flow_.pipeline);
  if (const auto& before = looked->applied.front(); !held && before)
    held = held_back(*before, applied, waiting_.event.event_class, *flow_.pipeline);
  if (held && !waiting_.forced) {
    ActionResult result = ended(action, held->end, std::move(held->reason));
    result.end->id = known.id;
    co_return result;
  }
  ActionResult result = co_await write(action, operation, std::move(text), std::move(identities),
                                       std::move(known), std::move(applied));
  if (held && result.end && result.end->end == End::delivered) {
    const std::string also = result.end->reason.empty() ? "" : "; " + result.end->reason;
    result.outcome.reason = "forced, though " + held->reason + also;
    result.end->reason = result.outcome.reason;
  }
  co_return result;
}

Task<EventRun::ActionResult> EventRun::call(const config::Action& action, const plugin::Operation& operation,
                                            std::string record) {
  KeyedCall keyed{services_.journal,
                  services_.runtime.delivery(),
                  services_.runtime.clock(),
                  calls_,
                  *flow_.sinks.at(action.connection),
                  action.operation,
                  std::move(record),
                  waiting_.seq,
                  action.name,
                  repeat_id(action),
                  static_cast<std::int64_t>(operation.capabilities.idempotency_key_ttl_ms),
                  shadow_,
                  waiting_.event.event_class != EventClass::replay || waiting_.forced};
  KeyedCallResult done = co_await run_keyed_call(keyed);
  if (done.store_failed || done.cancelled) co_return abandoned();
  if (done.withheld) co_return ended(action, End::skipped, std::string(kShadowWould) + "deliver");
  ActionResult result = done.forgotten.empty() ? decide(action, done.outcome)
                                               : ended(action, End::exhausted, std::move(done.forgotten));
  if (done.row) {
    result.identities.push_back(std::move(*done.row));
  } else if (result.end && is_dead(result.end->end) && done.in_doubt) {
    result.end->reason += "; it may have taken effect";
    if (done.spent && result.end->end == End::exhausted && waiting_.attempts + 1 >= kAttemptsPerKey) {
      result.end->reason +=
          ", or its sink repeats an answer that it keeps for the call's id: look there, then skip it or "
          "retry "
          "it, under another id";
      result.identities.push_back(std::move(*done.spent));
    }
  }
  co_return result;
}

Task<EventRun::ActionResult> EventRun::write(const config::Action& action, const plugin::Operation& operation,
                                             std::string record, std::vector<journal::IdentityKey> identities,
                                             Known known, journal::Applied applied) {
  const plugin::Capabilities promised = promises_for(operation, identities);
  Upsert upsert{services_.journal,
                services_.runtime.delivery(),
                services_.runtime.clock(),
                calls_,
                *flow_.sinks.at(action.connection),
                action.operation,
                std::move(record),
                identities,
                std::move(known.id),
                waiting_.seq,
                action.name,
                repeat_id(action),
                promised,
                std::move(known.unresolved),
                waiting_.attempts,
                shadow_};
  UpsertResult done = co_await run_upsert(upsert);
  if (done.verify) services_.duplicates.watch(flow_.pipeline->name, waiting_.seq, action.name);
  if (done.store_failed || calls_.cancelled()) co_return abandoned();
  if (!done.withheld.empty()) {
    ActionResult result = ended(action, End::skipped, std::string(kShadowWould) + done.withheld);
    // What needs it may go on with an object that is there.
    result.end->id = done.id;
    if (!done.conflict.empty()) result.outcome.reason += "; " + done.conflict;
    co_return result;
  }
  if (done.in_doubt) {
    services_.doubts.over(identities, services_.runtime.clock().wall_ms());
  } else if (done.outcome.ok()) {
    services_.doubts.resolved(identities);
  }
  if (!done.conflict.empty())
    done.outcome.reason += (done.outcome.reason.empty() ? "" : "; ") + done.conflict;
  ActionResult result = decide(action, done.outcome);
  if (result.end && result.end->end == End::delivered) result.end->reason = std::move(done.conflict);
  if (done.outcome.ok() && done.outcome.learnt_id) {
    for (auto& key : identities) {
      journal::Identity row;
      row.key = std::move(key);
      row.state = journal::IdentityState::known;
      row.sink_id = *done.outcome.learnt_id;
      result.identities.push_back(std::move(row));
    }
  }
  if (done.refused && !done.outcome.ok()) {
    for (const auto& key : identities)
      result.identities.push_back({key, journal::IdentityState::unknown, "", "", 0});
  }
  if (done.outcome.ok()) result.applied = std::move(applied);
  co_return result;
}

}  // namespace tenon::delivery
