#include "delivery/budget_memory.hpp"

#include "base/json.hpp"

namespace tenon::delivery {

std::string budgets_text(const KeptBudgets& budgets) {
  std::string out = "{";
  for (const auto& [account, kept] : budgets) {
    if (out.size() > 1) out += ',';
    append_json_string(out, account);
    out += ":{\"limit\":" + std::to_string(kept.limit) + ",\"window_ms\":" + std::to_string(kept.window_ms) +
           ",\"tokens\":";
    append_number(out, kept.tokens);
    out += ",\"at_ms\":" + std::to_string(kept.at_ms) +
           ",\"paused_until_ms\":" + std::to_string(kept.paused_until_ms) + "}";
  }
  return out + "}\n";
}

KeptBudgets read_budgets(std::string_view text) {
  KeptBudgets out;
  const auto document = parse_json(text);
  if (!document || !document->root.is_object()) return out;
  for (const Member& member : document->root.members()) {
    const auto number = [&](std::string_view name) {
      constexpr double kMost = 9e15;
      const Value value = member.value.get(name);
      const double read = value.is_number() ? value.as_double() : -1;
      return read >= 0 && read < kMost ? read : -1;
    };
    AccountBudget::Kept kept;
    kept.limit = static_cast<std::int64_t>(number("limit"));
    kept.window_ms = static_cast<std::int64_t>(number("window_ms"));
    kept.tokens = number("tokens");
    kept.at_ms = static_cast<std::int64_t>(number("at_ms"));
    kept.paused_until_ms = static_cast<std::int64_t>(number("paused_until_ms"));
    if (kept.limit >= 0 && kept.tokens >= 0 && kept.at_ms >= 0) out.emplace(member.name, kept);
  }
  return out;
}

}  // namespace tenon::delivery
