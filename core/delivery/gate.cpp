#include "delivery/gate.hpp"

#include <algorithm>

namespace tenon::delivery {

BudgetGate::BudgetGate(runtime::Runtime& runtime) : runtime_(runtime) {}

BudgetGate::~BudgetGate() {
  for (auto& [name, account] : accounts_) runtime_.delivery().cancel(account->timer);
}

void BudgetGate::add_account(const std::string& account, const plugin::Budget& budget) {
  if (accounts_.contains(account)) return;
  accounts_.emplace(account, std::make_unique<Account>(AccountBudget(budget, runtime_.clock().steady())));
}

plugin::Gate::Handle BudgetGate::send(const plugin::ConnectionSpec& connection, EventClass event_class,
                                      runtime::HttpRequest request,
                                      Function<void(runtime::HttpResult)> done) {
  auto found = accounts_.find(connection.account);
  if (found == accounts_.end()) {
    add_account(connection.account, {});
    found = accounts_.find(connection.account);
  }
  Account& account = *found->second;
  const Handle handle = next_++;
  account.queues[static_cast<std::size_t>(event_class)].push_back(
      {handle, std::move(request), std::move(done)});
  drain(account);
  return handle;
}

void BudgetGate::start(Account& account, Pending pending) {
  const Handle handle = pending.handle;
  auto finished = [this, &account, handle, done = std::move(pending.done)](runtime::HttpResult result) {
    started_.erase(handle);
    if (result.response) {
      account.budget.learn(*result.response, runtime_.clock().steady(), runtime_.clock().wall_ms());
      drain(account);
    }
    done(std::move(result));
  };
  started_[handle] = runtime_.http().start(std::move(pending.request), std::move(finished));
}

void BudgetGate::drain(Account& account) {
  const auto waiting = [&] {
    return std::find_if(account.queues.begin(), account.queues.end(),
                        [](const auto& queue) { return !queue.empty(); });
  };
  for (auto queue = waiting(); queue != account.queues.end(); queue = waiting()) {
    if (!account.budget.take(runtime_.clock().steady())) break;
    Pending next = std::move(queue->front());
    queue->pop_front();
    start(account, std::move(next));
  }
  if (waiting() == account.queues.end() || account.timer != 0) return;
  const auto now = runtime_.clock().steady();
  const auto delay =
      std::max<runtime::Duration>(account.budget.ready_at(now) - now, std::chrono::milliseconds(1));
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
      runtime_.delivery().post([done = std::move(at->done)] {
        runtime::HttpResult result;
        result.error = Error("cancelled", "cancelled while waiting for the account's budget");
        done(std::move(result));
      });
      queue.erase(at);
      return;
    }
  }
}

std::size_t BudgetGate::queued() const {
  std::size_t total = 0;
  for (const auto& [name, account] : accounts_) {
    for (const auto& queue : account->queues) total += queue.size();
  }
  return total;
}

}  // namespace tenon::delivery
