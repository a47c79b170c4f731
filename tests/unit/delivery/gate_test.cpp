#include "delivery/gate.hpp"

#include <gtest/gtest.h>

#include "runtime/virtual.hpp"

namespace tenon::delivery {
namespace {

using std::chrono::seconds;

TEST(BudgetGate, TheSmallestBucketServesWhatIsNotLiveToo) {
  runtime::VirtualRuntime runtime;
  runtime.network().on_request(
      [](const runtime::HttpRequest&) { return runtime::ScriptedAnswer(200, "{}"); });
  BudgetGate gate(runtime, nullptr);
  plugin::Budget one;
  one.limit = 1;
  one.window_ms = 1000;
  gate.add_account("desk", one);
  plugin::ConnectionSpec connection;
  connection.account = "desk";
  int answered = 0;
  for (const EventClass event_class : {EventClass::retry, EventClass::replay, EventClass::reconcile}) {
    runtime::HttpRequest request;
    request.method = "GET";
    request.url = "https://desk.test/";
    gate.send(connection, event_class, std::move(request), [&](const runtime::HttpResult&) { ++answered; });
  }
  runtime.advance(seconds(4));
  EXPECT_EQ(answered, 3);
}

}  // namespace
}  // namespace tenon::delivery
