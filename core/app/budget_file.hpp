// BudgetFile: what was learnt of budgets, in the data directory.
#pragma once

#include <string>

#include "delivery/budget_memory.hpp"

namespace tenon::app {

/// A damaged or missing file is none: budgets begin anew. One that cannot be written is told in the log.
class BudgetFile final : public delivery::BudgetMemory {
 public:
  explicit BudgetFile(const std::string& data) : path_(data + "/budgets") {}
  std::string load() override;
  void save(const std::string& text) override;

 private:
  std::string path_;
};

}  // namespace tenon::app
