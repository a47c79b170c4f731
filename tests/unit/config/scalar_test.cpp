#include "config/scalar.hpp"

#include <gtest/gtest.h>

namespace tenon::config {
namespace {

Kind kind_of(std::string text, Node::Style style = Node::Style::plain) {
  Node node;
  node.kind = Node::Kind::text;
  node.style = style;
  node.text = std::move(text);
  return scalar_value(node).kind();
}

TEST(Scalar, OnlyJsonsOwnWordsAndNumbersAreTyped) {
  EXPECT_EQ(kind_of("true"), Kind::boolean);
  EXPECT_EQ(kind_of("null"), Kind::null);
  for (const char* number : {"0", "-1", "12", "1.50", "1e5", "-0.1E-7", "123456789012345678901234567890"}) {
    EXPECT_EQ(kind_of(number), Kind::number) << number;
  }
  for (const char* text :
       {"True", "TRUE", "yes", "NO", "on", "Null", "~",   "017",  "0x1f",       "0o17", "1_000",
        "+1",   ".5",   "1.",  "1e", "-",  "",     "1 2", ".inf", "2026-11-02", "12:30"}) {
    EXPECT_EQ(kind_of(text), Kind::string) << text;
  }
  EXPECT_EQ(kind_of("true", Node::Style::double_quoted), Kind::string);
  EXPECT_EQ(kind_of("12", Node::Style::single_quoted), Kind::string);
  EXPECT_EQ(kind_of("12", Node::Style::block), Kind::string);
}

TEST(Scalar, KeepsTheTextOfNumbers) {
  Node node;
  node.kind = Node::Kind::text;
  node.text = "69.80";
  EXPECT_EQ(scalar_value(node).number_text(), "69.80");
}

TEST(Scalar, WarnsOfWhatOthersWouldReadAsSomethingElse) {
  for (const char* text : {"True", "yes", "NO", "on", "Off", "y", "~", "Null", "017", "0x1F", "0o17", "0b1",
                           "1_000", "+1", ".5", "1.", ".inf", "-.NaN"}) {
    EXPECT_TRUE(looks_typed(text)) << text;
  }
  for (const char* text :
       {"true", "null", "12", "1e5", "1.2.3", "2026-11-02", "12:30", "north", "0xyz", "a1", "", "-", "."}) {
    EXPECT_FALSE(looks_typed(text)) << text;
  }
}

TEST(Scalar, Durations) {
  EXPECT_EQ(parse_duration("7s"), 7000);
  EXPECT_EQ(parse_duration("15m"), 900'000);
  EXPECT_EQ(parse_duration("72h"), 259'200'000);
  EXPECT_EQ(parse_duration("30d"), 2'592'000'000);
  EXPECT_EQ(parse_duration("250ms"), 250);
  EXPECT_EQ(parse_duration("0s"), 0);
  for (const char* text :
       {"", "7", "s", "7 s", "-7s", "7S", "1.5h", "7s8m", "999999999999d", "9999999999999999999s", "4000d"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

}  // namespace
}  // namespace tenon::config
