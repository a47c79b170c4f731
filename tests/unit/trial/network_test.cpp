#include "trial/network.hpp"

#include <gtest/gtest.h>

#include "base/json.hpp"
#include "trial/difference.hpp"

namespace tenon::trial {
namespace {

TEST(Pattern, OneStarIsOneSegmentTwoAreAny) {
  EXPECT_TRUE(fits("GET /a/b", "GET", "/a/b"));
  EXPECT_FALSE(fits("GET /a/b", "PUT", "/a/b"));
  EXPECT_FALSE(fits("GET /a/b", "GET", "/a/b/"));
  EXPECT_TRUE(fits("PUT /a/*/data", "PUT", "/a/7/data"));
  EXPECT_FALSE(fits("PUT /a/*/data", "PUT", "/a/7/8/data"));
  EXPECT_FALSE(fits("PUT /a/*", "PUT", "/a"));
  EXPECT_TRUE(fits("GET /**/records", "GET", "/records"));
  EXPECT_TRUE(fits("GET /**/records", "GET", "/v1/x/records"));
  EXPECT_FALSE(fits("GET /**/records", "GET", "/v1/records/7"));
  EXPECT_TRUE(fits("GET /**", "GET", "/"));
  EXPECT_FALSE(fits("", "GET", "/"));
  EXPECT_FALSE(fits("GET", "GET", "/"));
}

TEST(PartAt, FollowsNamesAndIndices) {
  const auto value = parse_json(R"({"a":{"b":[{"c":1},2]}})");
  EXPECT_EQ(to_json(part_at(value->root, "a.b[0].c")), "1");
  EXPECT_EQ(to_json(part_at(value->root, "a.b[1]")), "2");
  for (const char* none : {"x", "a.b[2]", "a.b[0].d", "a[0]", "a.b[x]", "a.b[", "a.b[-1]", "a.b[0]c.d"})
    EXPECT_TRUE(part_at(value->root, none).is_missing()) << none;
}

}  // namespace
}  // namespace tenon::trial
