#include "app/budget_file.hpp"

#include "observe/log.hpp"
#include "runtime/files.hpp"

namespace tenon::app {

delivery::KeptBudgets BudgetFile::load() {
  constexpr std::size_t kMost = std::size_t{1} << 20;
  const std::scoped_lock lock(mutex_);
  if (!all_) {
    const auto text = runtime::read_file(path_, kMost);
    all_ = delivery::read_budgets(text ? *text : "");
  }
  return *all_;
}

void BudgetFile::save(const delivery::KeptBudgets& some, Lasting lasting) {
  const std::scoped_lock lock(mutex_);
  if (!all_) all_.emplace();
  for (const auto& [account, kept] : some) all_->insert_or_assign(account, kept);
  const std::string text = delivery::budgets_text(*all_);
  if (const Status saved = lasting == Lasting::power_cut ? runtime::write_private_file(path_, text)
                                                         : runtime::write_passing_file(path_, text);
      !saved)
    log::warn(codes::kFileFailed, "budgets are not kept for the next start",
              {{"why", saved.error().message}});
}

}  // namespace tenon::app
