#include "journal/store.hpp"

#include <gtest/gtest.h>

namespace tenon::journal {
namespace {

TEST(Store, ASeqIsDecimalAndNothingElse) {
  EXPECT_EQ(seq_of("1"), 1U);
  EXPECT_EQ(seq_of("9223372036854775807"), 9223372036854775807U);
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "1x", "0x1", "9223372036854775808",
                           "18446744073709551616", "99999999999999999999999"}) {
    EXPECT_FALSE(seq_of(text)) << text;
  }
  EXPECT_FALSE(seq_of(std::string("1\0", 2)));
}

TEST(Store, StatesHaveNames) {
  EXPECT_EQ(state_name(std::nullopt, std::nullopt), "waiting");
  EXPECT_EQ(state_name(std::nullopt, 5), "retrying");
  EXPECT_EQ(state_name(End::superseded, std::nullopt), "superseded");
}

TEST(Store, OnlySomeErrorsUndoTheBatch) {
  EXPECT_TRUE(undoes_batch(Error("store_full", "")));
  EXPECT_TRUE(undoes_batch(Error("store_busy", "")));
  EXPECT_TRUE(undoes_batch(Error("store_failed", "")));
  EXPECT_FALSE(undoes_batch(Error("stale_epoch", "")));
  EXPECT_FALSE(undoes_batch(Error("not_open", "")));
}

RowView row(std::string_view pipeline, std::string_view key, std::optional<End> end,
            std::optional<std::int64_t> next_ms = std::nullopt) {
  RowView view;
  view.pipeline = pipeline;
  view.connection = "shop";
  view.key = key;
  view.received_ms = 1000;
  view.end = end;
  view.next_ms = next_ms;
  return view;
}

TEST(Store, QueriesMatchAllTheirParts) {
  Query query;
  EXPECT_TRUE(matches(query, row("p", "k", std::nullopt)));
  query.pipeline = "p";
  query.key = "k";
  query.state = "rejected";
  EXPECT_TRUE(matches(query, row("p", "k", End::rejected)));
  EXPECT_FALSE(matches(query, row("q", "k", End::rejected)));
  EXPECT_FALSE(matches(query, row("p", "l", End::rejected)));
  EXPECT_FALSE(matches(query, row("p", "k", End::exhausted)));
  query.state.clear();
  query.dead_only = true;
  EXPECT_TRUE(matches(query, row("p", "k", End::exhausted)));
  EXPECT_FALSE(matches(query, row("p", "k", End::skipped)));
  EXPECT_FALSE(matches(query, row("p", "k", std::nullopt, 5)));
  query.connection = "desk";
  EXPECT_FALSE(matches(query, row("p", "k", End::exhausted)));
}

}  // namespace
}  // namespace tenon::journal
