#include "app/budget_file.hpp"

#include "observe/log.hpp"
#include "runtime/files.hpp"

namespace tenon::app {

std::string BudgetFile::load() {
  constexpr std::size_t kMost = std::size_t{1} << 20;
  auto text = runtime::read_file(path_, kMost);
  return text ? std::move(*text) : std::string();
}

void BudgetFile::save(const std::string& text) {
  if (const Status saved = runtime::write_private_file(path_, text); !saved)
    log::warn(codes::kFileFailed, "budgets are not kept for the next start",
              {{"why", saved.error().message}});
}

}  // namespace tenon::app
