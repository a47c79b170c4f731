// --curl: what a pasted line looks like. tests/e2e/curl_test.py runs such lines in shells.
#include "app/curl_line.hpp"

#include <gtest/gtest.h>

#include "base/json.hpp"

namespace tenon::app {
namespace {

std::string line(const std::string& json) {
  const auto parsed = parse_json(json);
  EXPECT_TRUE(parsed);
  return curl_line(parsed->root);
}
std::string caveat(const std::string& body) {
  const auto parsed = parse_json("{\"request_body\":" + json_string(body) + "}");
  return curl_caveat(parsed->root);
}

TEST(CurlLine, IsOneForARead) {
  EXPECT_EQ(
      line(
          R"({"method":"GET","url":"https://a.example/x?id:in=1&b=[c]","request_headers":{"X-Auth-Token":"[redacted]"}})"),
      "curl --globoff --path-as-is -X 'GET' 'https://a.example/x?id:in=1&b=[c]' -H 'X-Auth-Token: "
      "[redacted]'");
  EXPECT_EQ(line(R"({"method":"HEAD","url":"http://a/"})"), "curl --globoff --path-as-is --head 'http://a/'");
  EXPECT_EQ(line(R"({"left_out":3})"), "");
}

TEST(CurlLine, SendsTheBodyAsItWas) {
  EXPECT_EQ(
      line(
          R"({"method":"POST","url":"http://a/","request_headers":{"Content-Type":"application/json","Content-Length":"9"},"request_body":"{\"a\":\"it's\"}"})"),
      R"(curl --globoff --path-as-is -X 'POST' 'http://a/' -H 'Content-Type: application/json' --data-raw '{"a":"it'\''s"}')");
  EXPECT_EQ(line(R"({"method":"POST","url":"http://a/","request_body":"x"})"),
            "curl --globoff --path-as-is -X 'POST' 'http://a/' -H 'Content-Type:' --data-raw 'x'")
      << "curl's own guess is taken away";
  EXPECT_EQ(line(R"({"method":"POST","url":"http://a/","request_headers":{"X":""}})"),
            "curl --globoff --path-as-is -X 'POST' 'http://a/' -H 'X;'");
}

TEST(CurlLine, HoldsNoControlCharacter) {
  const std::string body =
      line(R"({"method":"POST","url":"http://a/","request_body":"a\u0000\n\u001b[2J%d-!\\\u202e9"})");
  EXPECT_EQ(body,
            "printf 'a\\000\\012\\033[2J%%d\\055\\041\\134\\342\\200\\2569' | curl --globoff --path-as-is -X "
            "'POST' "
            "'http://a/' -H 'Content-Type:' --data-binary @-");
  EXPECT_EQ(shell_word("a\tb"), "\"$(printf 'a\\011b')\"");
  EXPECT_EQ(shell_word("$(id) `id` \"x\" !! \\"), "'$(id) `id` \"x\" !! \\'");
}

TEST(CurlLine, SaysWhereTheRecordIsNotTheWhole) {
  EXPECT_EQ(caveat("abc… (the whole has 5000 bytes)"), "the record holds the start of this body only");
  EXPECT_EQ(caveat("(12 bytes that are no UTF-8)"), "the record does not hold this body: it is no text");
  EXPECT_EQ(caveat("abc"), "");
}

}  // namespace
}  // namespace tenon::app
