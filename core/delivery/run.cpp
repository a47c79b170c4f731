#include "delivery/run.hpp"

#include <algorithm>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "delivery/classify.hpp"
#include "delivery/fold.hpp"
#include "delivery/lanes.hpp"
#include "delivery/needs.hpp"
#include "delivery/record.hpp"
#include "observe/log.hpp"
#include "runtime/crash_point.hpp"

namespace tenon::delivery {
namespace {

using journal::Settlement;
using plugin::CallResult;
using runtime::Task;

constexpr int kMostIdentityRounds = 5;

plugin::CallOptions options_for(const journal::Waiting& waiting, bool shadow,
                                observe::Conversation* conversation) {
  plugin::CallOptions options;
  options.event = waiting.seq;
  options.rank = class_of(waiting);
  options.shadow = shadow;
  options.conversation = conversation;
  return options;
}

}  // namespace

EventRun::EventRun(RunServices services, std::shared_ptr<const Flow> flow, journal::Waiting waiting,
                   std::vector<journal::Waiting> folded)
    : services_(services),
      kept_flow_(std::move(flow)),
      flow_(*kept_flow_),
      shadow_(services.shadow || flow_.pipeline->shadow),
      waiting_(std::move(waiting)),
      folded_(std::move(folded)),
      scope_(*flow_.pipeline, flow_.connections),
      calls_(options_for(waiting_, shadow_, &conversation_)),
      started_ms_(services.runtime.clock().wall_ms()) {
  scope_.runs_for(waiting_.seq);
  if (!flow_.pipeline->classify.empty()) {
    calls_.judge_by([this](const std::string& connection, Calls::Kind kind, const plugin::Answer& answer,
                           CallResult& result) {
      classify(flow_.pipeline->classify, scope_, connection, kind, answer, result);
    });
  }
  if (services_.probe == nullptr) return;
  scope_.set_trace(services_.probe->trace());
  if (const Value vars = services_.probe->vars(); !vars.is_missing()) scope_.set_vars(vars);
}

Task<RunEnd> EventRun::run() {
  if (std::string why = services_.suspects ? services_.suspects->quarantined(waiting_.seq) : "";
      !why.empty()) {
    log::error(codes::kCrashSuspect, "an event is in quarantine",
               {{"event", waiting_.seq}, {"pipeline", waiting_.pipeline}, {"why", why}});
    RunEnd end = co_await finish_early(End::rejected, std::move(why));
    co_return end;
  }
  if (!folded_.empty()) {
    std::vector<Settlement> batch = fold_into(waiting_, folded_, started_ms_);
    const bool settled = co_await settle_all(std::move(batch));
    if (!settled) co_return gone_away();
    folded_.clear();
  }
  if (const Status status = scope_.set_event(waiting_.event); !status) {
    std::string reason = status.error().text();
    RunEnd end = co_await finish_early(End::rejected, std::move(reason));
    co_return end;
  }
  if (flow_.pipeline->when && waiting_.ended_actions.empty()) {
    const Result<bool> wanted = scope_.test(*flow_.pipeline->when);
    if (!wanted || !*wanted) {
      const End how = wanted ? End::skipped : End::rejected;
      std::string reason = "trigger.when is false";
      if (!wanted) reason = wanted.error().text();
      RunEnd end = co_await finish_early(how, std::move(reason));
      co_return end;
    }
  }
  if (const Status status = placed(); !status) {
    std::string reason = status.error().message;
    RunEnd end = co_await finish_early(End::rejected, std::move(reason));
    co_return end;
  }
  Settlement last;
  last.seq = waiting_.seq;
  last.attempts_counted = waiting_.attempts;
  Outcome retry;
  bool waits = false;
  for (const config::Action& action : flow_.pipeline->actions) {
    if (is_ended(action.name)) continue;
    std::string needed;
    const Needs needs = needs_of(action, waiting_, needed);
    if (needs == Needs::waits) continue;
    ActionResult result;
    if (needs == Needs::dead) {
      result = ended(action, End::skipped, "needs " + needed);
    } else {
      result = co_await run_action(action);
    }
    if (result.abandoned || calls_.cancelled()) {
      release_lock();
      co_return gone_away();
    }
    record_attempt(last, action.name, result);
    if (result.end) {
      waiting_.ended_actions.emplace_back(action.name, result.end->end);
      if (!result.end->id.empty()) waiting_.written.emplace_back(action.name, result.end->id);
      if (!result.end->reason.empty()) waiting_.reasons.emplace_back(action.name, result.end->reason);
      last.actions.push_back(*result.end);
    } else if (!waits) {
      waits = true;
      retry = result.outcome;
    }
    const bool more =
        std::any_of(flow_.pipeline->actions.begin(), flow_.pipeline->actions.end(),
                    [&](const config::Action& other) { return &other > &action && !is_ended(other.name); });
    if (!more) break;
    // A lock is never held across actions, and it must not be let go before its writes are on disk.
    const bool settled = co_await settle(std::move(last));
    release_lock();
    if (!settled) co_return gone_away();
    conversation_ = observe::Conversation();
    last = Settlement();
    last.seq = waiting_.seq;
    last.attempts_counted = waiting_.attempts;
  }
  if (waits && hold_.empty()) plan_retry(last, retry);
  RunEnd end = co_await finish(std::move(last));
  co_return end;
}

/// What chose its lane is the author's expression too: where that fails, the event says so.
Status EventRun::placed() {
  if (flow_.pipeline->order_by) TENON_CHECK(scope_.lane());
  if (!flow_.pipeline->priority) return {};
  TENON_TRY(const config::Priority priority, scope_.priority());
  calls_.rank_as(static_cast<std::uint8_t>(priority));
  return {};
}

Task<std::optional<Outcome>> EventRun::fetch_all() {
  if (fetched_) co_return std::nullopt;
  gone_ = false;
  version_ = waiting_.event.version.value_or("");
  bool versioned = false;
  for (const config::FetchStep& step : flow_.pipeline->fetches) {
    const Result<Value> arguments = scope_.render(step.arguments);
    if (!arguments)
      co_return Outcome::rejected(Cause::invalid, "fetch " + step.name + ": " + arguments.error().message);
    std::string text = to_json(*arguments);
    if (services_.probe != nullptr) services_.probe->on_fetch(waiting_, step);
    CallResult got;
    TENON_CRASH_POINT("delivery.before_fetch");
    if (step.list) {
      got = co_await calls_.list(*flow_.source, step.fetch, std::move(text));
    } else {
      got = co_await calls_.fetch(*flow_.source, step.fetch, std::move(text));
    }
    TENON_CRASH_POINT("delivery.after_fetch");
    if (got.verdict == CallResult::Verdict::gone) {
      gone_ = true;
      co_return std::nullopt;
    }
    if (got.verdict != CallResult::Verdict::found) {
      Outcome outcome = outcome_of(got);
      outcome.reason = "fetch " + step.name + ": " + outcome.reason;
      // A read may be repeated whatever became of it.
      if (outcome.cause == Cause::ambiguous) outcome.cause = Cause::remote_error;
      co_return outcome;
    }
    if (const Status status = keep(step, got); !status) {
      co_return Outcome::rejected(Cause::plugin, "fetch " + step.name + ": " + status.error().message);
    }
    if (!versioned && !step.list && !got.version.empty()) {
      version_ = got.version;
      versioned = true;
    }
  }
  fetched_ = true;
  co_return std::nullopt;
}

Status EventRun::keep(const config::FetchStep& step, const CallResult& got) {
  if (!step.list) return scope_.set_fetched(step.name, got.data);
  std::vector<std::string> items;
  for (const plugin::ListItem& item : got.items) items.push_back(item.data);
  return scope_.set_listed(step.name, items);
}

Task<EventRun::ActionResult> EventRun::run_action(const config::Action& action) {
  scope_.set_results(results_for(action, waiting_));
  const plugin::Operation& operation =
      *flow_.sinks.at(action.connection)->manifest().operation(action.operation);
  for (int round = 0; round < kMostIdentityRounds; ++round) {
    std::optional<Outcome> failed = co_await fetch_all();
    if (failed) co_return decide(action, *failed, flow_.pipeline->trigger_connection);
    if (gone_)
      co_return ended(action, flow_.pipeline->on_gone == config::OnGone::skip ? End::skipped : End::rejected,
                      "gone");
    if (action.when) {
      const Result<bool> wanted = scope_.test(*action.when);
      if (!wanted) co_return ended(action, End::rejected, wanted.error().message);
      if (!*wanted) co_return ended(action, End::skipped, "actions." + action.name + ".when is false");
    }
    const Result<Value> mapped = scope_.render(action.mapping);
    if (!mapped) co_return ended(action, End::rejected, mapped.error().message);
    const Value record = operation.input ? fit_lists(*mapped, *operation.input, scope_.arena()) : *mapped;
    if (const Status status =
            check_record(record, operation,
                         [&](const std::string& field) { return scope_.origin(action.mapping, field); });
        !status) {
      co_return ended(action, End::rejected, status.error().message);
    }
    std::vector<journal::IdentityKey> identities =
        identities_of(record, operation, flow_.sinks.at(action.connection)->connection().account);
    if (operation.shape == plugin::Operation::Shape::upsert && identities.empty()) {
      co_return ended(action, End::rejected,
                      "the record has no identity: none of the operation's identity fields is set");
    }
    std::vector<journal::IdentityKey> sorted = lock_keys(identities);
    if (sorted != locked_) {
      release_lock();
      locked_ = sorted;
      runtime::Async<bool> granted(
          [&](Function<void(bool)> done) { lock_ = services_.locks.acquire(sorted, std::move(done)); });
      const bool waited = co_await granted;
      if (calls_.cancelled()) co_return abandoned();
      if (waited && !flow_.pipeline->fetches.empty()) {
        // Whoever held the lock may have written newer state than ours: what is written must be the newest.
        fetched_ = false;
        scope_.clear_fetched();
        continue;
      }
    }
    ActionResult result = co_await run_locked(action, operation, record, std::move(identities));
    co_return result;
  }
  co_return decide(
      action, Outcome::retry(Cause::conflict, "the record's identities changed each time they were locked"));
}

bool EventRun::is_ended(const std::string& action) const { return end_of_action(action).has_value(); }

std::optional<End> EventRun::end_of_action(const std::string& action) const {
  const auto found = std::find_if(waiting_.ended_actions.begin(), waiting_.ended_actions.end(),
                                  [&](const auto& ended) { return ended.first == action; });
  if (found == waiting_.ended_actions.end()) return std::nullopt;
  return found->second;
}

journal::Applied EventRun::applied_of(const config::Action& action, const journal::IdentityKey& primary,
                                      const std::string& record) const {
  journal::Applied applied;
  applied.key = {primary, flow_.pipeline->name, action.name, source_object()};
  if (!version_.empty()) applied.version = version_;
  applied.record_hash = to_hex(bytes_of(sha256(record)));
  applied.mapping_digest = action.mapping_digest;
  applied.seq = waiting_.seq;
  return applied;
}

std::string EventRun::source_object() const { return waiting_.event.connection + "/" + waiting_.event.key; }

std::string EventRun::repeat_id(const config::Action& action) const {
  return uuid_v5(flow_.pipeline->name + '\0' + action.name + '\0' + std::to_string(waiting_.seq) + '\0' +
                 waiting_.event.id);
}

void EventRun::release_lock() {
  if (lock_) services_.locks.release(lock_);
  lock_.reset();
  locked_.clear();
}

}  // namespace tenon::delivery
