// BudgetGate: every request of every plugin waits here for its account's budget, and is refused while its
// account's remote does not work.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "delivery/breaker.hpp"
#include "delivery/budget.hpp"
#include "delivery/budget_memory.hpp"
#include "plugin/instance.hpp"
#include "runtime/runtime.hpp"

namespace tenon::delivery {

/// Sends at once while the account has tokens; else queues, live before retry before replay before reconcile.
/// A fifth of the tokens is kept for live events: they need not wait behind a pile of others. While the
/// account's breaker is open a request fails with `circuit_open`, unsent. Runs on the delivery executor.
class BudgetGate final : public plugin::Gate {
 public:
  /// `memory` may be null: budgets then begin anew with each start. It outlives the gate.
  explicit BudgetGate(runtime::Runtime& runtime, BudgetMemory* memory = nullptr);
  ~BudgetGate() override;

  /// The budget of an account, before its first request; the first registration holds.
  void add_account(const std::string& account, const plugin::Budget& budget);

  Handle send(const plugin::ConnectionSpec& connection, plugin::Rank rank, runtime::HttpRequest request,
              Function<void(runtime::HttpResult)> done) override;
  void cancel(Handle handle) override;

  /// How much may be started that will ask this account.
  enum class Reach : std::uint8_t {
    open,   ///< anything
    probe,  ///< one thing: the breaker lets one request through
    none,   ///< nothing before `probe_at`, or, where that has passed, before the probe's result
  };
  Reach reach(const std::string& account) const;
  /// When the account's breaker lets a probe through, by the steady clock; meaningful while its reach is
  /// none.
  runtime::Duration probe_at(const std::string& account) const;
  /// Called when an account may be asked again.
  void on_reached(Function<void()> call) { reached_ = std::move(call); }

  struct View {
    std::string account;
    std::uint32_t limit = 0;  ///< requests per window; 0: none known
    std::uint32_t remaining = 0;
    std::int64_t paused_ms = 0;  ///< the remote asked for a pause of so much longer
    std::size_t queued = 0;
    bool reachable = true;  ///< false while the breaker is open
  };
  /// Of all accounts, by name.
  std::vector<View> view() const;

  /// Saves what is known of the budgets; to be called now and then, and at the end. A pause saves itself, and
  /// so does what is spent, a twentieth of a limit at a time: a kill forgets no more than that.
  void keep();

  /// Requests that wait for a token.
  std::size_t queued() const;

 private:
  struct Pending {
    Handle handle;
    runtime::HttpRequest request;
    Function<void(runtime::HttpResult)> done;
  };
  static constexpr std::size_t kClasses = 4;
  static constexpr std::size_t kPriorities = 3;
  struct Account {
    Account(std::string of, AccountBudget b) : name(std::move(of)), budget(std::move(b)) {}
    std::string name;
    AccountBudget budget;
    Breaker breaker;
    std::array<std::deque<Pending>, kClasses * kPriorities> queues;  ///< by class, then by priority
    runtime::TimerId timer = 0;
    runtime::Duration kept_until{};  ///< the pause that was saved
    runtime::Duration kept_at{};     ///< when it was saved
    double unkept = 0;               ///< spent since then
  };

  void start(Account& account, Pending pending);
  void drain(Account& account);
  void refuse(Function<void(runtime::HttpResult)> done, Error why);
  void learn(Account& account, const runtime::HttpResult& result);
  void keep(BudgetMemory::Lasting lasting);
  void spent(Account& account);

  runtime::Runtime& runtime_;
  BudgetMemory* memory_;
  KeptBudgets kept_;  ///< of the last process
  std::map<std::string, std::unique_ptr<Account>, std::less<>> accounts_;
  std::unordered_map<Handle, runtime::HttpClient::Handle> started_;
  Handle next_ = 1;
  Function<void()> reached_;
};

}  // namespace tenon::delivery
