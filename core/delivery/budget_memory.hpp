// BudgetMemory: where what was learnt of budgets outlives the process.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "delivery/budget.hpp"

namespace tenon::delivery {

using KeptBudgets = std::map<std::string, AccountBudget::Kept, std::less<>>;  ///< by account

/// What is there again at the next start. From any thread; may block for a moment.
class BudgetMemory {
 public:
  /// What the next start may lie behind. Of what is to outlive a power cut the writer waits for the disk.
  enum class Lasting : std::uint8_t { power_cut, kill };
  virtual ~BudgetMemory() = default;
  /// What was saved last of each account; of those that nobody asks now too.
  virtual KeptBudgets load() = 0;
  /// Of these accounts; what is known of others stays.
  virtual void save(const KeptBudgets& some, Lasting lasting) = 0;
};

/// One JSON object, by account.
std::string budgets_text(const KeptBudgets& budgets);
/// Accounts that cannot be read are left out: their budgets begin anew.
KeptBudgets read_budgets(std::string_view text);

}  // namespace tenon::delivery
