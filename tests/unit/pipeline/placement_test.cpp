// Which delivery executor gets which pipeline.
#include "pipeline/placement.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace tenon::pipeline {
namespace {

struct Asks {
  std::string pipeline;
  std::vector<std::string> accounts;
};

config::Config config_of(const std::vector<Asks>& all) {
  config::Config config;
  for (const Asks& each : all) {
    auto pipeline = std::make_shared<config::Pipeline>();
    pipeline->name = each.pipeline;
    for (const std::string& account : each.accounts) {
      config.connections[account].account = account;
      auto& action = pipeline->actions.emplace_back();
      action.name = account;
      action.connection = account;
    }
    config.pipelines.push_back(std::move(pipeline));
  }
  return config;
}

TEST(Placement, OneThreadHasAll) {
  const auto placed = Placement(1).with(config_of({{"a", {"x"}}, {"b", {"y"}}}));
  ASSERT_TRUE(placed);
  EXPECT_EQ(placed->of("a"), 0U);
  EXPECT_EQ(placed->of("b"), 0U);
}

TEST(Placement, ThoseThatShareNoAccountAreSpread) {
  const auto placed = Placement(2).with(config_of({{"a", {"x"}}, {"b", {"y"}}, {"c", {"z"}}, {"d", {"w"}}}));
  ASSERT_TRUE(placed);
  EXPECT_NE(placed->of("a"), placed->of("b"));
  EXPECT_NE(placed->of("c"), placed->of("d"));
}

TEST(Placement, ThoseThatShareAnAccountAreTogetherAlsoByOthersBetween) {
  // The last one binds what was apart before it.
  const auto placed =
      Placement(4).with(config_of({{"a", {"x"}}, {"b", {"y"}}, {"alone", {"w"}}, {"c", {"z", "x", "y"}}}));
  ASSERT_TRUE(placed);
  EXPECT_EQ(placed->of("a"), placed->of("b"));
  EXPECT_EQ(placed->of("a"), placed->of("c"));
  EXPECT_NE(placed->of("a"), placed->of("alone"));
  EXPECT_TRUE(placed->may_ask(placed->of("a"), "z"));
  EXPECT_FALSE(placed->may_ask(placed->of("alone"), "z"));
  EXPECT_TRUE(placed->may_ask(placed->of("alone"), "nobody's"));
}

TEST(Placement, AFetchingTriggersAccountBindsAndOneThatFetchesNothingDoesNot) {
  for (const bool fetches : {false, true}) {
    config::Config config = config_of({{"a", {"x"}}, {"b", {"y"}}});
    config.connections["shop"].account = "shop";
    config.pipelines.clear();
    for (const char* name : {"a", "b"}) {
      auto pipeline = std::make_shared<config::Pipeline>();
      pipeline->name = name;
      pipeline->trigger_connection = "shop";
      if (fetches) pipeline->fetches.emplace_back();
      pipeline->actions.emplace_back().connection = name == std::string("a") ? "x" : "y";
      config.pipelines.push_back(std::move(pipeline));
    }
    const auto placed = Placement(2).with(config);
    ASSERT_TRUE(placed);
    EXPECT_EQ(placed->of("a") == placed->of("b"), fetches);
  }
}

TEST(Placement, WhatWasPlacedStays) {
  const auto first = Placement(2).with(config_of({{"a", {"x"}}, {"b", {"y"}}}));
  ASSERT_TRUE(first);
  const std::size_t of_b = first->of("b");
  const auto gone = first->with(config_of({{"a", {"x"}}, {"c", {"w"}}, {"d", {"v"}}}));
  ASSERT_TRUE(gone);
  const auto back = gone->with(config_of({{"b", {"z"}}, {"e", {"z"}}}));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->of("b"), of_b);
  EXPECT_EQ(back->of("e"), of_b);
}

TEST(Placement, WhatWouldBelongToTwoNeedsARestart) {
  const auto first = Placement(2).with(config_of({{"a", {"x"}}, {"b", {"y"}}}));
  ASSERT_TRUE(first);
  const auto bound = first->with(config_of({{"a", {"x"}}, {"b", {"y"}}, {"c", {"x", "y"}}}));
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().code, "needs_restart");
  EXPECT_NE(bound.error().message.find("pipeline a and pipeline b"), std::string::npos)
      << bound.error().message;
  // An account that nobody asks any more has its budget where it was.
  const auto moved = first->with(config_of({{"a", {"y"}}}));
  ASSERT_FALSE(moved);
  EXPECT_NE(moved.error().message.find("pipeline a and account y"), std::string::npos)
      << moved.error().message;
  // The same from nothing, as after a restart.
  EXPECT_TRUE(Placement(2).with(config_of({{"a", {"x"}}, {"b", {"y"}}, {"c", {"x", "y"}}})));
}

}  // namespace
}  // namespace tenon::pipeline
