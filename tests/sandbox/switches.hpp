// What a user can turn on to make an API misbehave, and how many requests it takes. One per API.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <random>
#include <string>

#include "settings.hpp"

namespace sandbox {

/// A share of the requests, or the next few, or both: a share until the count is used up.
struct Dose {
  double rate = 0;
  std::int64_t left = -1;  ///< -1: without end
  bool after_effect = false;
  std::string method;  ///< empty: any
};

struct Failure {
  Dose dose;
  int status = 503;
  std::string body;
  std::optional<std::int64_t> retry_after_s;
};

class Switches {
 public:
  explicit Switches(std::uint64_t seed) : random_(seed) {}

  /// Changes what `wanted` names: latency_ms, fail, reset, hang, search_lag_ms, unique (budget is not its
  /// business, and the last two are Gorgias'). The text of what is wrong with it, and then nothing is
  /// changed; empty when all is well.
  std::string set(const nlohmann::json& wanted);
  nlohmann::json shown() const;

  std::int64_t latency_ms() const { return latency_ms_; }
  /// How long what was created is not found by a search.
  std::int64_t search_lag_ms() const { return search_lag_ms_; }
  /// False: a second one of an email is created.
  bool unique() const { return unique_; }
  /// Whether requests hang, or did: until it is switched off.
  bool hangs() const { return hang_.rate > 0; }
  bool hang(bool after_effect, std::string_view method) { return takes(hang_, after_effect, method); }
  /// The failure for this request, if it is its turn; each answer counts.
  const Failure* fail(bool after_effect, std::string_view method);
  bool reset(bool after_effect, std::string_view method);

 private:
  bool takes(Dose& dose, bool after_effect, std::string_view method);

  std::mt19937_64 random_;
  std::int64_t latency_ms_ = 0;
  std::int64_t search_lag_ms_ = 0;
  bool unique_ = true;
  Dose hang_;
  Failure fail_;
  Dose reset_;
};

/// Counts requests against a limit. `now` is in milliseconds and never goes back.
class Bucket {
 public:
  /// fixed: a window that starts anew (BigCommerce). leaky: drains evenly (Gorgias).
  enum class Kind { fixed, leaky };
  Bucket(Kind kind, BudgetSize size) : kind_(kind), size_(size) {}

  void resize(BudgetSize size);
  BudgetSize size() const { return size_; }
  bool unlimited() const { return size_.limit <= 0; }
  /// False if there is no room; then nothing is counted.
  bool take(double now);
  std::int64_t used() const { return unlimited() ? 1 : static_cast<std::int64_t>(used_ + 0.999); }
  /// Milliseconds until the window starts anew (fixed), or until there is room for one more (leaky).
  std::int64_t wait_ms(double now) const;

 private:
  Kind kind_;
  BudgetSize size_;
  double used_ = 0;
  double since_ = 0;
};

/// What headers say when there is no limit, so that a client that reads them goes as fast as it can.
constexpr std::int64_t kNoLimit = 1'000'000;

}  // namespace sandbox
