#include <gtest/gtest.h>

#include "probe.hpp"

namespace {

using tenon::testing::fake_host;

TEST(Accept, EmitsInOrderWithEveryField) {
  fake_host host(probe::plugin(), "probe", "{}");
  const auto got = host.accept(
      R"({"events": [{"key": "k1", "time": 5, "n": 1.00}, {"key": "k\u0000\u00e92"}]})", {{"x-b", "header"}});
  ASSERT_TRUE(got.ok) << got.failure;
  ASSERT_EQ(got.events.size(), 2u);
  EXPECT_EQ(got.events[0].key, "k1");
  EXPECT_EQ(got.events[0].time_ms, 5);
  EXPECT_EQ(got.events[0].data, R"({"key":"k1","time":5,"n":1.00})");
  EXPECT_EQ(got.events[0].version + got.events[0].id, "vi");
  EXPECT_EQ(got.events[0].keys[1], (std::pair<std::string, std::string>("b", "header")));
  EXPECT_EQ(got.events[1].key, std::string("k\0é2", 5));
  EXPECT_EQ(got.events[1].time_ms, std::nullopt);
  EXPECT_EQ(host.report(), "");
}

TEST(Accept, FailuresKeepTheirWordsAndDropEvents) {
  fake_host host(probe::plugin(), "probe", "{}");
  EXPECT_EQ(host.accept(R"({"throw": "because"})").failure, "because");
  EXPECT_EQ(host.accept(R"({"throw_int": 1})").failure, "unknown exception");
  EXPECT_EQ(host.accept("{").failure, "the body is not JSON");
  const auto got = host.accept(R"({"events": [{"key": "k"}, {"key": ""}]})");
  EXPECT_FALSE(got.ok);
  EXPECT_TRUE(got.events.empty());
  EXPECT_EQ(host.report(), "");
}

/// Reads every kind of value at every kind of path.
class reader {
 public:
  explicit reader(const tenon::settings&) {}
  void accept(const tenon::event_view& view, tenon::emitter&) const {
    using tenon::json_type;
    EXPECT_EQ(view.type("/nothing"), json_type::missing);
    EXPECT_EQ(view.type("/null"), json_type::null);
    EXPECT_TRUE(view.has("/null"));
    EXPECT_EQ(view.type("/list"), json_type::array);
    EXPECT_EQ(view.size("/list"), 2u);
    EXPECT_EQ(view.size("/text"), 0u);
    EXPECT_EQ(view.boolean("/yes"), true);
    EXPECT_EQ(view.boolean("/text"), std::nullopt);
    EXPECT_EQ(view.string("/text"), "a\"é");
    EXPECT_EQ(view.string("/int"), std::nullopt);
    EXPECT_EQ(view.number("/float"), "1.50");
    EXPECT_EQ(view.integer("/float"), std::nullopt);
    EXPECT_EQ(view.integer("/int"), -7);
    EXPECT_EQ(view.integer("/huge"), std::nullopt);
    EXPECT_EQ(view.id("/int"), std::nullopt) << "no negative ids";
    EXPECT_EQ(view.id("/list/0"), "32");
    EXPECT_EQ(view.id("/list/1"), "x");
    EXPECT_EQ(view.id("/null"), std::nullopt);
    EXPECT_EQ(view.text("/list"), R"([32,"x"])");
    EXPECT_EQ(view.text("/nothing"), "");
    EXPECT_EQ(view.header("X-None"), std::nullopt);
    EXPECT_EQ(view.now_ms(), 99);
    EXPECT_TRUE(view.body().starts_with("{"));
  }
};

TEST(EventView, ReadsEveryKind) {
  const auto* plugin = tenon::sdk::plugin_table<tenon::connector<"reader", reader>>();
  fake_host host(plugin, "reader", "{}");
  host.set_now(99);
  const auto got = host.accept(
      R"({"null": null, "list": [32, "x"], "text": "a\"\u00e9", "yes": true, "float": 1.50, "int": -7,
      "huge": 99999999999999999999})");
  EXPECT_TRUE(got.ok) << got.failure;
  EXPECT_EQ(host.report(), "");
}

}  // namespace
