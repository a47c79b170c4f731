// Pace: how many events that are not live may run at once, by how far behind the executor is.
#pragma once

#include <algorithm>
#include <cstddef>

#include "runtime/executor.hpp"

namespace tenon::delivery {

/// A pile of retries must not make live events wait for the thread: while tasks are reached late, fewer of
/// the pile run, and more again step by step once they are not (additive increase, multiplicative decrease,
/// as congestion control does: Chiu and Jain, 1989). Where remotes are slow and the thread is idle, nothing
/// is held back.
class Pace {
 public:
  explicit Pace(std::size_t most) : most_(most), allowed_(static_cast<double>(most)) {}

  /// A task was reached so much after it was posted. The mean of a while counts: a single late one is the
  /// machine's doing.
  void reached(runtime::Duration late, runtime::Duration now) {
    late_ += late;
    ++tasks_;
    if (now < next_) return;
    constexpr runtime::Duration kStep = std::chrono::milliseconds(10);
    constexpr runtime::Duration kLate = std::chrono::microseconds(600);
    constexpr double kLess = 0.7;
    allowed_ = late_ > kLate * tasks_ ? allowed_ * kLess : allowed_ + 1;
    allowed_ = std::clamp(allowed_, static_cast<double>(kLeast), static_cast<double>(most_));
    late_ = {};
    tasks_ = 0;
    next_ = now + kStep;
  }

  std::size_t allowed() const { return static_cast<std::size_t>(allowed_); }

 private:
  static constexpr std::size_t kLeast = 1;
  std::size_t most_;
  double allowed_;
  runtime::Duration late_{};
  int tasks_ = 0;
  runtime::Duration next_{};
};

}  // namespace tenon::delivery
