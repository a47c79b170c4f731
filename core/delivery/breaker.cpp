#include "delivery/breaker.hpp"

#include <algorithm>

namespace tenon::delivery {
namespace {

constexpr runtime::Duration kFirstPause = std::chrono::seconds(5);
constexpr runtime::Duration kLongestPause = std::chrono::seconds(60);
constexpr std::uint32_t kLeastExchanges = 20;
constexpr std::uint32_t kUnansweredInRow = 5;

}  // namespace

bool Breaker::admit(Duration now) {
  if (state_ == State::closed) return true;
  if (state_ == State::probing || now < probe_at_) return false;
  state_ = State::probing;
  return true;
}

void Breaker::forget() {
  if (state_ == State::probing) state_ = State::open;
}

bool Breaker::record(Result result, Duration now) {
  if (result == Result::worked) {
    unanswered_in_row_ = 0;
    // Also a request that left before it opened: the remote works.
    if (state_ != State::closed) {
      close();
      return true;
    }
  } else if (state_ == State::probing) {
    pause_ = std::min(pause_ * 2, kLongestPause);
    open(now);
    return false;
  } else if (state_ == State::open) {
    return false;
  }
  const auto second = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  Slice& slice = window_[static_cast<std::size_t>(second) % window_.size()];
  if (slice.second != second) slice = {second, 0, 0};
  ++(result == Result::worked ? slice.worked : slice.failed);
  if (result == Result::worked) return false;
  if (result == Result::unanswered) {
    ++unanswered_in_row_;
  } else {
    unanswered_in_row_ = 0;
  }
  std::uint32_t worked = 0;
  std::uint32_t failed = 0;
  for (const Slice& each : window_) {
    if (each.second < 0 || second - each.second >= static_cast<std::int64_t>(window_.size())) continue;
    worked += each.worked;
    failed += each.failed;
  }
  const bool many = worked + failed >= kLeastExchanges && failed >= worked;
  if (!many && unanswered_in_row_ < kUnansweredInRow) return false;
  pause_ = kFirstPause;
  open(now);
  return true;
}

void Breaker::open(Duration now) {
  state_ = State::open;
  probe_at_ = now + pause_;
}

void Breaker::close() {
  state_ = State::closed;
  window_.fill({});
  unanswered_in_row_ = 0;
}

}  // namespace tenon::delivery
