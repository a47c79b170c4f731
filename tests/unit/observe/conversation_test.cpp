#include "observe/conversation.hpp"

#include <gtest/gtest.h>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace tenon::observe {
namespace {

constexpr const char* kCanary = "c4n@ry/secret+0123456789";

TEST(Redactor, TakesASecretOutInEachSpelling) {
  Redactor redactor;
  redactor.add(kCanary);
  for (const std::string& spelling : {std::string(kCanary), percent_encode(kCanary), to_base64(kCanary)}) {
    EXPECT_EQ(redactor.text("a" + spelling + "b" + spelling), "a[redacted]b[redacted]");
  }
  EXPECT_EQ(redactor.text("nothing here"), "nothing here");
}

TEST(Redactor, AShortSecretDoesNotBlotOutEverything) {
  Redactor redactor;
  redactor.add("a");
  EXPECT_EQ(redactor.text("banana"), "banana");
}

TEST(Redactor, UrlsLoseUserInformationAndSecretParameters) {
  const Redactor redactor;
  EXPECT_EQ(redactor.url("https://u:p@h/x?a=1&api_key=2&code=3&page=4"), "https://[redacted]@h/x?a=1&api_key=[redacted]&code=[redacted]&page=4");
  EXPECT_EQ(redactor.url("https://h/x?email=a@b"), "https://h/x?email=a@b");
  for (const char* odd : {"", "?", "://", "https://", "x?&&=&", "https://@/?="}) redactor.url(odd);
}

TEST(Conversation, HoldsNoSecretInAnySlot) {
  Redactor redactor;
  redactor.add(kCanary);
  Exchange exchange;
  exchange.method = "POST";
  exchange.url = "https://h/x?q=" + percent_encode(kCanary);
  exchange.request_headers = {{"Authorization", "Basic abc"}, {"X-Auth-Token", "t"}, {"X-Other", kCanary}, {"Idempotency-Key", "k1"}};
  exchange.request_body = std::string(kCanary);
  exchange.response_headers = {{"Set-Cookie", "s"}, {"X-Echo", kCanary}};
  exchange.response_body = "you sent " + to_base64(kCanary);
  exchange.error = std::string("failed with ") + kCanary;
  exchange.status = 401;
  Conversation conversation;
  conversation.add(exchange, redactor);
  const std::string json = conversation.to_json();
  EXPECT_TRUE(parse_json(json));
  EXPECT_EQ(json.find("c4n"), std::string::npos) << json;
  EXPECT_EQ(json.find(to_base64(kCanary)), std::string::npos) << json;
  EXPECT_EQ(json.find("Basic"), std::string::npos) << json;
  EXPECT_NE(json.find("k1"), std::string::npos) << json;
}

TEST(Conversation, CutsAfterItRedacts) {
  Redactor redactor;
  redactor.add(kCanary);
  Exchange exchange;
  exchange.method = "POST";
  exchange.request_body = std::string(Conversation::kBodyLimit - 5, 'x') + kCanary;
  exchange.response_body = std::string(Conversation::kBodyLimit - 1, 'x') + "\xc3\xa9" + "and more";
  Conversation conversation;
  conversation.add(exchange, redactor);
  const std::string json = conversation.to_json();
  EXPECT_EQ(json.find("c4n"), std::string::npos);
  EXPECT_TRUE(is_utf8(json));
}

TEST(Conversation, HostileBytesAndEndlessExchangesStayBounded) {
  Conversation conversation;
  for (int i = 0; i < 1000; ++i) {
    Exchange exchange;
    exchange.method = "GET";
    exchange.response_body = std::string("\xff\xfe\0x", 4) + std::string(100'000, 'y');
    exchange.response_headers = {{"X", std::string("\x80", 1)}};
    conversation.add(std::move(exchange), Redactor());
  }
  const auto parsed = parse_json(conversation.to_json());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->root.size(), Conversation::kMostExchanges + 1);
}

}  // namespace
}  // namespace tenon::observe
