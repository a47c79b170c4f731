#include "delivery/gate.hpp"

#include <algorithm>

#include "observe/log.hpp"

namespace tenon::delivery {
namespace {

constexpr runtime::Duration kWorthKeeping = std::chrono::seconds(5);

/// Tokens that a request of this class leaves in the bucket.
double reserve_of(std::size_t event_class, const AccountBudget& budget) {
  constexpr double kLiveShare = 0.2;
  if (event_class == static_cast<std::size_t>(EventClass::live)) return 0;
  // Of the smallest buckets nothing is left over: whoever waits must find a whole token at last.
  return std::max(0.0, std::min(kLiveShare * budget.limit(), budget.limit() - 1.0));
}

}  // namespace

BudgetGate::BudgetGate(runtime::Runtime& runtime, BudgetMemory* memory) : runtime_(runtime), memory_(memory) {
  if (memory_ != nullptr) kept_ = memory_->load();
}

BudgetGate::~BudgetGate() {
  for (auto& [name, account] : accounts_) runtime_.delivery().cancel(account->timer);
}

void BudgetGate::add_account(const std::string& account, const plugin::Budget& budget) {
  if (accounts_.contains(account)) return;
  const auto now = runtime_.clock().steady();
  AccountBudget fresh(budget, now);
  if (const auto kept = kept_.find(account); kept != kept_.end())
    fresh.recall(kept->second, now, runtime_.clock().wall_ms());
  accounts_.emplace(account, std::make_unique<Account>(account, std::move(fresh)));
}

void BudgetGate::keep() { keep(BudgetMemory::Lasting::power_cut); }

void BudgetGate::keep(BudgetMemory::Lasting lasting) {
  if (memory_ == nullptr) return;
  const auto now = runtime_.clock().steady();
  KeptBudgets ours;
  for (const auto& [name, account] : accounts_) {
    ours.emplace(name, account->budget.keep(now, runtime_.clock().wall_ms()));
    account->kept_until = now + account->budget.paused_for(now);
    account->kept_at = now;
    account->unkept = 0;
  }
  memory_->save(ours, lasting);
}

/// A kill must not give a whole bucket back, and a sync for it would cost more than the request.
void BudgetGate::spent(Account& account) {
  // All accounts are one file: of many of them it is written some milliseconds apart.
  constexpr std::size_t kFew = 32;
  constexpr runtime::Duration kOfEach = std::chrono::milliseconds(1);
  account.unkept += 1;
  if (memory_ == nullptr || account.budget.limit() == 0 || account.unkept < account.budget.unseen()) return;
  const auto apart = static_cast<std::int64_t>(accounts_.size()) * kOfEach;
  if (accounts_.size() > kFew && runtime_.clock().steady() < account.kept_at + apart) return;
  // A file that is not synced may be gone after a power cut, and with it a pause that was in it.
  const bool pauses = std::any_of(accounts_.begin(), accounts_.end(), [this](const auto& each) {
    return each.second->budget.paused_for(runtime_.clock().steady()) > kWorthKeeping;
  });
  keep(pauses ? BudgetMemory::Lasting::power_cut : BudgetMemory::Lasting::kill);
}

plugin::Gate::Handle BudgetGate::send(const plugin::ConnectionSpec& connection, plugin::Rank rank,
                                      runtime::HttpRequest request,
                                      Function<void(runtime::HttpResult)> done) {
  auto found = accounts_.find(connection.account);
  if (found == accounts_.end()) {
    add_account(connection.account, {});
    found = accounts_.find(connection.account);
  }
  Account& account = *found->second;
  const Handle handle = next_++;
  const std::size_t within = std::min<std::size_t>(rank.priority, kPriorities - 1);
  account.queues[static_cast<std::size_t>(rank.event_class) * kPriorities + within].push_back(
      {handle, std::move(request), std::move(done)});
  drain(account);
  return handle;
}

void BudgetGate::start(Account& account, Pending pending) {
  if (!account.breaker.admit(runtime_.clock().steady())) {
    return refuse(std::move(pending.done),
                  Error("circuit_open", "the remote does not work; it is asked again by a probe"));
  }
  const Handle handle = pending.handle;
  auto finished = [this, &account, handle, done = std::move(pending.done)](runtime::HttpResult result) {
    started_.erase(handle);
    learn(account, result);
    done(std::move(result));
  };
  started_[handle] = runtime_.http().start(std::move(pending.request), std::move(finished));
}

void BudgetGate::refuse(Function<void(runtime::HttpResult)> done, Error why) {
  runtime_.delivery().post([done = std::move(done), why = std::move(why)]() mutable {
    runtime::HttpResult result;
    result.error = std::move(why);
    done(std::move(result));
  });
}

void BudgetGate::learn(Account& account, const runtime::HttpResult& result) {
  const auto now = runtime_.clock().steady();
  if (result.response) {
    const bool may_pause = result.response->status == 429 || result.response->status == 503;
    account.budget.learn(*result.response, now, runtime_.clock().wall_ms(),
                         may_pause ? runtime_.random().uniform() : 0);
  }
  // A pause of some length must hold in the next process too, however this one ends.
  if (now + account.budget.paused_for(now) > std::max(account.kept_until, now) + kWorthKeeping) keep();
  if (!result.response && result.error.code == "cancelled") {
    account.breaker.forget();
  } else {
    auto what = Breaker::Result::worked;
    if (!result.response) what = Breaker::Result::unanswered;
    if (result.response && result.response->status >= 500) what = Breaker::Result::failed;
    if (account.breaker.record(what, now)) {
      const bool open = account.breaker.state() != Breaker::State::closed;
      if (open) {
        log::warn(codes::kCircuitOpen, "a remote does not work; its events wait while it is probed",
                  {{"account", account.name},
                   {"last", result.response ? "status " + std::to_string(result.response->status)
                                            : result.error.text()}});
      } else {
        log::info("a remote works again", {{"account", account.name}});
        if (reached_) runtime_.delivery().post([this] { reached_(); });
      }
    }
  }
  drain(account);
}

BudgetGate::Reach BudgetGate::reach(const std::string& account) const {
  const auto found = accounts_.find(account);
  if (found == accounts_.end()) return Reach::open;
  const Breaker& breaker = found->second->breaker;
  if (breaker.state() == Breaker::State::closed) return Reach::open;
  if (breaker.state() == Breaker::State::probing) return Reach::none;
  return runtime_.clock().steady() < breaker.probe_at() ? Reach::none : Reach::probe;
}

runtime::Duration BudgetGate::probe_at(const std::string& account) const {
  const auto found = accounts_.find(account);
  return found == accounts_.end() ? runtime::Duration() : found->second->breaker.probe_at();
}

void BudgetGate::drain(Account& account) {
  const auto waiting = [&] {
    return std::find_if(account.queues.begin(), account.queues.end(),
                        [](const auto& queue) { return !queue.empty(); });
  };
  const auto reserve = [&](auto queue) {
    return reserve_of(static_cast<std::size_t>(queue - account.queues.begin()) / kPriorities, account.budget);
  };
  for (auto queue = waiting(); queue != account.queues.end(); queue = waiting()) {
    if (!account.budget.take(runtime_.clock().steady(), reserve(queue))) break;
    Pending next = std::move(queue->front());
    queue->pop_front();
    spent(account);
    start(account, std::move(next));
  }
  const auto first = waiting();
  // A timer that runs for another class may be too late for this one.
  runtime_.delivery().cancel(account.timer);
  account.timer = 0;
  if (first == account.queues.end()) return;
  const auto now = runtime_.clock().steady();
  const auto delay = std::max<runtime::Duration>(account.budget.ready_at(now, reserve(first)) - now,
                                                 std::chrono::milliseconds(1));
  account.timer = runtime_.delivery().after(delay, [this, &account] {
    account.timer = 0;
    drain(account);
  });
}

void BudgetGate::cancel(Handle handle) {
  if (const auto started = started_.find(handle); started != started_.end()) {
    runtime_.http().cancel(started->second);
    return;
  }
  for (auto& [name, account] : accounts_) {
    for (auto& queue : account->queues) {
      const auto at =
          std::find_if(queue.begin(), queue.end(), [&](const Pending& p) { return p.handle == handle; });
      if (at == queue.end()) continue;
      refuse(std::move(at->done), Error("cancelled", "cancelled while waiting for the account's budget"));
      queue.erase(at);
      return;
    }
  }
}

std::vector<BudgetGate::View> BudgetGate::view() const {
  std::vector<View> out;
  const auto now = runtime_.clock().steady();
  for (const auto& [name, account] : accounts_) {
    View view;
    view.account = name;
    view.limit = account->budget.limit();
    view.remaining = static_cast<std::uint32_t>(std::max(0.0, account->budget.tokens_at(now)));
    view.paused_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(account->budget.paused_for(now)).count();
    for (const auto& queue : account->queues) view.queued += queue.size();
    view.reachable = reach(name) == Reach::open;
    out.push_back(std::move(view));
  }
  return out;
}

std::size_t BudgetGate::queued() const {
  std::size_t total = 0;
  for (const auto& [name, account] : accounts_) {
    for (const auto& queue : account->queues) total += queue.size();
  }
  return total;
}

}  // namespace tenon::delivery
