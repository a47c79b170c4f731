#include "delivery/budget.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include "base/text.hpp"
#include "delivery/retry.hpp"

namespace tenon::delivery {
namespace {

using runtime::Duration;

constexpr std::uint64_t kMostLimit = 1'000'000'000;
constexpr std::uint64_t kMostWindowMs = 86'400'000;

std::optional<std::uint64_t> number(std::string_view text) {
  text = trim(text);
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> header_number(const runtime::HttpResponse& response, const std::string& name) {
  if (name.empty()) return std::nullopt;
  const std::string* value = runtime::find_header(response.headers, name);
  return value == nullptr ? std::nullopt : number(*value);
}

/// What one answer says of the account.
struct Told {
  std::optional<std::uint64_t> limit, left, window_ms, reset_ms;
};

Told read(const plugin::Budget& spec, const runtime::HttpResponse& response) {
  Told told;
  told.limit = header_number(response, spec.limit_header);
  told.left = header_number(response, spec.remaining_header);
  told.window_ms = header_number(response, spec.window_ms_header);
  told.reset_ms = header_number(response, spec.reset_ms_header);
  const std::string* pair =
      spec.limit_header.empty() ? nullptr : runtime::find_header(response.headers, spec.limit_header);
  if (const auto slash = pair == nullptr ? std::string::npos : pair->find('/'); slash != std::string::npos) {
    const auto used = number(std::string_view(*pair).substr(0, slash));
    told.limit = number(std::string_view(*pair).substr(slash + 1));
    if (used && told.limit) told.left = *told.limit > *used ? *told.limit - *used : 0;
  }
  if (const auto used = header_number(response, spec.used_header); used && told.limit) {
    told.left = *told.limit > *used ? *told.limit - *used : 0;
  }
  return told;
}

}  // namespace

AccountBudget::AccountBudget(const plugin::Budget& spec, Duration now)
    : spec_(spec),
      limit_(spec.limit),
      window_(std::chrono::milliseconds(std::max<std::uint32_t>(spec.window_ms, 1))),
      tokens_(spec.limit),
      filled_(now) {}

void AccountBudget::refill(Duration now) {
  if (limit_ == 0 || now <= filled_) return;
  const double per_ns = static_cast<double>(limit_) / static_cast<double>(window_.count());
  tokens_ = std::min<double>(limit_, tokens_ + per_ns * static_cast<double>((now - filled_).count()));
  filled_ = now;
}

double AccountBudget::tokens_at(Duration now) const {
  if (limit_ == 0) return 0;
  const double per_ns = static_cast<double>(limit_) / static_cast<double>(window_.count());
  return std::min<double>(limit_, tokens_ + per_ns * static_cast<double>((now - filled_).count()));
}

AccountBudget::Kept AccountBudget::keep(Duration now, std::int64_t wall_ms) const {
  using std::chrono::duration_cast, std::chrono::milliseconds;
  Kept kept;
  kept.limit = limit_;
  kept.window_ms = duration_cast<milliseconds>(window_).count();
  kept.tokens = tokens_at(now);
  kept.at_ms = wall_ms;
  if (pause_until_ > now)
    kept.paused_until_ms = wall_ms + duration_cast<milliseconds>(pause_until_ - now).count() + 1;
  return kept;
}

double AccountBudget::unseen() const {
  constexpr double kShare = 0.05;
  const double second = static_cast<double>(limit_) * 1e9 / static_cast<double>(window_.count());
  return std::max({1.0, kShare * limit_, kShare * second});
}

void AccountBudget::recall(const Kept& kept, Duration now, std::int64_t wall_ms) {
  if (limit_ != 0 && kept.limit > 0 && static_cast<std::uint64_t>(kept.limit) < kMostLimit &&
      kept.window_ms > 0 && static_cast<std::uint64_t>(kept.window_ms) < kMostWindowMs) {
    limit_ = static_cast<std::uint32_t>(kept.limit);
    window_ = std::chrono::milliseconds(kept.window_ms);
    const auto passed = static_cast<double>(std::max<std::int64_t>(0, wall_ms - kept.at_ms));
    const double tokens =
        kept.tokens + passed * static_cast<double>(kept.limit) / static_cast<double>(kept.window_ms);
    tokens_ = (tokens >= 0 ? std::min<double>(tokens, limit_) : 0) - std::min<double>(unseen(), limit_);
    filled_ = now;
  }
  const std::int64_t pause = std::min(kept.paused_until_ms - wall_ms, kRetryAfterCapMs + kMostSpreadMs);
  if (kept.paused_until_ms > 0 && pause > 0) pause_until_ = now + std::chrono::milliseconds(pause);
}

bool AccountBudget::take(Duration now, double reserve) {
  if (now < pause_until_) return false;
  pause_until_ = {};
  if (limit_ == 0) return true;
  refill(now);
  if (tokens_ < 1 + reserve) return false;
  tokens_ -= 1;
  return true;
}

Duration AccountBudget::ready_at(Duration now, double reserve) const {
  Duration at = std::max(now, pause_until_);
  if (limit_ == 0) return at;
  const double per_ns = static_cast<double>(limit_) / static_cast<double>(window_.count());
  const double at_fill = tokens_ + per_ns * static_cast<double>((now - filled_).count());
  // One nanosecond more: the refill at that moment must not fall short of a whole token by rounding.
  const double missing = 1 + reserve - at_fill;
  if (missing > 0) at = std::max(at, now + Duration(static_cast<std::int64_t>(missing / per_ns) + 1));
  return at;
}

void AccountBudget::learn(const runtime::HttpResponse& response, Duration now, std::int64_t wall_ms,
                          double chance) {
  const Told told = read(spec_, response);
  refill(now);
  // Where the manifest names none, an answer must tell the window too.
  const bool first = limit_ == 0 && told.window_ms;
  if (told.limit && *told.limit > 0 && *told.limit < kMostLimit && (limit_ != 0 || first)) {
    limit_ = static_cast<std::uint32_t>(*told.limit);
    tokens_ = first ? limit_ : std::min<double>(tokens_, limit_);
    filled_ = now;
  }
  if (told.window_ms && *told.window_ms > 0 && *told.window_ms < kMostWindowMs)
    window_ = std::chrono::milliseconds(*told.window_ms);
  // Requests under way are not in the remote's figure yet, so it only ever lowers ours.
  if (told.left && limit_ != 0) tokens_ = std::min<double>(tokens_, static_cast<double>(*told.left));
  const auto asked = retry_after_ms(response, wall_ms);
  // A 503 that names a time asks for a pause as a 429 does.
  if (response.status != 429 && !(response.status == 503 && asked)) return;
  const std::int64_t wait = std::min<std::int64_t>(
      kRetryAfterCapMs,
      std::max<std::int64_t>(
          {asked.value_or(0),
           static_cast<std::int64_t>(std::min<std::uint64_t>(told.reset_ms.value_or(0), kMostLimit)), 1000}));
  // Answers that only say again what holds already must not push its end further and further.
  if (now + std::chrono::milliseconds(wait) <= pause_until_) return;
  pause_until_ = now + std::chrono::milliseconds(wait + spread_ms(wait, chance));
}

}  // namespace tenon::delivery
