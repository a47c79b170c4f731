// When to try again: Retry-After, backoff and the end by age. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "event/outcome.hpp"
#include "runtime/http.hpp"

namespace tenon::delivery {

constexpr std::int64_t kRetryAfterCapMs = 3'600'000;
constexpr std::int64_t kBackoffCapMs = 1'800'000;
constexpr std::int64_t kMostSpreadMs = 30'000;

/// A Retry-After value (RFC 9110 section 10.2.3) in milliseconds from now: delta-seconds or one of the three
/// HTTP-date forms, the date taken against `date_ms`. Past gives 0, more than an hour an hour, garbage
/// nullopt.
std::optional<std::int64_t> parse_retry_after(std::string_view value, std::int64_t date_ms);

/// An HTTP-date (RFC 9110 section 5.6.7: IMF-fixdate, rfc850, asctime) in Unix milliseconds.
std::optional<std::int64_t> parse_http_date(std::string_view text);

/// The response's Retry-After, measured by its own Date where it has one, else by `wall_ms`.
std::optional<std::int64_t> retry_after_ms(const runtime::HttpResponse& response, std::int64_t wall_ms);

/// Milliseconds to wait before attempt `n + 1` after `n` counted attempts: full jitter U(0, min(30 min, 1 s *
/// 2^n)), and never earlier than the remote asked, plus positive jitter. `chance` and `chance2` are uniform
/// in [0, 1).
std::int64_t backoff_ms(std::uint32_t attempts, std::optional<std::int64_t> retry_after, double chance,
                        double chance2);

/// What is waited beyond the time that a remote asked for, so that not all whom it told come back at once:
/// U(0, min(0.1 of it + 1 s, 30 s)).
std::int64_t spread_ms(std::int64_t asked_ms, double chance);

/// True if the outcome uses up one of the policy's attempts: answers do, unreachability and throttling do
/// not.
bool counts_as_attempt(const Outcome& outcome);

}  // namespace tenon::delivery
