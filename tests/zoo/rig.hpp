// A host on virtual time around one connector, for tests of the border.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "observe/metrics.hpp"
#include "plugin/instance.hpp"
#include "runtime/virtual.hpp"

namespace tenon::zoo {

/// Lets every request through to the network.
class OpenGate final : public plugin::Gate {
 public:
  explicit OpenGate(runtime::Runtime& runtime) : runtime_(runtime) {}
  Handle send(const plugin::ConnectionSpec&, plugin::Rank, runtime::HttpRequest request,
              Function<void(runtime::HttpResult)> done) override {
    return runtime_.http().start(std::move(request), std::move(done));
  }
  void cancel(Handle handle) override { runtime_.http().cancel(handle); }

 private:
  runtime::Runtime& runtime_;
};

/// What calls came to, by the order in which they ended.
class Rig {
 public:
  explicit Rig(const std::string& directory) {
    auto opened = plugin::open_registry(directory);
    EXPECT_TRUE(opened.has_value()) << opened.error().text();
    if (opened) registry = std::move(*opened);
    options.conversation = &conversation;
    options.deadline = std::chrono::seconds(120);
  }

  Result<std::unique_ptr<plugin::Instance>> make(const std::string& connector,
                                                 const std::string& settings = "{}") {
    plugin::ConnectionSpec spec;
    spec.name = "desk";
    spec.connector = connector;
    spec.settings = settings;
    spec.secrets["token"] = Secret("zoo-secret-token");
    spec.account = "zoo";
    spec.hosts = {"zoo.test"};
    return registry->make_instance(spec, {&runtime, &runtime.delivery(), &gate});
  }

  plugin::CallDone keep() {
    return [this](plugin::CallResult result) {
      ++ended;
      last = std::move(result);
    };
  }
  /// "found", "retry/plugin", … of the one call that ended since, or "nothing ended".
  std::string outcome() {
    runtime.run_until_idle();
    if (ended != 1) return std::to_string(std::exchange(ended, 0)) + " ended";
    ended = 0;
    return summary(last);
  }
  static std::string summary(const plugin::CallResult& result) {
    static constexpr const char* kVerdicts[] = {"delivered", "retry", "rejected",
                                                "found",     "gone",  "cancelled"};
    std::string out = kVerdicts[static_cast<int>(result.verdict)];
    if (result.verdict == plugin::CallResult::Verdict::retry ||
        result.verdict == plugin::CallResult::Verdict::rejected)
      out += "/" + std::string(name_of(result.cause));
    return out;
  }

  std::string find(plugin::Instance& instance, std::string record) {
    instance.find("upsert_thing", std::move(record), options, keep());
    return outcome();
  }
  std::string create(plugin::Instance& instance, std::string record) {
    instance.create("upsert_thing", std::move(record), "create-1", options, keep());
    return outcome();
  }
  std::string deliver(plugin::Instance& instance, std::string record) {
    instance.deliver("post_note", std::move(record), "call-1", options, keep());
    return outcome();
  }
  std::string fetch(plugin::Instance& instance) {
    instance.fetch("thing", "{}", options, keep());
    return outcome();
  }
  /// The whole way of a good connector: what a host that lives on can do.
  void expect_good() {
    runtime.network().on_request([](const runtime::HttpRequest& request) {
      return runtime::ScriptedAnswer(200, request.method == "GET" ? R"({"a":1})" : "17");
    });
    auto made = make("good");
    ASSERT_TRUE(made.has_value()) << made.error().text();
    EXPECT_EQ(fetch(**made), "found");
    EXPECT_EQ(last.data, R"({"a":1})");
    EXPECT_EQ(find(**made, "{}"), "found");
    EXPECT_EQ(create(**made, "{}"), "delivered");
    EXPECT_EQ(last.id, "17");
    const auto events = (*made)->accept(R"({"key": "k"})", {}, 1, {});
    ASSERT_TRUE(events.has_value()) << events.error().text();
    EXPECT_EQ(events->size(), 1u);
    EXPECT_EQ((*made)->open_calls(), 0u);
  }

  static std::uint64_t counted(const std::string& name, const std::string& label) {
    return metrics::counter(name, label).value();
  }

  runtime::VirtualRuntime runtime;
  OpenGate gate{runtime};
  std::unique_ptr<plugin::Registry> registry;
  observe::Conversation conversation;
  plugin::CallOptions options;
  plugin::CallResult last;
  int ended = 0;
};

}  // namespace tenon::zoo
