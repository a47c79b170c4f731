#include <gtest/gtest.h>
#include <tenon/json.hpp>
#include <tenon/testing_json.hpp>

#include <string>

namespace {

using tenon::slice;

TEST(Slice, FindsTextsAsTheyAreWritten) {
  const std::string text = R"( {"a": [1.00, {"b\"c": "x\\\"y", "d/e": -0, "~": [] }], "": 7, "é": true} )";
  EXPECT_EQ(slice(text, ""), text.substr(1, text.size() - 2));
  EXPECT_EQ(slice(text, "/a/0"), "1.00");
  EXPECT_EQ(slice(text, "/a/1/b\"c"), R"("x\\\"y")");
  EXPECT_EQ(slice(text, "/a/1/d~1e"), "-0");
  EXPECT_EQ(slice(text, "/a/1/~0"), "[]");
  EXPECT_EQ(slice(text, "/"), "7");
  EXPECT_EQ(slice(text, "/é"), "true");
  EXPECT_EQ(slice(R"({"\u00e9\ud83d\ude00":1})", "/é😀"), "1");
}

TEST(Slice, WhatIsNotThereIsEmpty) {
  const std::string text = R"({"a":[1,2],"b":{"c":3}})";
  for (const char* pointer :
       {"/x", "/a/2", "/a/-", "/a/01", "/a/x", "/a/", "/b/c/d", "a", "/a/99999999999999999999"})
    EXPECT_EQ(slice(text, pointer), "") << pointer;
}

TEST(Slice, BrokenTextsEndEarly) {
  for (const char* text : {"", " ", "{", "[", "{\"a\"", "{\"a\":", "{\"a\":1", "[1,", "\"abc", "\"abc\\", "}",
                           "]", ",", ":", "{a:1}"})
    for (const char* pointer : {"", "/a", "/0", "/1"}) (void)slice(text, pointer);  // under ASan
  EXPECT_EQ(slice(std::string(1'000'000, '['), "/0"), "");
}

TEST(Unquoted, Escapes) {
  EXPECT_EQ(tenon::sdk::unquoted(R"("a\n\t\"\\\/\u0041\u00e9\ud83d\ude00")"), "a\n\t\"\\/Aé😀");
  EXPECT_EQ(tenon::sdk::unquoted(R"("\u0000")"), std::string(1, '\0'));
  for (const char* odd : {"\"\\\"", "\"\\u12\"", "\"\\ud83d\"", "\"\\ud83d\\u0041\"", "\"", ""})
    (void)tenon::sdk::unquoted(odd);
}

TEST(Json, DeepTextsAreRefusedNotWalked) {
  tenon::json out;
  EXPECT_FALSE(tenon::try_parse(out, std::string(1'000'000, '[')));
  EXPECT_FALSE(tenon::try_parse(out, std::string(201, '[') + std::string(201, ']')));
  EXPECT_TRUE(tenon::try_parse(out, std::string(200, '[') + std::string(200, ']')));
  EXPECT_TRUE(tenon::try_parse(out, "\"" + std::string(1000, '[') + "\""));
  EXPECT_FALSE(tenon::try_parse(out, std::string_view("{}\0", 3)));
  EXPECT_FALSE(tenon::try_parse(out, ""));
}

TEST(Json, ErrorsDoNotQuoteTheText) {
  try {
    (void)tenon::json(tenon::document("{\"token\": secret"));
    FAIL();
  } catch (const std::exception& e) {
    EXPECT_EQ(std::string(e.what()).find("secret"), std::string::npos);
  }
}

TEST(Json, AnswersWithoutABody) {
  tenon::response empty;
  empty.status = 204;
  EXPECT_TRUE(tenon::json(empty).is_null());
  EXPECT_THROW(tenon::rows_in(empty, "data"), tenon::unreadable);
  EXPECT_EQ(tenon::delivered_with_id(empty).cause, tenon::cause::ambiguous);
  empty.body = R"({"id": 5})";
  EXPECT_EQ(tenon::delivered_with_id(empty).id, "5");
}

TEST(BodyCheck, IsAsStrictAsTheHost) {
  using tenon::testing::body_check;
  for (const char* good : {"{}", "[]", "null", " 1 ", R"({"a":{"a":1}})"})
    EXPECT_TRUE(body_check::passes(good)) << good;
  for (const char* bad : {"", "{}x", R"({"a":1,"a":2})", R"({"a":1,"\u0061":2})", "\xEF\xBB\xBF{}", "'a'",
                          "NaN", "[1,]", "\"\xC0\xAF\"", "\"\\ud800\"", "/**/1", "1e999999"})
    EXPECT_FALSE(body_check::passes(bad)) << bad;
  EXPECT_FALSE(body_check::passes(std::string(65, '1')));
  EXPECT_TRUE(body_check::passes(std::string(64, '[') + std::string(64, ']')));
  EXPECT_FALSE(body_check::passes(std::string(65, '[') + std::string(65, ']')));
  EXPECT_FALSE(body_check::passes(std::string(100'000, '[')));
}

}  // namespace
