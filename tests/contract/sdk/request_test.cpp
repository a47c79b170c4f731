#include <gtest/gtest.h>
#include <tenon/http.hpp>
#include <tenon/json.hpp>
#include <tenon/time.hpp>

#include <stdexcept>
#include <string>

namespace {

using tenon::request;

TEST(Request, IsBuiltLeftToRight) {
  const auto r = request::put("https://x.test/api/")
                     .path("things")
                     .path(7)
                     .query("a", "1 2")
                     .query("b", true)
                     .header("X-A", "b")
                     .json(R"({"a":1})")
                     .timeout_ms(5000);
  EXPECT_EQ(r.method(), "PUT");
  EXPECT_EQ(r.url(), "https://x.test/api/things/7?a=1%202&b=true");
  EXPECT_EQ(r.body(), R"({"a":1})");
  EXPECT_EQ(r.headers().size(), 2u);
  EXPECT_EQ(r.headers()[1].second, "application/json");
  EXPECT_EQ(r.timeout_ms(), 5000u);
  EXPECT_FALSE(r.is_safe());
  EXPECT_TRUE(request::post("https://x.test").safe().is_safe());
  EXPECT_EQ(request::get("u").method() + request::post("u").method() + request::patch("u").method() +
                request::del("u").method(),
            "GETPOSTPATCHDELETE");
}

TEST(Request, EncodesOnceAndOnlyWhatItMust) {
  EXPECT_EQ(request::get("https://x.test").query("id:in", "1,2").url(), "https://x.test?id:in=1,2");
  EXPECT_EQ(request::get("https://x.test").query("q", "100%25").url(), "https://x.test?q=100%2525");
  EXPECT_EQ(request::get("https://x.test").query("a&b=c", "d&e=f#g+h").url(),
            "https://x.test?a%26b%3Dc=d%26e%3Df%23g%2Bh");
  EXPECT_EQ(request::get("https://x.test").query("q", std::string("\0\x7f\xff\r\n", 5)).url(),
            "https://x.test?q=%00%7F%FF%0D%0A");
  EXPECT_EQ(request::get("https://x.test").path("a/b?c#d").url(), "https://x.test/a%2Fb%3Fc%23d");
}

TEST(Request, KeepsAQueryThatTheUrlHas) {
  EXPECT_EQ(request::get("https://x.test/p?k=v").path("s").query("q", 1).url(), "https://x.test/p/s?k=v&q=1");
}

TEST(Request, RefusesWhatCannotBeSent) {
  EXPECT_THROW(request("GE T", "https://x.test"), std::invalid_argument);
  EXPECT_THROW(request::get("https://x.test/#f"), std::invalid_argument);
  for (const char* segment : {"", ".", ".."})
    EXPECT_THROW(request::get("https://x.test").path(segment), std::invalid_argument);
  for (const char* name : {"", "a b", "a:", "a\r\n"})
    EXPECT_THROW(request::get("u").header(name, "v"), std::invalid_argument);
  EXPECT_THROW(request::get("u").header("a", "v\r\nX: y"), std::invalid_argument);
  EXPECT_THROW(request::get("u").header("a", std::string_view("a\0b", 3)), std::invalid_argument);
}

TEST(Request, TakesJsonValues) {
  const auto value = tenon::json::parse(R"({"s":"a b","n":7,"f":1.5,"b":true,"z":null,"o":{}})");
  EXPECT_EQ(request::get("u").query("q", value["s"]).url(), "u?q=a%20b");
  EXPECT_EQ(request::get("u").query("q", value["n"]).url(), "u?q=7");
  EXPECT_EQ(request::get("u").query("q", value["f"]).url(), "u?q=1.5");
  EXPECT_EQ(request::get("u").query("q", value["b"]).url(), "u?q=true");
  EXPECT_THROW(request::get("u").query("q", value["z"]), std::invalid_argument);
  EXPECT_THROW(request::get("u").query("q", value["o"]), std::invalid_argument);
  EXPECT_EQ(request::post("u").json(value["o"]).body(), "{}");
  EXPECT_EQ(request::post("u").json(tenon::document("[1.00]")).body(), "[1.00]")
      << "a document travels as it is";
}

TEST(Request, LvaluesChainToo) {
  auto r = request::get("https://x.test");
  r.query("a", 1).query("b", 2);
  EXPECT_EQ(r.url(), "https://x.test?a=1&b=2");
}

TEST(IsoTime, Forms) {
  EXPECT_EQ(tenon::parse_iso_time("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(tenon::parse_iso_time("2024-02-29T12:00:00.25+00:30"), 1709206200250);
  EXPECT_EQ(tenon::parse_iso_time("2024-02-29 12:00:00"), 1709208000000);
  for (const char* bad :
       {"", "2024", "2024-02-29", "2024-02-29T12:00", "2024-00-29T12:00:00Z", "2024-02-29T24:00:00Z",
        "2024-02-29T12:00:00X", "2024-02-29T12:00:00+1:00", "2024-02-29T12:00:00Z "})
    EXPECT_EQ(tenon::parse_iso_time(bad), std::nullopt) << bad;
}

}  // namespace
