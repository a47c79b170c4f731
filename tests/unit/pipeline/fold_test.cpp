// A burst of equal thin events for one customer: one read and one write stand for all that waited.
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "virtual_host.hpp"

namespace tenon::pipeline {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

class Fold : public VirtualHost {
 protected:
  void SetUp() override {
    VirtualHost::SetUp();
    remotes_.shop["7"] = {"ann@example.com", "Ann", "Lee", "2024-05-14T09:34:00Z"};
    remotes_.shop_delay = seconds(2);
  }
  int reads() const { return remotes_.count("GET /stores/abc123/v3/customers"); }
  /// The shared pipeline with another text in one place, and something behind it.
  static std::string definition(const std::string& from = "", const std::string& to = "",
                                const std::string& more = "") {
    std::string text = kPipeline;
    if (!from.empty()) text.replace(text.find(from), from.size(), to);
    return text + more;
  }
  static std::string named(const std::string& name) {
    return definition("${{ $trim(customer.first_name & ' ' & customer.last_name) }}", name);
  }
  void updated(const std::string& id, const std::string& customer = "7") {
    ASSERT_EQ(send(id, customer), 200);
  }
  void created(const std::string& id, const std::string& customer = "7") {
    ASSERT_EQ(send(id, customer, kCreated), 200);
  }
  /// One runs, and behind it wait four that were received at other times.
  void burst_over_time() {
    updated("a");
    for (const char* id : {"c", "d", "e", "f"}) {
      runtime_.advance(std::chrono::milliseconds(10));
      updated(id);
    }
    runtime_.advance(seconds(60));
  }
  /// One runs, and behind it wait an update, a creation, an update and a creation.
  void burst() {
    for (const char* id : {"a", "c", "e"}) {
      updated(id);
      runtime_.advance(std::chrono::milliseconds(10));
      if (id[0] != 'a') created(std::string(1, static_cast<char>(id[0] + 1)));
      runtime_.advance(std::chrono::milliseconds(10));
    }
    runtime_.advance(seconds(60));
  }
  /// Those of the burst that ran, in the order of their ends.
  std::string ran() {
    std::map<std::pair<std::int64_t, journal::Seq>, std::string> by_end;
    for (const char* id : {"a", "c", "d", "e", "f"}) {
      const auto detail = show(id);
      EXPECT_TRUE(detail.row.ended_ms) << id << " " << detail.row.state;
      if (detail.row.state != "superseded") by_end[{detail.row.ended_ms.value_or(0), detail.row.seq}] = id;
    }
    std::string out;
    for (const auto& [end, id] : by_end) out += id;
    return out;
  }
  static constexpr const char* kCreated = "store/customer/created";
};

TEST_F(Fold, ABurstIsOneReadAndOneWriteMore) {
  start();
  for (int i = 1; i <= 500; ++i) ASSERT_EQ(send("msg_" + std::to_string(i), "7"), 200);
  runtime_.advance(seconds(1));
  remotes_.shop["7"].last = "Newest";
  runtime_.advance(seconds(60));
  EXPECT_EQ(reads(), 2) << "the one that ran when the others came, and the newest of those";
  EXPECT_EQ(state("msg_1"), "delivered");
  for (int i = 2; i < 500; ++i) {
    const auto detail = show("msg_" + std::to_string(i));
    ASSERT_EQ(detail.row.state, "superseded") << i;
    ASSERT_THAT(detail.row.reason, HasSubstr("msg_500"));
  }
  const auto newest = show("msg_500");
  EXPECT_EQ(newest.row.state, "delivered");
  ASSERT_FALSE(newest.attempts.empty());
  EXPECT_EQ(newest.attempts.front().outcome, "folded");
  std::string all = "stands for 498: msg_2";
  for (int i = 3; i < 500; ++i) all += ", msg_" + std::to_string(i);
  EXPECT_EQ(newest.attempts.front().reason, all);
  ASSERT_EQ(remotes_.puts.size(), 1U);
  EXPECT_THAT(remotes_.puts.back().second, HasSubstr("Newest"));
}

TEST_F(Fold, TypesFoldWhereNothingReadsThem) {
  start();
  burst();
  EXPECT_EQ(ran(), "af");
  EXPECT_EQ(reads(), 2);
  EXPECT_THAT(show("f").attempts.front().reason, HasSubstr("stands for 3: c, d, e"));
  EXPECT_THAT(show("c").row.reason, HasSubstr("folded into f"));
}

TEST_F(Fold, EventsOfOtherObjectsDoNot) {
  remotes_.shop["8"] = {"bob@example.com", "Bob", "Ray", "2024-05-14T09:34:00Z"};
  start(definition("", "", "delivery: { order_by: \"${{ event.connection }}\" }\n"));
  updated("a");
  updated("b");
  updated("c", "8");
  updated("d");
  runtime_.advance(seconds(60));
  for (const char* id : {"a", "b", "c", "d"}) EXPECT_NE(state(id), "superseded") << id;
  EXPECT_EQ(reads(), 4);
}

// The shop's own file: all that waits while the desk hangs is one read and one write more.
TEST_F(Fold, TheShippedPipelineWritesABurstOnce) {
  std::ifstream file(TENON_SOURCE_DIR "/pipelines/bigcommerce-gorgias.yaml");
  std::stringstream text;
  text << file.rdbuf();
  const config::Environment env = {{"BIGCOMMERCE_STORE_HASH", "abc123"},
                                   {"BIGCOMMERCE_API_KEY", "token-1234"},
                                   {"BIGCOMMERCE_CLIENT_SECRET", kClientSecret},
                                   {"BIGCOMMERCE_WEBHOOK_SECRET", kHeaderSecret},
                                   {"GORGIAS_DOMAIN", "acme"},
                                   {"GORGIAS_EMAIL", "a@example.com"},
                                   {"GORGIAS_API_KEY", "key-1234"}};
  auto loaded = config::load_text("bigcommerce-gorgias.yaml", text.str(), env, *registry_);
  ASSERT_TRUE(loaded.ok()) << config::render_text(loaded.diagnostics, false);
  host_ = std::make_unique<Host>(runtime_, loaded.config, *registry_, *journal_, options_);
  host_->start([](Status status) { EXPECT_TRUE(status) << status.error().text(); });
  runtime_.run_until_idle();
  remotes_.shop_delay = {};
  remotes_.desk_delay = seconds(20);
  updated("first");
  runtime_.advance(seconds(1));
  const int writes_before = remotes_.count("POST /api/customers");
  ASSERT_EQ(reads(), 1);
  ASSERT_EQ(writes_before, 0) << "the desk hangs already at the search";
  created("msg_1");
  for (const char* id : {"msg_2", "msg_3", "msg_4"}) {
    remotes_.shop["7"].last = id;
    remotes_.shop["7"].modified = std::string("2024-05-14T09:35:0") + id[4] + "Z";
    updated(id);
    runtime_.advance(seconds(1));
  }
  runtime_.advance(seconds(600));
  EXPECT_EQ(state("first"), "delivered");
  EXPECT_EQ(reads(), 2);
  EXPECT_EQ(remotes_.count("POST /api/customers"), 1);
  ASSERT_EQ(remotes_.puts.size(), 1U);
  EXPECT_THAT(remotes_.puts.front().second, HasSubstr("msg_4"));
  const auto newest = show("msg_4");
  EXPECT_EQ(newest.row.state, "delivered");
  EXPECT_EQ(newest.attempts.front().reason, "stands for 3: msg_1, msg_2, msg_3");
  for (const char* id : {"msg_1", "msg_2", "msg_3"}) EXPECT_EQ(state(id), "superseded") << id;
}

// Each kind folds, and what ran last of each keeps its place.
TEST_F(Fold, WhereTheTypeIsReadOnlyThoseOfOneTypeFold) {
  start(named("${{ event.type }}"));
  burst();
  EXPECT_EQ(ran(), "aef");
  EXPECT_EQ(reads(), 3);
  EXPECT_THAT(show("c").row.reason, HasSubstr("folded into e"));
  EXPECT_THAT(show("d").row.reason, HasSubstr("folded into f"));
  EXPECT_THAT(remotes_.puts.back().second, HasSubstr(kCreated));
}

TEST_F(Fold, ItIsReadByALetToo) {
  const std::string let = "let: { kind: \"${{ event.type }}\" }\n";
  start(named("${{ $kind }}") + let);
  burst();
  EXPECT_EQ(ran(), "aef");
}

TEST_F(Fold, WhatOneActionNeedsOfAnotherIsNotMovedPastIt) {
  const std::string action = "action: { connection: desk, operation: upsert_customer }\n";
  const std::string mapping =
      "mapping:\n  external_id: bigcommerce_${{ customer.id }}\n"
      "  email: ${{ $lowercase(customer.email) }}\n"
      "  name: ${{ $trim(customer.first_name & ' ' & customer.last_name) }}\n";
  std::string text = definition(action, "");
  text.replace(text.find(mapping), mapping.size(),
               "actions:\n"
               "  one: { connection: desk, operation: upsert_customer, mapping: { external_id: \"a_${{ "
               "customer.id }}\", "
               "email: \"${{ customer.email }}\", name: \"${{ event.type }}\" } }\n"
               "  two: { connection: desk, operation: upsert_customer, needs: [one], "
               "when: \"${{ event.type = 'store/customer/created' }}\", "
               "mapping: { external_id: \"b_${{ customer.id }}\", name: x } }\n");
  start(text);
  burst();
  EXPECT_EQ(ran(), "acdef");
}

TEST_F(Fold, WithBlockKeyOnlyNeighboursFold) {
  start(named("${{ event.type }}") + "delivery: { on_exhausted: block_key }\n");
  burst();
  EXPECT_EQ(ran(), "acdef");
}

TEST_F(Fold, WhatIsReadOfAnIdIsOfOneEvent) {
  start(named("${{ event.id }}"));
  burst();
  EXPECT_EQ(ran(), "acdef");
}

TEST_F(Fold, AWholeEventThatIsReadIsOfOneEvent) {
  start(named("${{ $string(event) }}"));
  burst();
  EXPECT_EQ(ran(), "acdef");
}

TEST_F(Fold, ATimeInAFieldIsOfOneEvent) {
  start(named("seen ${{ event.received_at }}, ${{ $now() }}"));
  burst_over_time();
  EXPECT_EQ(ran(), "acdef");
}

TEST_F(Fold, ATimeThatDecidesIsOfOneEvent) {
  start(named("x") + "let: { at: \"${{ $now() }}\" }\n" +
        "delivery: { priority: \"${{ $at > '2000' ? 'high' : 'low' }}\" }\n");
  burst_over_time();
  EXPECT_EQ(ran(), "acdef");
}

// Two kinds that keep coming: whoever steps back behind the other does so once.
TEST_F(Fold, NobodyStarvesBehindABurstThatNeverEnds) {
  start(named("${{ event.type }}"));
  for (int i = 0; i < 200; ++i) {
    if (i % 2 == 0) updated("u" + std::to_string(i));
    if (i % 5 == 0) created("c" + std::to_string(i));
    runtime_.advance(std::chrono::milliseconds(300));
  }
  runtime_.advance(seconds(60));
  for (int i = 0; i < 200; ++i) {
    for (const std::string& id :
         {i % 2 == 0 ? "u" + std::to_string(i) : "", i % 5 == 0 ? "c" + std::to_string(i) : ""}) {
      if (id.empty()) continue;
      const auto row = show(id).row;
      ASSERT_TRUE(row.ended_ms) << id;
      EXPECT_LT(*row.ended_ms - row.event.received_ms, 12'000) << id;
    }
  }
}

TEST_F(Fold, WhatWaitsForAnotherTryIsNotFolded) {
  int failures = 1;
  remotes_.desk_fault = [&](const std::string&) -> runtime::ScriptedAnswer {
    if (failures-- > 0) return {503, "busy"};
    return {};
  };
  start();
  send("a", "7");
  runtime_.advance(std::chrono::milliseconds(2500));
  EXPECT_EQ(state("a"), "retrying");
  send("b", "7");
  send("c", "7");
  runtime_.advance(seconds(120));
  EXPECT_EQ(state("a"), "delivered");
  EXPECT_EQ(state("b"), "superseded");
  EXPECT_EQ(show("c").row.state, "skipped") << "unchanged since";
}

TEST_F(Fold, APauseInBetweenLosesNoneAndRunsNoneTwice) {
  start();
  for (int i = 1; i <= 20; ++i) send("msg_" + std::to_string(i), "7");
  const auto set = [&](journal::PipelineMode mode) {
    host_->set_mode("customers", mode, [](Result<journal::PipelineState> now) { EXPECT_TRUE(now); });
  };
  for (int i = 0; i < 3; ++i) {
    set(journal::PipelineMode::paused);
    runtime_.advance(std::chrono::milliseconds(1500));
    set(journal::PipelineMode::running);
    runtime_.advance(std::chrono::milliseconds(700));
    send("late_" + std::to_string(i), "7");
  }
  runtime_.advance(seconds(60));
  for (int i = 1; i <= 20; ++i) {
    const std::string now = state("msg_" + std::to_string(i));
    EXPECT_TRUE(now == "delivered" || now == "superseded" || now == "skipped") << i << " " << now;
  }
  EXPECT_LE(reads(), 6);
  EXPECT_EQ(remotes_.desk.size(), 1U);
}

TEST_F(Fold, AStopLeavesEachEndedOrWaiting) {
  start();
  for (int i = 1; i <= 20; ++i) send("msg_" + std::to_string(i), "7");
  runtime_.advance(std::chrono::milliseconds(2100));
  stop();
  for (int i = 1; i <= 20; ++i) {
    const std::string now = state("msg_" + std::to_string(i));
    EXPECT_TRUE(now == "delivered" || now == "superseded" || now == "waiting" || now == "skipped") << now;
    // Whoever was folded has somebody who stands for it.
    if (now == "superseded") {
      EXPECT_THAT(show("msg_" + std::to_string(i)).row.reason, HasSubstr("msg_20"));
      EXPECT_NE(state("msg_20"), "superseded");
    }
  }
  EXPECT_EQ(state("msg_1"), "delivered");
}

}  // namespace
}  // namespace tenon::pipeline
