// BudgetMemory: where what was learnt of budgets outlives the process.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "delivery/budget.hpp"

namespace tenon::delivery {

/// A text that is there again at the next start. Called on the delivery executor, rarely; may block for a
/// moment.
class BudgetMemory {
 public:
  virtual ~BudgetMemory() = default;
  /// What was saved last; empty if nothing was, or it cannot be read.
  virtual std::string load() = 0;
  virtual void save(const std::string& text) = 0;
};

using KeptBudgets = std::map<std::string, AccountBudget::Kept, std::less<>>;

/// One JSON object, by account.
std::string budgets_text(const KeptBudgets& budgets);
/// Accounts that cannot be read are left out: their budgets begin anew.
KeptBudgets read_budgets(std::string_view text);

}  // namespace tenon::delivery
