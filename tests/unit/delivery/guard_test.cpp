#include "delivery/guard.hpp"

#include <gtest/gtest.h>

namespace tenon::delivery {
namespace {

journal::Applied with(std::optional<std::string> version, journal::Seq seq) {
  journal::Applied applied;
  applied.version = std::move(version);
  applied.seq = seq;
  return applied;
}

/// Whether what comes with `wanted` is held back behind the deletion.
bool held(const journal::Applied& deletion, const journal::Applied& wanted, bool fetched = false) {
  config::Pipeline pipeline;
  if (fetched) pipeline.fetches.emplace_back();
  return deleted_since(deletion, wanted, pipeline).has_value();
}

TEST(Guard, WithoutVersionsTheNumberTellsWhatWasBeforeADeletion) {
  EXPECT_TRUE(held(with({}, 5), with({}, 4)));
  EXPECT_FALSE(held(with({}, 5), with({}, 5))) << "the deletion itself";
  EXPECT_FALSE(held(with({}, 5), with({}, 6)));
  EXPECT_TRUE(held(with("3", 5), with({}, 4)));
  EXPECT_TRUE(held(with("3", 5), with("an unknown form", 4)));
  EXPECT_TRUE(held(with("3", 5), with("3", 4)));
}

TEST(Guard, VersionsTellItWhateverTheNumbersAre) {
  EXPECT_TRUE(held(with("3", 5), with("2", 9)));
  EXPECT_FALSE(held(with("3", 5), with("4", 2)));
}

TEST(Guard, WhatWasFetchedIsThereAgain) {
  EXPECT_FALSE(held(with({}, 5), with({}, 4), true));
  EXPECT_FALSE(held(with("3", 5), with("4", 4), true));
  EXPECT_TRUE(held(with("3", 5), with("2", 9), true));
}

}  // namespace
}  // namespace tenon::delivery
