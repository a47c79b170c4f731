// A pipeline whose sink is down, with a backlog beyond the memory, and another beside it; on virtual time.
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

}  // namespace
}  // namespace tenon::pipeline
