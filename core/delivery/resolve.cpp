#include "delivery/resolve.hpp"

#include <algorithm>
#include <array>

namespace tenon::delivery {
namespace {

constexpr std::int64_t kUnknownServerMs = 60'000;
/// Most lost answers are found by the first searches; the last ones only close the case.
constexpr std::array<std::int64_t, 5> kSearches = {2'000, 5'000, 15'000, 30'000, 60'000};

NextStep search_at(std::int64_t at_ms) { return {NextStep::Kind::search, at_ms}; }

}  // namespace

std::int64_t quiet_ms(const plugin::Capabilities& sink) {
  const auto server = static_cast<std::int64_t>(sink.max_server_time_ms);
  return kExchangeMs + (server > 0 ? server : kUnknownServerMs) +
         static_cast<std::int64_t>(sink.search_lag_ms);
}

std::optional<Unresolved> after_restore(const plugin::Capabilities& sink, std::int64_t restored_ms,
                                        std::int64_t now_ms) {
  const std::int64_t age = now_ms - restored_ms;
  const std::int64_t over = quiet_ms(sink) + 2 * static_cast<std::int64_t>(sink.search_lag_ms);
  if (restored_ms == 0 || age < 0 || age >= over) return std::nullopt;
  return Unresolved{"", restored_ms, 0};
}

bool wants_verification(const plugin::Capabilities& sink) { return !sink.unique_conflict; }

NextStep after_nothing_found(const plugin::Capabilities& sink, const std::optional<Unresolved>& earlier,
                             const std::string& create_id, std::uint32_t attempts, std::int64_t now_ms) {
  if (!earlier) return {};
  std::int64_t age = now_ms - earlier->since_ms;
  const auto ttl = static_cast<std::int64_t>(sink.idempotency_key_ttl_ms);
  const bool key_holds = ttl > 0 && age >= 0 && age < ttl - kCallMs && earlier->create_id == create_id;
  if (key_holds && attempts < kAttemptsPerKey) return {NextStep::Kind::repeat, 0};
  if (sink.unique_conflict) return {};
  const std::int64_t from = std::max(earlier->since_ms, earlier->over_ms);
  age = now_ms - from;
  const std::int64_t quiet = quiet_ms(sink);
  const auto lag = static_cast<std::int64_t>(sink.search_lag_ms);
  // A clock that was set back must not end the quiet time early, nor make it endless.
  if (age < 0) return search_at(now_ms + quiet);
  for (const std::int64_t after : kSearches) {
    if (age < after && after < quiet) return search_at(from + after);
  }
  for (const std::int64_t after : {quiet, quiet + lag, quiet + 2 * lag}) {
    if (age < after) return search_at(from + after);
  }
  return {};
}

}  // namespace tenon::delivery
