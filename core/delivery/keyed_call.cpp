#include "delivery/keyed_call.hpp"

#include "base/digest.hpp"
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

/// The row of a call whose doubt was told to people: an id of none says that the next one takes another.
journal::Identity told_of(const KeyedCall& call, std::int64_t since_ms) {
  journal::Identity row = nothing_of(call);
  row.state = journal::IdentityState::creating;
  row.create_since_ms = since_ms;
  return row;
}

bool is_told(const journal::Identity& row) {
  return row.state == journal::IdentityState::creating && row.create_id.empty();
}

/// Not what stands before a sink says while that is away (502, 503, 504, 520 and above): an answer of its
/// own.
bool may_be_kept(int status) {
  return status >= 500 && status < 520 && status != 502 && status != 503 && status != 504;
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
  if (earlier.state != journal::IdentityState::creating) return std::nullopt;
  const bool told = is_told(earlier);
  if (told ? call.known : !key_forgotten(call.key_ms, earlier.create_since_ms, call.clock.wall_ms()))
    return std::nullopt;
  ended.row = told_of(call, earlier.create_since_ms);
  ended.forgotten = "the call of " + iso_time(earlier.create_since_ms) + " may have taken effect" +
                    (told ? "" : ", and its sink no longer recognises a repetition") +
                    ": look there, then skip it or retry it";
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
  std::string call_id = call.call_id;
  std::int64_t since = call.clock.wall_ms();
  std::optional<journal::Identity> told;  // of an earlier one: this one has another id
  Calls::Late late;
  if (keyed) {
    Result<journal::Looked> looked = co_await look(call);
    ended.store_failed = !looked;
    if (!looked) co_return ended;
    const journal::Identity& earlier = looked->identities.front();
    if (auto settled = settled_before(call, earlier)) co_return std::move(*settled);
    if (is_told(earlier)) {
      told = earlier;
      call_id = uuid_v5(call_id + '\0' + std::to_string(earlier.create_since_ms));
    } else if (earlier.state == journal::IdentityState::creating) {
      doubted = true;
      call_id = earlier.create_id;
      since = earlier.create_since_ms;
    }
    if (!doubted && !call.shadow) {
      TENON_CRASH_POINT("delivery.before_call_intent");
      journal::Intent intent{call.seq, call.action, {earlier.key}, call_id, since};
      Result<bool> begun = co_await begin(call.journal, call.executor, call.calls, std::move(intent));
      ended.store_failed = !begun;
      if (!begun) co_return ended;
    }
    late = learns(call.journal, call.executor, {earlier.key}, call_id);
  }
  TENON_CRASH_POINT("delivery.before_call");
  CallResult called =
      co_await call.calls.deliver(call.sink, call.operation, call.record, call_id, std::move(late));
  TENON_CRASH_POINT("delivery.after_call");
  ended.withheld = called.verdict == CallResult::Verdict::withheld;
  ended.cancelled = called.verdict == CallResult::Verdict::cancelled;
  if (ended.withheld || ended.cancelled) co_return ended;
  ended.outcome = outcome_of(called);
  // That it exists already, or is under way, may be its own doing.
  const bool refused = had_no_effect(called) && !failed_as(called, Cause::conflict);
  const bool over = ended.outcome.ok() || refused || called.sent == Sent::no;
  ended.in_doubt = !ended.outcome.ok() && (doubted || !over);
  // What surely did nothing is sent again under the id that it had, and that is the other one.
  if (keyed && !ended.in_doubt) ended.row = told && !ended.outcome.ok() ? *told : nothing_of(call);
  if (keyed && ended.in_doubt && may_be_kept(call.calls.status())) ended.spent = told_of(call, since);
  co_return ended;
}

}  // namespace tenon::delivery
