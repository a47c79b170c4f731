#include "delivery/calls.hpp"

namespace tenon::delivery {

using plugin::CallDone;
using plugin::CallResult;
using runtime::Task;

void Calls::judge_by(Judge judge) {
  judge_ = std::move(judge);
  options_.answer = &answer_;
}

template <class Start>
Task<CallResult> Calls::run(plugin::Instance& instance, Kind kind, Start start) {
  if (cancelled_) {
    CallResult stopped;
    stopped.verdict = CallResult::Verdict::cancelled;
    co_return stopped;
  }
  instance_ = &instance;
  answer_ = plugin::Answer();
  runtime::Async<CallResult> answer([this, &start](CallDone done) { open_ = start(std::move(done)); });
  CallResult result = co_await answer;
  instance_ = nullptr;
  if (judge_ && answer_.status != 0 && result.verdict != CallResult::Verdict::cancelled)
    judge_(instance.connection().name, kind, answer_, result);
  co_return result;
}

Task<CallResult> Calls::fetch(plugin::Instance& instance, std::string name, std::string arguments) {
  const auto start = [&](CallDone done) {
    return instance.fetch(name, arguments, options_, std::move(done));
  };
  CallResult result = co_await run(instance, Kind::fetch, start);
  co_return result;
}

Task<CallResult> Calls::list(plugin::Instance& instance, std::string name, std::string query) {
  const auto start = [&](CallDone done) { return instance.list(name, query, "", options_, std::move(done)); };
  CallResult result = co_await run(instance, Kind::search, start);
  co_return result;
}

Task<CallResult> Calls::find(plugin::Instance& instance, std::string operation, std::string record) {
  const auto start = [&](CallDone done) {
    return instance.find(operation, record, options_, std::move(done));
  };
  CallResult result = co_await run(instance, Kind::search, start);
  co_return result;
}

Task<CallResult> Calls::create(plugin::Instance& instance, std::string operation, std::string record,
                               std::string create_id, Late late) {
  const auto start = [&](CallDone done) {
    return instance.create(operation, record, create_id, with(std::move(late)), std::move(done));
  };
  CallResult result = co_await run(instance, Kind::write, start);
  co_return result;
}

Task<CallResult> Calls::update(plugin::Instance& instance, std::string operation, std::string id,
                               std::string record, std::optional<plugin::Match> match) {
  const auto start = [&](CallDone done) {
    return instance.update(operation, id, record, match, options_, std::move(done));
  };
  CallResult result = co_await run(instance, Kind::write, start);
  co_return result;
}

Task<CallResult> Calls::deliver(plugin::Instance& instance, std::string operation, std::string record,
                                std::string call_id, Late late) {
  const auto start = [&](CallDone done) {
    plugin::CallOptions options = with(std::move(late));
    options.answer = &answer_;
    return instance.deliver(operation, record, call_id, std::move(options), std::move(done));
  };
  CallResult result = co_await run(instance, Kind::write, start);
  co_return result;
}

plugin::CallOptions Calls::with(Late late) const {
  plugin::CallOptions options = options_;
  options.late = std::move(late);
  return options;
}

void Calls::cancel() {
  cancelled_ = true;
  if (instance_ != nullptr) instance_->cancel(open_);
}

Outcome outcome_of(const CallResult& result) {
  Outcome outcome;
  outcome.cause = result.cause;
  outcome.sent = result.sent;
  outcome.reason = result.message;
  outcome.retry_after_ms = result.retry_after_ms;
  outcome.redirected = result.redirected && result.verdict == CallResult::Verdict::retry;
  if (!result.id.empty()) outcome.learnt_id = result.id;
  switch (result.verdict) {
    case CallResult::Verdict::delivered:
      outcome.verdict = Verdict::delivered;
      break;
    case CallResult::Verdict::rejected:
      outcome.verdict = Verdict::rejected;
      break;
    case CallResult::Verdict::retry:
    case CallResult::Verdict::cancelled:
      outcome.verdict = Verdict::retry;
      break;
    case CallResult::Verdict::found:
    case CallResult::Verdict::gone:
    case CallResult::Verdict::withheld:
      // The border checks which verdict fits which call; here it means that the plugin answered another
      // question.
      outcome =
          Outcome::rejected(Cause::plugin, "the plugin answered with a verdict that does not fit the call");
      break;
  }
  return outcome;
}

bool failed_as(const CallResult& result, Cause cause) {
  return result.cause == cause &&
         (result.verdict == CallResult::Verdict::retry || result.verdict == CallResult::Verdict::rejected);
}

bool had_no_effect(const CallResult& result) {
  if (result.in_doubt) return false;
  if (failed_as(result, Cause::conflict)) return true;
  if (result.verdict == CallResult::Verdict::rejected) return result.cause != Cause::plugin;
  if (result.verdict != CallResult::Verdict::retry) return false;
  return result.sent == Sent::no || result.redirected || result.cause == Cause::throttled ||
         result.cause == Cause::auth;
}

}  // namespace tenon::delivery
