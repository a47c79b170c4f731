// A pipeline whose sink is down, with a backlog beyond the memory, and another beside it; on virtual time.
#include <algorithm>
#include <map>
#include <random>

#include "virtual_host.hpp"

namespace tenon::pipeline {
namespace {

using std::chrono::minutes;

class SharedMemory : public VirtualHost {
 protected:
  static constexpr int kBacklog = 400;

  static std::string with(std::string text, const std::string& from, const std::string& to) {
    return text.replace(text.find(from), from.size(), to);
  }
  void SetUp() override {
    VirtualHost::SetUp();
    options_.delivery.memory_events = 200;
    for (int i = 1; i <= kBacklog + 20; ++i)
      remotes_.shop[std::to_string(i)] = {"u" + std::to_string(i) + "@example.com", "U", "X", ""};
    runtime_.network().on_request([this](const runtime::HttpRequest& request) -> runtime::ScriptedAnswer {
      if (down_ && request.url.find("dead.gorgias.com") != std::string::npos) return {503, "{}"};
      return remotes_.answer(request);
    });
  }
  void start_both() {
    const std::string to_dead =
        with(with(with(kPipeline, "store/customer/created, ", ""), "name: customers", "name: dead"),
             "desk: { connector: gorgias, domain: acme", "gone: { connector: gorgias, domain: dead");
    const std::string to_desk = with(kPipeline, ", store/customer/updated", "");
    start_all({with(to_dead, "connection: desk", "connection: gone"), to_desk});
  }
  bool down_ = true;
};

TEST_F(SharedMemory, ABacklogBehindADeadSinkHidesNoOtherPipeline) {
  start_both();
  for (int i = 1; i <= kBacklog; ++i) send("dead_" + std::to_string(i), std::to_string(i));
  runtime_.advance(minutes(1));
  for (int i = 1; i <= 20; ++i)
    send("live_" + std::to_string(i), std::to_string(kBacklog + i), "store/customer/created");
  runtime_.advance(minutes(1));
  for (int i = 1; i <= 20; ++i) EXPECT_EQ(state("live_" + std::to_string(i)), "delivered") << i;
  EXPECT_NE(state("dead_400"), "delivered");
  down_ = false;
  runtime_.advance(std::chrono::hours(2));
  for (int i = 1; i <= kBacklog; ++i) EXPECT_EQ(state("dead_" + std::to_string(i)), "delivered") << i;
  EXPECT_EQ(remotes_.desk.size(), kBacklog + 20U);
}

/// Their desk takes 300 of them later only; that is no outage, so nothing but their own time holds them back.
// The account serves two requests a second: a few hot keys have work for an hour.
TEST_F(SharedMemory, AFewHotKeysHideNoOther) {
  start();
  for (int i = 0; i < 800; ++i) {
    const char* const scope = i / 4 % 2 == 0 ? "store/customer/created" : "store/customer/updated";
    send("hot_" + std::to_string(i), std::to_string(1 + i % 4), scope);
    if (i % 40 == 0) runtime_.advance(std::chrono::milliseconds(50));
  }
  for (int i = 1; i <= 20; ++i) send("other_" + std::to_string(i), std::to_string(100 + i));
  runtime_.advance(minutes(2));
  EXPECT_NE(state("hot_790"), "delivered") << "there is work left";
  for (int i = 1; i <= 20; ++i) EXPECT_EQ(state("other_" + std::to_string(i)), "delivered") << i;
  runtime_.advance(std::chrono::hours(2));
  for (int i = 0; i < 800; ++i) {
    const std::string is = state("hot_" + std::to_string(i));
    EXPECT_TRUE(is == "delivered" || is == "skipped" || is == "superseded") << i << ": " << is;
  }
}

TEST_F(SharedMemory, KeysThatRestHideNoFreeKeyOfTheirPipeline) {
  bool later = true;
  runtime_.network().on_request([&](const runtime::HttpRequest& request) -> runtime::ScriptedAnswer {
    if (later && request.method == "POST" && request.url.find("gorgias.com") != std::string::npos) {
      const auto body = parse_json(request.body);
      const std::string id(body->root.get("external_id").as_string().substr(12));
      if (std::stoi(id) <= 300) return {422, "{}"};
    }
    return remotes_.answer(request);
  });
  start(std::string(kPipeline) + "classify: [{ status: 422, as: retry }]\n");
  for (int i = 1; i <= 300; ++i) send("resting_" + std::to_string(i), std::to_string(i));
  runtime_.advance(minutes(10));
  EXPECT_EQ(state("resting_300"), "retrying");
  for (int i = 301; i <= 320; ++i) send("free_" + std::to_string(i), std::to_string(i));
  // So many behind one key that they are parked as those of a long lane are.
  for (int i = 0; i < 100; ++i) {
    const char* const scope = i % 2 == 0 ? "store/customer/created" : "store/customer/updated";
    send("behind_" + std::to_string(i), "1", scope);
    send("beside_" + std::to_string(i), std::to_string(1 + i), scope);
  }
  // The account's budget is what they share with the retries.
  runtime_.advance(minutes(5));
  for (int i = 301; i <= 320; ++i) EXPECT_EQ(state("free_" + std::to_string(i)), "delivered") << i;
  EXPECT_EQ(state("behind_0"), "waiting");
  later = false;
  runtime_.advance(std::chrono::hours(3));
  for (int i = 1; i <= 300; ++i) EXPECT_EQ(state("resting_" + std::to_string(i)), "delivered") << i;
  const auto ended_ms = [&](const std::string& id) { return show(id).row.ended_ms.value_or(0); };
  EXPECT_GE(ended_ms("behind_0"), ended_ms("resting_1"));
  for (int i = 1; i < 100; ++i) {
    EXPECT_GE(ended_ms("behind_" + std::to_string(i)), ended_ms("behind_" + std::to_string(i - 1))) << i;
    EXPECT_GE(ended_ms("beside_" + std::to_string(i)), ended_ms("resting_" + std::to_string(1 + i))) << i;
  }
}

class WrittenOrder : public SharedMemory {
 protected:
  static constexpr int kEvents = 600;
  std::minstd_rand chance_;
  /// After each task that ran.
  std::function<void()> meanwhile_ = [] {};

  void send_one(unsigned long key) {
    const auto answered = [this](const ingress::Answer& answer) { taken_ += answer.status == 200 ? 1 : 0; };
    post(std::to_string(++sent_), std::to_string(key), "store/customer/updated", "store", answered);
  }
  void pass(runtime::Duration time) {
    const runtime::Duration until = runtime_.clock().steady() + time;
    const auto done = [this] {
      meanwhile_();
      return false;
    };
    runtime_.run_until(done, time);
    runtime_.let_go(runtime_.writer());
    if (runtime_.clock().steady() < until) runtime_.advance(until - runtime_.clock().steady());
  }
  std::map<std::string, std::vector<int>> written_of_each(const std::string& more = "");
  int sent_ = 0, taken_ = 0;
};

/// Some events of each key wait on disk, some in memory, some are on their way; two writes in three are
/// refused for now. Gives the numbers of the events of each customer, as they were written.
std::map<std::string, std::vector<int>> WrittenOrder::written_of_each(const std::string& more) {
  options_.delivery.memory_events = 0;  // the least there is
  std::map<std::string, std::vector<int>> written;
  bool refuses = true;
  runtime_.network().on_request([&](const runtime::HttpRequest& request) -> runtime::ScriptedAnswer {
    const bool writes = (request.method == "POST" || request.method == "PUT") &&
                        request.url.find("gorgias.com") != std::string::npos;
    if (!writes) return remotes_.answer(request);
    if (refuses && chance_() % 3 != 0) return {422, "{}"};
    const bool creates = request.method == "POST";
    auto answer = remotes_.answer(request);
    const std::string id =
        creates ? std::to_string(remotes_.desk.size()) : request.url.substr(request.url.rfind('/') + 1);
    written[id].push_back(std::stoi(std::string(parse_json(request.body)->root.get("name").as_string())));
    return answer;
  });
  start(with(kPipeline, "$trim(customer.first_name & ' ' & customer.last_name)", "event.id") +
        "classify: [{ status: 422, as: retry }]\n" + more);
  while (sent_ < kEvents) {
    // Two hot keys, and many others.
    const bool hot = chance_() % 3 == 0;
    send_one(hot ? 1 + chance_() % 2 : 3 + chance_() % 60);
    if (chance_() % 4 == 0) pass(std::chrono::milliseconds(chance_() % 3000));
  }
  pass(std::chrono::hours(1));
  refuses = false;
  pass(std::chrono::hours(6));
  std::size_t total = 0;
  for (const auto& [key, numbers] : written) total += numbers.size();
  EXPECT_EQ(taken_, sent_);
  EXPECT_EQ(total, static_cast<std::size_t>(sent_));
  return written;
}

/// The control: what looks for it sees it.
TEST_F(WrittenOrder, IsNotKeptWhereEachEventHasALaneOfItsOwn) {
  const auto written = written_of_each("delivery: { order_by: \"${{ event.id }}\" }\n");
  EXPECT_TRUE(std::any_of(written.begin(), written.end(), [](const auto& each) {
    return !std::is_sorted(each.second.begin(), each.second.end());
  }));
}

class KeyOrder : public WrittenOrder, public ::testing::WithParamInterface<unsigned> {
 protected:
  KeyOrder() { chance_.seed(GetParam()); }
  void keeps_order() {
    for (const auto& [key, numbers] : written_of_each()) {
      EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()))
          << key << ": " << ::testing::PrintToString(numbers);
    }
  }
};

TEST_P(KeyOrder, IsKeptWhereverTheEventsWait) { keeps_order(); }

/// So what is read from disk comes later than what was asked for after it, and a time that had come has not
/// come any more.
TEST_P(KeyOrder, IsKeptWhenTheDiskIsSlowAndTheWallClockIsSetBack) {
  bool is_back = false;
  meanwhile_ = [&] {
    if (chance_() % 8 == 0) runtime_.hold(runtime_.writer());
    if (chance_() % 32 == 0) runtime_.let_go(runtime_.writer());
    if (sent_ < kEvents && chance_() % 16 == 0) send_one(3 + chance_() % 60);
    if (chance_() % 8 != 0) return;
    runtime_.jump_wall(std::chrono::seconds(is_back ? 20 : -20));
    is_back = !is_back;
  };
  keeps_order();
}

INSTANTIATE_TEST_SUITE_P(Seeds, KeyOrder, ::testing::Range(1U, 13U));

TEST_F(SharedMemory, APileOfRetriesHidesNoLiveEvent) {
  constexpr int kDead = kBacklog;
  bool refuse = true;
  runtime_.network().on_request([&](const runtime::HttpRequest& request) -> runtime::ScriptedAnswer {
    if (refuse && request.url.find("gorgias.com") != std::string::npos) return {422, "{}"};
    return remotes_.answer(request);
  });
  start();
  std::vector<journal::Seq> dead;
  for (int i = 1; i <= kDead; ++i) send("dead_" + std::to_string(i), std::to_string(i));
  runtime_.advance(minutes(30));
  for (int i = 1; i <= kDead; ++i) dead.push_back(show("dead_" + std::to_string(i)).row.seq);
  EXPECT_EQ(state("dead_400"), "rejected");
  refuse = false;
  journal_->requeue(dead, {&runtime_.delivery(), [](Result<journal::Requeued>) {}});
  runtime_.advance(std::chrono::seconds(10));
  for (int i = 1; i <= 20; ++i) send("live_" + std::to_string(i), std::to_string(kDead + i));
  runtime_.advance(minutes(3));
  int waiting = 0;
  for (int i = 1; i <= kDead; ++i) waiting += state("dead_" + std::to_string(i)) == "waiting" ? 1 : 0;
  EXPECT_GT(waiting, kDead / 2) << "the pile is still there";
  for (int i = 1; i <= 20; ++i) EXPECT_EQ(state("live_" + std::to_string(i)), "delivered") << i;
  runtime_.advance(std::chrono::hours(1));
  for (int i = 1; i <= kDead; ++i) EXPECT_EQ(state("dead_" + std::to_string(i)), "delivered") << i;
}

}  // namespace
}  // namespace tenon::pipeline
