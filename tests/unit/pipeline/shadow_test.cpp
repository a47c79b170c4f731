// A pipeline in the shadow reads, maps and searches like a live one, and shows what it would send.
#include <gmock/gmock.h>

#include "observe/metrics.hpp"
#include "virtual_host.hpp"

namespace tenon::pipeline {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

class Shadow : public VirtualHost {
 protected:
  void SetUp() override {
    VirtualHost::SetUp();
    remotes_.shop["7"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
  }
  void start_shadow() { start(std::string(kPipeline) + "mode: shadow\n"); }
  int writes() const {
    return static_cast<int>(std::count_if(remotes_.log.begin(), remotes_.log.end(),
                                          [](const auto& line) { return !line.starts_with("GET "); }));
  }
};

TEST_F(Shadow, ShowsTheCreateAndSendsNothing) {
  start_shadow();
  send("a", "7");
  runtime_.advance(seconds(10));
  const auto detail = show("a");
  EXPECT_EQ(detail.row.state, "skipped");
  EXPECT_EQ(detail.row.reason, "shadow: would create");
  EXPECT_EQ(writes(), 0);
  EXPECT_GT(remotes_.count("GET /api/customers"), 0);
  const std::string& said = detail.attempts.back().conversation;
  EXPECT_THAT(said, HasSubstr("POST"));
  EXPECT_THAT(said, HasSubstr("ann@example.com"));
  EXPECT_THAT(said, Not(HasSubstr("key-1234")));
  // It leaves no trace that a live pipeline would trip over.
  stop();
  host_.reset();
  start();
  send("b", "7");
  runtime_.advance(seconds(10));
  EXPECT_EQ(state("b"), "delivered");
  EXPECT_EQ(remotes_.desk.size(), 1U);
}

TEST_F(Shadow, APluginIsNotToldOffForWhatWasWithheld) {
  const auto broken = [] {
    std::uint64_t all = 0;
    for (const auto& sample : metrics::snapshot()) {
      if (sample.name == "plugin_contract_broken") all += sample.value;
    }
    return all;
  };
  const auto before = broken();
  start_shadow();
  send("a", "7");
  runtime_.advance(seconds(10));
  EXPECT_EQ(show("a").row.reason, "shadow: would create");
  EXPECT_EQ(broken(), before);
}

TEST_F(Shadow, ShowsTheUpdateOfWhatIsThere) {
  remotes_.desk["1"] = R"({"id":1,"external_id":"bigcommerce_7","email":"ann@example.com","name":"Old"})";
  start_shadow();
  send("a", "7");
  runtime_.advance(seconds(10));
  EXPECT_EQ(show("a").row.reason, "shadow: would update 1");
  EXPECT_EQ(writes(), 0);
  EXPECT_THAT(show("a").attempts.back().conversation, HasSubstr("PUT"));
}

TEST_F(Shadow, WhatCannotBeReadIsTriedAgain) {
  remotes_.desk_fault = [](const std::string&) -> runtime::ScriptedAnswer { return {503, "busy"}; };
  start_shadow();
  send("a", "7");
  runtime_.advance(seconds(1));
  EXPECT_EQ(state("a"), "retrying");
  remotes_.desk_fault = nullptr;
  runtime_.advance(seconds(120));
  EXPECT_EQ(show("a").row.reason, "shadow: would create");
}

}  // namespace
}  // namespace tenon::pipeline
