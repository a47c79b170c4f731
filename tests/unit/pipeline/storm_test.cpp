// Half an hour of a desk that answers 429 in all the ways there are.
#include "virtual_host.hpp"

namespace tenon::pipeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kLimit = 40;
constexpr runtime::Duration kWindow = seconds(20);

/// A desk that counts what it is asked, and what comes before the time that it told.
class Storm : public VirtualHost {
 protected:
  using Told = std::pair<std::string, std::int64_t>;  ///< the header, and how long it means, in milliseconds

  std::int64_t wall() const { return const_cast<Storm*>(this)->runtime_.clock().wall_ms(); }

  static std::string date(std::int64_t ms, const char* form) {
    const std::time_t at = static_cast<std::time_t>(ms / 1000);
    std::tm parts{};
    gmtime_r(&at, &parts);
    char text[64];
    const std::size_t size = std::strftime(text, sizeof text, form, &parts);
    return std::string(text, size);
  }

  /// The forms of RFC 9110, 10.2.3, and what senders make of them.
  Told next_form() {
    const std::int64_t until = (wall() / 1000 + 9) * 1000;
    switch (forms_++ % 10) {
      case 0:
        return {"7", 7000};
      case 1:
        return {" 12 ", 12'000};
      case 2:
        return {date(until, "%a, %d %b %Y %H:%M:%S GMT"), until - wall()};
      case 3:
        return {date(until, "%A, %d-%b-%y %H:%M:%S GMT"), until - wall()};
      case 4:
        return {date(until, "%a %b %e %H:%M:%S %Y"), until - wall()};
      case 5:
        return {"0", 0};
      case 6:
        return {"soon", 0};
      case 7:  // over already
        return {date(until - 600'000, "%a, %d %b %Y %H:%M:%S GMT"), 0};
      case 8:
        return {"-5", 0};
      default:
        return {"", 0};
    }
  }

  runtime::ScriptedAnswer desk(const std::string&) {
    const auto now = runtime_.clock().steady();
    ++asked_;
    // What left in the same moment as the one that was refused could not know.
    if (now > told_at_ && wall() < not_before_ms_) ++early_;
    while (!admitted_.empty() && admitted_.front() <= now - kWindow) admitted_.pop_front();
    most_in_window_ = std::max(most_in_window_, admitted_.size() + 1);
    const bool over = admitted_.size() >= kLimit;
    // By its own will too, two requests of three for a minute, then a minute of peace.
    const bool stormy = now / minutes(1) % 2 == 1 && asked_ % 3 != 0;
    if (!over && !stormy) {
      admitted_.push_back(now);
      return {};
    }
    ++refused_;
    const Told told = next_form();
    if (wall() + told.second > not_before_ms_) {
      not_before_ms_ = wall() + told.second;
      told_at_ = now;
    }
    runtime::Headers headers;
    if (!told.first.empty()) headers.push_back({"Retry-After", told.first});
    return {429, R"({"error":{"msg":"Too many requests."}})", headers};
  }

  int forms_ = 0;
  int asked_ = 0;
  int early_ = 0;
  int refused_ = 0;
  std::int64_t not_before_ms_ = 0;
  runtime::Duration told_at_{};
  std::deque<runtime::Duration> admitted_;
  std::size_t most_in_window_ = 0;
};

TEST_F(Storm, HalfAnHourOfItAsksNothingEarlyAndEndsNothing) {
  remotes_.desk_fault = [this](const std::string& line) { return desk(line); };
  start();
  constexpr int kEvents = 600;
  for (int i = 1; i <= kEvents; ++i) {
    remotes_.shop[std::to_string(i)] = {"u" + std::to_string(i) + "@example.com", "U", "X", ""};
    ASSERT_EQ(send("msg_" + std::to_string(i), std::to_string(i)), 200);
    runtime_.advance(seconds(3));
  }
  EXPECT_GT(refused_, 100);
  EXPECT_EQ(early_, 0);
  EXPECT_LE(most_in_window_, static_cast<std::size_t>(kLimit * 1.05));
  remotes_.desk_fault = nullptr;
  runtime_.advance(std::chrono::hours(1));
  for (int i = 1; i <= kEvents; ++i) {
    const auto detail = show("msg_" + std::to_string(i));
    ASSERT_EQ(detail.row.state, "delivered") << i;
    EXPECT_EQ(detail.row.attempts, 0U) << "a 429 is no attempt";
  }
  RecordProperty("refused", refused_);
  RecordProperty("most_in_window", static_cast<int>(most_in_window_));
}

/// More than half an hour's work, at once; a desk that counts all that it is asked, and refuses nothing.
class Rate : public Storm {
 protected:
  int asked_in_half_an_hour(const runtime::Headers& told = {}) {
    int asked = 0;
    remotes_.desk_fault = [&asked, told](const std::string& line) -> runtime::ScriptedAnswer {
      ++asked;
      if (told.empty()) return {};
      return {200, line.starts_with("GET ") ? R"({"data":[],"meta":{"next_cursor":null}})" : R"({"id":1})",
              told};
    };
    start();
    for (int i = 1; i <= 3000; ++i) {
      remotes_.shop[std::to_string(i)] = {"u" + std::to_string(i) + "@example.com", "U", "X", ""};
      EXPECT_EQ(send("msg_" + std::to_string(i), std::to_string(i)), 200);
    }
    runtime_.advance(minutes(30));
    remotes_.desk_fault = nullptr;
    return asked;
  }
  static constexpr int kAllowed = kLimit * 90;  ///< windows of 20 s
};

TEST_F(Rate, OfHalfAnHourIsWithinTheLimitAndFivePercent) {
  const int asked = asked_in_half_an_hour();
  EXPECT_LE(asked, kAllowed * 1.05);
  EXPECT_GE(asked, kAllowed * 0.95) << "nor is the limit left unused";
}

// The control: a desk that names ten times the limit is asked more.
TEST_F(Rate, FollowsWhatTheRemoteTells) {
  EXPECT_GT(asked_in_half_an_hour(
                {{"X-Gorgias-Account-Api-Call-Limit", "1/400"}, {"Content-Type", "application/json"}}),
            kAllowed * 1.05);
}

// The control: a desk whose answers tell nothing is asked early by what it meant.
TEST_F(Storm, WhatIsNotToldCannotBeKept) {
  remotes_.desk_fault = [this](const std::string& line) {
    auto answer = desk(line);
    if (answer.result.response) answer.result.response->headers.clear();
    return answer;
  };
  start();
  for (int i = 1; i <= 200; ++i) {
    remotes_.shop[std::to_string(i)] = {"u" + std::to_string(i) + "@example.com", "U", "X", ""};
    ASSERT_EQ(send("msg_" + std::to_string(i), std::to_string(i)), 200);
    runtime_.advance(seconds(3));
  }
  EXPECT_GT(early_, 0);
}

}  // namespace
}  // namespace tenon::pipeline
