// A host of two delivery executors, on virtual time, in many interleavings.
#include "virtual_host.hpp"

namespace tenon::pipeline {
namespace {

using std::chrono::minutes;

constexpr const char* kSecond = R"(
tenon: 1
name: second
connections:
  store2: { connector: bigcommerce, store_hash: abc123, access_token: "${TOKEN}", client_secret: "${SECRET}", webhook_secret: "${HEADER}" }
  desk2: { connector: gorgias, domain: other, email: a@example.com, api_key: "${KEY}" }
trigger:
  connection: store2
  events: [store/customer/created, store/customer/updated]
mapping:
  external_id: second_${{ event.keys.customer }}
  email: second${{ event.keys.customer }}@example.com
action: { connection: desk2, operation: upsert_customer }
)";

// Sends what nobody at the sink can recognise.
constexpr const char* kCalls = R"(
tenon: 1
name: calls
connections:
  store2: { connector: bigcommerce, store_hash: abc123, access_token: "${TOKEN}", client_secret: "${SECRET}", webhook_secret: "${HEADER}" }
  desk2: { connector: gorgias, base_url: "https://records.example.com/v1", api_key: "${KEY}" }
trigger:
  connection: store2
  events: [store/customer/created, store/customer/updated]
mapping:
  id: record_${{ event.keys.customer }}
action: { connection: desk2, operation: post_record }
)";

// Asks both desks.
constexpr const char* kBoth = R"(
tenon: 1
name: both
connections:
  desk: { connector: gorgias, domain: acme, email: a@example.com, api_key: "${KEY}" }
  desk2: { connector: gorgias, domain: other, email: a@example.com, api_key: "${KEY}" }
  store3: { connector: bigcommerce, store_hash: abc123, access_token: "${TOKEN}", client_secret: "${SECRET}", webhook_secret: "${HEADER}" }
trigger:
  connection: store3
  events: [store/customer/created]
actions:
  one:
    connection: desk
    operation: upsert_customer
    mapping: { external_id: "both_${{ event.keys.customer }}", email: "both${{ event.keys.customer }}@example.com" }
  two:
    connection: desk2
    operation: upsert_customer
    mapping: { external_id: "both_${{ event.keys.customer }}", email: "both${{ event.keys.customer }}@example.com" }
)";

runtime::VirtualOptions two(std::uint64_t seed) {
  runtime::VirtualOptions options;
  options.seed = seed;
  options.shuffle = true;
  options.deliveries = 2;
  return options;
}

class Shards : public VirtualHost, public ::testing::WithParamInterface<std::uint64_t> {
 protected:
  Shards() : VirtualHost(two(GetParam())) {}

  Result<Host::Changes> apply(const std::vector<std::string>& pipelines) {
    std::optional<Result<Host::Changes>> changes;
    host_->apply(load_all(pipelines), false, [&](Result<Host::Changes> got) { changes = std::move(got); });
    while (!changes && runtime_.step()) {
    }
    return std::move(*changes);
  }

  void set_mode(const std::string& pipeline, journal::PipelineMode mode) {
    bool done = false;
    host_->set_mode(pipeline, mode, [&](Result<journal::PipelineState> now) { done = now.has_value(); });
    runtime_.run_until_idle();
    EXPECT_TRUE(done);
  }

  Host::View view() {
    std::optional<Host::View> got;
    host_->view([&](Host::View seen) { got = std::move(seen); });
    runtime_.run_until_idle();
    return std::move(*got);
  }

  int created(const std::string& email) const {
    int count = 0;
    for (const auto& [id, text] : remotes_.desk) count += text.find('"' + email + '"') != std::string::npos;
    return count;
  }
};

TEST_P(Shards, EachRunsItsOwnAndAllEndOnce) {
  for (int i = 1; i <= 20; ++i)
    remotes_.shop[std::to_string(i)] = {"a" + std::to_string(i) + "@example.com", "Ann", "Lee", ""};
  remotes_.desk_delay = std::chrono::milliseconds(30);
  start_all({kPipeline, kSecond});
  for (int i = 1; i <= 20; ++i) {
    const std::string customer = std::to_string(i);
    EXPECT_EQ(send("a" + customer, customer), 200);
    EXPECT_EQ(send("b" + customer, customer, "store/customer/created", "store2"), 200);
  }
  EXPECT_EQ(view().accounts.size(), 3U) << "of all shards";
  runtime_.advance(minutes(5));
  for (int i = 1; i <= 20; ++i) {
    const std::string customer = std::to_string(i);
    EXPECT_EQ(state("a" + customer), "delivered");
    EXPECT_EQ(state("b" + customer), "delivered");
    EXPECT_EQ(created("a" + customer + "@example.com"), 1);
    EXPECT_EQ(created("second" + customer + "@example.com"), 1);
  }
  EXPECT_EQ(remotes_.count("POST /api/customers"), 40);
}

TEST_P(Shards, PausesAndReloadsReachTheOneThatHasThePipeline) {
  remotes_.shop["1"] = {"a1@example.com", "Ann", "Lee", ""};
  start_all({kPipeline, kSecond});
  set_mode("second", journal::PipelineMode::paused);
  send("a1", "1");
  send("b1", "1", "store/customer/created", "store2");
  runtime_.advance(minutes(1));
  EXPECT_EQ(state("a1"), "delivered");
  EXPECT_EQ(state("b1"), "waiting");
  set_mode("second", journal::PipelineMode::running);
  runtime_.advance(minutes(1));
  EXPECT_EQ(state("b1"), "delivered");

  // One goes, what came for it keeps, and it comes back.
  const auto gone = apply({kPipeline});
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->size(), 2U);
  const auto back = apply({kPipeline, kSecond});
  ASSERT_TRUE(back) << back.error().text();
  send("b2", "2", "store/customer/created", "store2");
  runtime_.advance(minutes(1));
  EXPECT_EQ(state("b2"), "delivered");
  EXPECT_EQ(created("second2@example.com"), 1);
}

// Whatever the journal had on its way when it was made to hand out all again. A call is repeated where an
// event runs twice: nothing at the sink would tell.
TEST_P(Shards, AnotherOrderAtAnyMomentRunsEachEventOnce) {
  const std::string calls = kCalls;
  const std::string other = calls + "delivery: { order_by: \"${{ event.key & 'x' }}\" }\n";
  remotes_.desk_fault = [](const std::string&) -> runtime::ScriptedAnswer { return {200, "{}"}; };
  start_all({kPipeline, calls});
  int sent = 0;
  for (int steps = 0; steps < 60; ++steps) {
    std::optional<Result<Host::Changes>> changes;
    host_->apply(load_all({kPipeline, steps % 2 == 0 ? other : calls}), false,
                 [&](Result<Host::Changes> got) { changes = std::move(got); });
    for (int i = 0; i < 3; ++i) {
      ++sent;
      send("b" + std::to_string(sent), std::to_string(sent), "store/customer/created", "store2");
      for (int step = 0; step < steps % 13; ++step) runtime_.step();
    }
    runtime_.advance(minutes(1));
    ASSERT_TRUE(changes && *changes);
  }
  EXPECT_EQ(remotes_.log.size(), static_cast<std::size_t>(sent));
}

TEST_P(Shards, ThatWhichWouldBindTwoIsRefusedAndNothingChanges) {
  start_all({kPipeline, kSecond});
  const auto refused = apply({kPipeline, kSecond, kBoth});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "needs_restart");
  send("b1", "1", "store/customer/created", "store2");
  runtime_.advance(minutes(1));
  EXPECT_EQ(state("b1"), "delivered");
  EXPECT_EQ(view().pipelines.size(), 2U);
}

TEST_P(Shards, ThoseThatAreBoundFromTheStartShareOne) {
  start_all({kPipeline, kSecond, kBoth});
  send("c1", "1", "store/customer/created", "store3");
  runtime_.advance(minutes(1));
  EXPECT_EQ(state("c1"), "delivered");
}

class TwoShards : public VirtualHost {
 protected:
  TwoShards() : VirtualHost(two(1)) {}
};

TEST_F(TwoShards, ShareWhatTheHostMayHoldInMemory) {
  constexpr std::size_t kMost = 2000;
  constexpr std::size_t kTurn = 256;  // what one turn may take beyond it
  options_.delivery.memory_events = kMost;
  start_all({kPipeline, kSecond});
  remotes_.shop_delay = remotes_.desk_delay = std::chrono::seconds(50);
  for (int i = 0; i < 2000; ++i) {
    const std::string id = std::to_string(i);
    ASSERT_EQ(send("a" + id, id), 200);
    ASSERT_EQ(send("b" + id, id, "store/customer/created", "store2"), 200);
  }
  std::optional<Host::View> now;
  host_->view([&](Host::View got) { now = std::move(got); });
  while (!now && runtime_.step()) {
  }
  ASSERT_TRUE(now);
  EXPECT_LE(now->in_memory, kMost + 2 * kTurn);
  EXPECT_GE(now->in_memory, kMost / 2) << "the test would notice";
}

INSTANTIATE_TEST_SUITE_P(Seeds, Shards, ::testing::Range<std::uint64_t>(1, 21));

}  // namespace
}  // namespace tenon::pipeline
