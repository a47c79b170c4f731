#include "delivery/keyed_call.hpp"

#include "delivery/intent.hpp"
#include "delivery/resolve.hpp"
#include "event/iso_time.hpp"
#include "runtime/crash_point.hpp"

namespace tenon::delivery {
namespace {

using plugin::CallResult;
using runtime::Task;

/// The row that is no longer needed.
journal::Identity nothing_of(const KeyedCall& call) {
  journal::Identity row;
  row.key = journal::key_of_call(call.seq, call.action);
  return row;
}

Task<Result<journal::Looked>> look(KeyedCall& call) {
  runtime::Async<Result<journal::Looked>> answer([&](Function<void(Result<journal::Looked>)> done) {
    call.journal.look({journal::key_of_call(call.seq, call.action)}, {}, {&call.executor, std::move(done)});
  });
  Result<journal::Looked> looked = co_await answer;
  co_return looked;
}

/// Nothing: it may be sent.
std::optional<KeyedCallResult> settled_before(const KeyedCall& call, const journal::Identity& earlier) {
  KeyedCallResult ended;
  ended.row = nothing_of(call);
  if (earlier.state == journal::IdentityState::known) {
    ended.outcome = Outcome::delivered(earlier.sink_id);
    ended.outcome.reason = "an earlier call was done: the plugin told late";
    return ended;
  }
  if (earlier.state != journal::IdentityState::creating ||
      !key_forgotten(call.key_ms, earlier.create_since_ms, call.clock.wall_ms()))
    return std::nullopt;
  ended.forgotten =
      "the call of " + iso_time(earlier.create_since_ms) +
      " may have taken effect, and its sink no longer recognises a repetition: look there, then "
      "skip it or retry it";
  ended.in_doubt = true;
  return ended;
}

}  // namespace

bool key_forgotten(std::int64_t key_ms, std::int64_t since_ms, std::int64_t now_ms) {
  return now_ms - since_ms >= key_ms - kCallMs;
}

Task<KeyedCallResult> run_keyed_call(KeyedCall& call) {
  KeyedCallResult ended;
  const bool keyed = call.key_ms > 0;
  bool doubted = false;  // before this attempt
  Calls::Late late;
  if (keyed) {
    Result<journal::Looked> looked = co_await look(call);
    ended.store_failed = !looked;
    if (!looked) co_return ended;
    const journal::Identity& earlier = looked->identities.front();
    if (auto settled = settled_before(call, earlier)) co_return std::move(*settled);
    doubted = earlier.state == journal::IdentityState::creating;
    if (!doubted && !call.shadow) {
      TENON_CRASH_POINT("delivery.before_call_intent");
      journal::Intent intent{call.seq, call.action, {earlier.key}, call.call_id, call.clock.wall_ms()};
      Result<bool> begun = co_await begin(call.journal, call.executor, call.calls, std::move(intent));
      ended.store_failed = !begun;
      if (!begun) co_return ended;
    }
    late = learns(call.journal, call.executor, {earlier.key}, call.call_id);
  }
  TENON_CRASH_POINT("delivery.before_call");
  CallResult called =
      co_await call.calls.deliver(call.sink, call.operation, call.record, call.call_id, std::move(late));
  TENON_CRASH_POINT("delivery.after_call");
  ended.withheld = called.verdict == CallResult::Verdict::withheld;
  ended.cancelled = called.verdict == CallResult::Verdict::cancelled;
  if (ended.withheld || ended.cancelled) co_return ended;
  ended.outcome = outcome_of(called);
  // That it exists already, or is under way, may be its own doing.
  const bool refused = had_no_effect(called) && !failed_as(called, Cause::conflict);
  const bool over = ended.outcome.ok() || refused || called.sent == Sent::no;
  ended.in_doubt = !ended.outcome.ok() && (doubted || !over);
  if (keyed && !ended.in_doubt) ended.row = nothing_of(call);
  co_return ended;
}

}  // namespace tenon::delivery
