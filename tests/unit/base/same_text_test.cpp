#include "base/same_text.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/json.hpp"
#include "base/value.hpp"

namespace tenon {
namespace {

TEST(SameText, SeesEachDifferenceOfEachSize) {
  constexpr std::size_t kMost = 40;
  for (std::size_t size = 0; size <= kMost; ++size) {
    const std::string text(size, 'x');
    const std::string same = text;
    EXPECT_TRUE(same_text(text, same));
    EXPECT_FALSE(same_text(text, text + 'x'));
    for (std::size_t at = 0; at < size; ++at) {
      std::string other = text;
      other[at] = 'y';
      EXPECT_FALSE(same_text(text, other)) << size << ' ' << at;
    }
  }
}

TEST(Value, WhatIsReadAsAnotherKindIsEmpty) {
  const auto parsed = parse_json(
      R"({"text":"a long enough one","number":12345678901234567890,"list":[1,2],"object":{"a":1}})");
  ASSERT_TRUE(parsed);
  for (const Member& member : parsed->root.members()) {
    EXPECT_EQ(member.value.items().empty(), member.name != "list");
    EXPECT_EQ(member.value.members().empty(), member.name != "object");
    EXPECT_EQ(member.value.as_string().empty(), member.name != "text");
  }
  EXPECT_TRUE(Value().items().empty());
}

TEST(Value, KindFlagsAndSizeDoNotTouchEachOther) {
  const std::string text(70'000, 'a');
  const Value plain = Value::string(text);
  const Value flagged = plain.with_flags(255);
  EXPECT_EQ(plain.flags(), 0);
  EXPECT_EQ(flagged.flags(), 255);
  EXPECT_EQ(flagged.with_flags(0).flags(), 0);
  for (const Value value : {plain, flagged, flagged.with_flags(1)}) {
    EXPECT_EQ(value.kind(), Kind::string);
    EXPECT_EQ(value.as_string(), text);
  }
  EXPECT_TRUE(Value::boolean(true).with_flags(3).as_boolean());
  EXPECT_FALSE(Value::boolean(false).as_boolean());
  EXPECT_EQ(Value::number(-2.5).with_flags(9).as_double(), -2.5);
  EXPECT_EQ(Value::number(-2.5).number_text(), "");
}

}  // namespace
}  // namespace tenon
