// AccountBudget: one token bucket for one account at a remote, learnt from its answers.
#pragma once

#include <algorithm>
#include <cstdint>

#include "plugin/manifest.hpp"
#include "runtime/executor.hpp"
#include "runtime/http.hpp"

namespace tenon::delivery {

/// Pure bookkeeping; times are the runtime's steady clock. One thread.
class AccountBudget {
 public:
  AccountBudget(const plugin::Budget& spec, runtime::Duration now);

  /// Takes one request's token; false if there is none beside `reserve` others, or the account is paused.
  bool take(runtime::Duration now, double reserve = 0);
  /// When `take` may next succeed; `now` or earlier if at once.
  runtime::Duration ready_at(runtime::Duration now, double reserve = 0) const;
  /// Reads limit headers, 429 and Retry-After of an answer. `wall_ms` stands in for a Date that the answer
  /// lacks. A pause ends later than was asked, by `chance` (0 to 1) of a tenth of it and a second, 30 s at
  /// most: whoever was told the same moment does not come back in it.
  void learn(const runtime::HttpResponse& response, runtime::Duration now, std::int64_t wall_ms,
             double chance = 0);

  /// What outlives the process; times are of the wall clock, Unix milliseconds.
  struct Kept {
    std::int64_t limit = 0;
    std::int64_t window_ms = 0;
    double tokens = 0;
    std::int64_t at_ms = 0;
    std::int64_t paused_until_ms = 0;  ///< 0: not paused
  };
  Kept keep(runtime::Duration now, std::int64_t wall_ms) const;
  /// How many tokens may be spent before it must be kept anew: a twentieth of the limit, or of a second's.
  double unseen() const;
  /// Goes on from there, as if the time since then had passed here, and `unseen` had been spent in it: a
  /// process that was killed could not say. What makes no sense is not taken over.
  void recall(const Kept& kept, runtime::Duration now, std::int64_t wall_ms);

  bool unlimited() const { return limit_ == 0 && pause_until_ <= runtime::Duration::zero(); }
  double tokens() const { return tokens_; }
  std::uint32_t limit() const { return limit_; }
  /// Tokens as they would be now, and for how long the account is paused.
  double tokens_at(runtime::Duration now) const;
  runtime::Duration paused_for(runtime::Duration now) const {
    return std::max(pause_until_ - now, runtime::Duration::zero());
  }

 private:
  void refill(runtime::Duration now);

  plugin::Budget spec_;
  std::uint32_t limit_;
  runtime::Duration window_;
  double tokens_;
  runtime::Duration filled_;
  runtime::Duration pause_until_{};
};

}  // namespace tenon::delivery
