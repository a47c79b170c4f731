// BudgetGate: every request of every plugin waits here for its account's budget.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "delivery/budget.hpp"
#include "plugin/instance.hpp"
#include "runtime/runtime.hpp"

namespace tenon::delivery {

/// Sends at once while the account has tokens; else queues, live before retry before replay before reconcile.
/// Runs on the delivery executor.
class BudgetGate final : public plugin::Gate {
 public:
  explicit BudgetGate(runtime::Runtime& runtime);
  ~BudgetGate() override;

  /// The budget of an account, before its first request; the first registration holds.
  void add_account(const std::string& account, const plugin::Budget& budget);

  Handle send(const plugin::ConnectionSpec& connection, EventClass event_class, runtime::HttpRequest request,
              Function<void(runtime::HttpResult)> done) override;
  void cancel(Handle handle) override;

  /// Requests that wait for a token.
  std::size_t queued() const;

 private:
  struct Pending {
    Handle handle;
    runtime::HttpRequest request;
    Function<void(runtime::HttpResult)> done;
  };
  struct Account {
    explicit Account(AccountBudget b) : budget(std::move(b)) {}
    AccountBudget budget;
    std::array<std::deque<Pending>, 4> queues;  ///< by EventClass
    runtime::TimerId timer = 0;
  };

  void start(Account& account, Pending pending);
  void drain(Account& account);

  runtime::Runtime& runtime_;
  std::map<std::string, std::unique_ptr<Account>, std::less<>> accounts_;
  std::unordered_map<Handle, runtime::HttpClient::Handle> started_;
  Handle next_ = 1;
};

}  // namespace tenon::delivery
