// Pipelines swapped while events are under way, on virtual time.
#include "virtual_host.hpp"

namespace tenon::pipeline {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class Reload : public VirtualHost {
 protected:
  void SetUp() override {
    VirtualHost::SetUp();
    for (const char* id : {"32", "33"})
      remotes_.shop[id] = {std::string(id) + "@example.com", "Ann", "Lee", ""};
  }

  static std::string with(std::string text, const std::string& from, const std::string& to) {
    return text.replace(text.find(from), from.size(), to);
  }

  Result<Host::Changes> apply(const std::string& pipeline, bool plan = false) {
    const config::Environment env = {
        {"TOKEN", "token-1234"}, {"SECRET", kClientSecret}, {"HEADER", kHeaderSecret}, {"KEY", "key-1234"}};
    auto loaded = config::load_text("test.yaml", pipeline, env, *registry_);
    EXPECT_TRUE(loaded.ok()) << config::render_text(loaded.diagnostics, false);
    std::optional<Result<Host::Changes>> changes;
    host_->apply(std::move(loaded.config), plan,
                 [&](Result<Host::Changes> got) { changes = std::move(got); });
    while (!changes && runtime_.step()) {
    }
    return std::move(*changes);
  }

  std::string version_of_attempt(const std::string& id) { return show(id).attempts.at(0).version; }

  const std::string upper_ = with(kPipeline, "$lowercase", "$uppercase");
};

TEST_F(Reload, WhatIsUnderWayEndsUnderTheVersionThatItBeganWith) {
  remotes_.shop_delay = seconds(2);
  start();
  send("msg_1", "32");
  runtime_.advance(seconds(1));
  const auto changes = apply(upper_);
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->size(), 1U);
  const Host::Change& change = changes->front();
  EXPECT_EQ(change.kind, Host::Change::Kind::changed);
  EXPECT_EQ(change.running, 1U);
  send("msg_2", "33");
  runtime_.advance(minutes(1));
  EXPECT_EQ(version_of_attempt("msg_1"), change.was);
  EXPECT_EQ(version_of_attempt("msg_2"), change.version);
  ASSERT_EQ(remotes_.desk.size(), 2U);
  EXPECT_NE(remotes_.desk["1"].find("32@example.com"), std::string::npos);
  EXPECT_NE(remotes_.desk["2"].find("33@EXAMPLE.COM"), std::string::npos);
}

TEST_F(Reload, BlockingIsSwitchedOnAndOff) {
  const std::string blocking = std::string(kPipeline) + "delivery: { on_exhausted: block_key }\n";
  start();
  remotes_.desk_fault = [](const std::string&) -> runtime::ScriptedAnswer { return {422, "{}"}; };
  send("msg_1", "32");
  runtime_.advance(minutes(1));
  EXPECT_EQ(state("msg_1"), "rejected");
  remotes_.desk_fault = nullptr;
  ASSERT_TRUE(apply(blocking));
  runtime_.advance(minutes(1));
  send("msg_2", "32");
  send("msg_3", "33");
  runtime_.advance(minutes(1));
  EXPECT_EQ(state("msg_2"), "waiting");
  EXPECT_EQ(state("msg_3"), "delivered");
  ASSERT_TRUE(apply(kPipeline));
  runtime_.advance(minutes(1));
  EXPECT_EQ(state("msg_2"), "delivered");
}

TEST_F(Reload, AnotherOrderKeepsOneAtATimeAndTheReceiveOrder) {
  remotes_.shop_delay = seconds(2);
  start(kPipeline + never_folds());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(send("msg_" + std::to_string(i), "32"), 200);
  runtime_.advance(seconds(1));
  const auto changes = apply(kPipeline + never_folds("order_by: \"${{ event.key & 'x' }}\""));
  ASSERT_TRUE(changes);
  EXPECT_TRUE(changes->front().regroups);
  runtime_.advance(std::chrono::milliseconds(500));
  EXPECT_EQ(remotes_.count("GET /stores/abc123/v3/customers"), 1) << "nothing runs beside the first";
  EXPECT_EQ(send("msg_5", "32"), 200);
  runtime_.advance(minutes(1));
  std::int64_t before = 0;
  for (int i = 0; i < 6; ++i) {
    const auto detail = show("msg_" + std::to_string(i));
    EXPECT_TRUE(detail.row.state == "delivered" || detail.row.state == "skipped") << detail.row.state;
    EXPECT_GT(*detail.row.ended_ms, before);
    before = *detail.row.ended_ms;
    EXPECT_EQ(detail.attempts.size(), 1U) << i;
    EXPECT_EQ(detail.attempts[0].version, i == 0 ? changes->front().was : changes->front().version) << i;
  }
  EXPECT_EQ(remotes_.count("GET /stores/abc123/v3/customers"), 6);
}

TEST_F(Reload, WhatWaitsForARemovedPipelineIsKeptUntilItComesBack) {
  start();
  remotes_.desk_fault = [](const std::string&) -> runtime::ScriptedAnswer { return {503, "", {}}; };
  send("msg_1", "32");
  send("msg_2", "33");
  runtime_.run_until_idle();
  const std::string other =
      with(with(kPipeline, "name: customers", "name: other"), "store/customer/created, ", "");
  const auto removed = apply(other);
  ASSERT_TRUE(removed);
  EXPECT_EQ(removed->size(), 2U);
  remotes_.desk_fault = {};
  runtime_.advance(minutes(10));
  EXPECT_EQ(state("msg_1"), "retrying");
  EXPECT_EQ(remotes_.desk.size(), 0U);
  ASSERT_TRUE(apply(kPipeline));
  runtime_.advance(minutes(10));
  EXPECT_EQ(state("msg_1"), "delivered");
  EXPECT_EQ(state("msg_2"), "delivered");
  EXPECT_EQ(remotes_.count("POST /api/customers"), 2);
}

TEST_F(Reload, APausedPipelineStaysPaused) {
  start();
  bool paused = false;
  host_->set_mode("customers", journal::PipelineMode::paused, [&](const auto& now) { paused = bool(now); });
  runtime_.run_until_idle();
  ASSERT_TRUE(paused);
  send("msg_1", "32");
  ASSERT_TRUE(apply(upper_ + "delivery: { order_by: \"${{ event.key & 'x' }}\" }\n"));
  runtime_.advance(minutes(1));
  EXPECT_EQ(state("msg_1"), "waiting");
  host_->set_mode("customers", journal::PipelineMode::running, [](const auto&) {});
  runtime_.advance(minutes(1));
  EXPECT_EQ(state("msg_1"), "delivered");
}

TEST_F(Reload, APlanAndTheSameAgainChangeNothing) {
  start();
  const auto plan = apply(upper_, true);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->front().kind, Host::Change::Kind::changed);
  const auto same = apply(std::string("# a comment\n") + kPipeline);
  ASSERT_TRUE(same);
  EXPECT_EQ(same->front().kind, Host::Change::Kind::unchanged);
  send("msg_1", "32");
  runtime_.run_until_idle();
  EXPECT_EQ(version_of_attempt("msg_1"), same->front().version);
}

}  // namespace
}  // namespace tenon::pipeline
