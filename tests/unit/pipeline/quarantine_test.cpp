// Events of which the host died: nothing of their pipeline is evaluated for them any more.
#include <gmock/gmock.h>

#include "virtual_host.hpp"

namespace tenon::pipeline {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

/// The third event of each test is in quarantine; what its own expressions would say of it shows in when it
/// ends. The desk takes ten seconds for all that it is asked.
class Quarantine : public VirtualHost {
 protected:
  void SetUp() override {
    VirtualHost::SetUp();
    for (int i = 1; i <= 3; ++i)
      remotes_.shop[std::to_string(i)] = {"u" + std::to_string(i) + "@example.com", "U", "X", ""};
    remotes_.desk_delay = seconds(10);
    suspects_.add(3, delivery::Suspects::kMost, "SIGSEGV in the mapping");
  }
  void TearDown() override {
    VirtualHost::TearDown();
    host_.reset();  // it knows the suspects
  }
  void send_three() {
    for (int i = 1; i <= 3; ++i) ASSERT_EQ(send("msg_" + std::to_string(i), std::to_string(i)), 200);
    ASSERT_EQ(show("msg_3").row.seq, 3U);
  }
  void quarantine() { options_.delivery.suspects = &suspects_; }

  delivery::Suspects suspects_;
};

class AnOrder : public Quarantine, public ::testing::WithParamInterface<bool> {};

TEST_P(AnOrder, IsNotAskedOfIt) {
  if (GetParam()) quarantine();
  start(std::string(kPipeline) + "delivery: { order_by: \"${{ 'all' & $substring(event.id, 0, 0) }}\" }\n");
  send_three();
  runtime_.advance(seconds(1));
  EXPECT_EQ(state("msg_1"), "waiting") << "it runs";
  EXPECT_EQ(state("msg_2"), "waiting") << "in the lane of the first";
  EXPECT_EQ(state("msg_3"), GetParam() ? "rejected" : "waiting");
  if (GetParam()) {
    EXPECT_THAT(show("msg_3").row.reason, HasSubstr("crash_suspect"));
  }
}

class APriority : public Quarantine, public ::testing::WithParamInterface<bool> {};

TEST_P(APriority, IsNotAskedOfIt) {
  if (GetParam()) quarantine();
  options_.delivery.running_per_flow = 1;
  start(std::string(kPipeline) +
        "delivery: { priority: \"${{ event.keys.customer = '3' ? 'high' : 'normal' }}\" }\n");
  send_three();
  // The first one has ended, and there was one place.
  while (state("msg_1") == "waiting") runtime_.advance(seconds(1));
  runtime_.advance(seconds(1));
  EXPECT_EQ(state("msg_1"), "delivered");
  EXPECT_EQ(state("msg_3"), "waiting") << "it waits for its turn, or runs";
  while (state("msg_2") == "waiting" && state("msg_3") == "waiting") runtime_.advance(seconds(1));
  EXPECT_EQ(state("msg_2"), GetParam() ? "delivered" : "waiting");
  runtime_.advance(seconds(60));
  EXPECT_EQ(state("msg_3"), GetParam() ? "rejected" : "delivered");
}

// The control, without marks: the expressions place it.
INSTANTIATE_TEST_SUITE_P(Of, AnOrder, ::testing::Bool(),
                         [](const auto& each) { return each.param ? "ASuspect" : "AnyEvent"; });
INSTANTIATE_TEST_SUITE_P(Of, APriority, ::testing::Bool(),
                         [](const auto& each) { return each.param ? "ASuspect" : "AnyEvent"; });

}  // namespace
}  // namespace tenon::pipeline
