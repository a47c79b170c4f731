// Breaker: stops asking a remote that does not work, and asks again with one request at a time. Pure.
// The pattern and its words: M. Nygard, Release It!; https://martinfowler.com/bliki/CircuitBreaker.html
#pragma once

#include <array>
#include <cstdint>

#include "runtime/executor.hpp"

namespace tenon::delivery {

/// One per account. Times by the steady clock. Opens when at least half of 20 or more exchanges of the last
/// 30 s failed, or after 5 in a row that were not answered at all (a shop with an event a minute never has
/// 20). Then one probe is let through after 5 s, and while probes fail after twice the time, up to 60 s; the
/// first that is answered closes it.
class Breaker {
 public:
  using Duration = runtime::Duration;
  enum class State : std::uint8_t { closed, open, probing };
  enum class Result : std::uint8_t {
    worked,      ///< the remote answered, whatever it thought of the request
    failed,      ///< it answered that it is broken (5xx)
    unanswered,  ///< no whole answer came
  };

  /// Whether a request may go out now. Where that is the probe, the breaker waits for its result: `record`
  /// it, or `forget` it.
  bool admit(Duration now);
  /// True if that opened or closed it.
  bool record(Result result, Duration now);
  /// The probe was cancelled: another may be the probe.
  void forget();

  State state() const { return state_; }
  /// When the next probe may go, while open.
  Duration probe_at() const { return probe_at_; }

 private:
  struct Slice {
    std::int64_t second = -1;
    std::uint32_t worked = 0;
    std::uint32_t failed = 0;
  };

  void open(Duration now);
  void close();

  State state_ = State::closed;
  std::array<Slice, 30> window_{};  ///< by second
  std::uint32_t unanswered_in_row_ = 0;
  Duration pause_{};
  Duration probe_at_{};
};

}  // namespace tenon::delivery
