// BudgetFile: what was learnt of budgets, in the data directory.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "delivery/budget_memory.hpp"

namespace tenon::app {

/// A damaged or missing file is none: budgets begin anew. One that cannot be written is told in the log.
class BudgetFile final : public delivery::BudgetMemory {
 public:
  explicit BudgetFile(const std::string& data) : path_(data + "/budgets") {}
  delivery::KeptBudgets load() override;
  void save(const delivery::KeptBudgets& some, Lasting lasting) override;

 private:
  std::string path_;
  std::mutex mutex_;  // guards the rest, and the order of writes
  std::optional<delivery::KeptBudgets> all_;
};

}  // namespace tenon::app
