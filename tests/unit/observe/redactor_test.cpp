#include "observe/redactor.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "observe/conversation.hpp"

namespace tenon::observe {
namespace {

constexpr std::string_view kSecret = "s3cr3t/+\"key\"\n==value";

Redactor with(std::initializer_list<std::string_view> secrets) {
  return Redactor(std::span(secrets.begin(), secrets.size()));
}

TEST(RedactorTest, FindsASecretInEachOfItsForms) {
  const Redactor redactor = with({kSecret});
  const std::string json = json_string(kSecret);
  std::string lower = percent_encode(kSecret);
  for (std::size_t i = 0; i < lower.size(); ++i) {
    if (lower[i] == '%') lower.replace(i, 3, to_lower(lower.substr(i, 3)));
  }
  for (const std::string& form :
       {std::string(kSecret), percent_encode(kSecret), lower, json.substr(1, json.size() - 2)}) {
    EXPECT_EQ(redactor.text("a " + form + " b " + form), "a [redacted] b [redacted]");
    EXPECT_EQ(redactor.text(form), "[redacted]");
  }
}

TEST(RedactorTest, FindsASecretWithinBase64WhateverStandsAround) {
  const Redactor redactor = with({kSecret});
  for (std::size_t before = 0; before < 7; ++before) {
    for (std::size_t after = 0; after < 4; ++after) {
      const std::string around = std::string(before, 'u') + std::string(kSecret) + std::string(after, 'z');
      std::string encoded = to_base64(around);
      for (const bool url : {false, true}) {
        if (url) {
          for (char& c : encoded) c = c == '+' ? '-' : c == '/' ? '_' : c;
        }
        const std::string seen = redactor.text("Basic " + encoded);
        EXPECT_NE(seen.find("[redacted]"), std::string::npos) << before << after;
        // Of the secret's own characters at most the two shared ones at either end stay.
        EXPECT_LE(seen.size(), 6 + 10 + (before * 8 + 5) / 6 + (after * 8 + 5) / 6 + 4 + 2) << seen;
      }
    }
  }
}

TEST(RedactorTest, LeavesEverythingElseAsItIs) {
  const Redactor redactor = with({"abcd", "abcdef", "xyz", ""});
  EXPECT_EQ(redactor.text("abc abce ABCD xyz"), "abc abce ABCD xyz");
  EXPECT_EQ(redactor.text("xabcdx"), "x[redacted]x");
  EXPECT_EQ(redactor.text("abcdefg"), "[redacted]g") << "the longest wins";
  EXPECT_EQ(redactor.text("ababcdabcd"), "ab[redacted][redacted]");
  EXPECT_EQ(redactor.text(""), "");
  EXPECT_EQ(Redactor().text("anything"), "anything");
  EXPECT_EQ(Redactor().text("anything", 3), "any");
}

TEST(RedactorTest, AgreesWithASimpleSearch) {
  std::uint64_t state = 42;
  const auto draw = [&state](std::uint64_t below) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state >> 33) % below;
  };
  for (int round = 0; round < 300; ++round) {
    const auto word = [&](std::size_t least, std::size_t more) {
      std::string out;
      for (std::size_t i = least + draw(more); i > 0; --i) out += static_cast<char>('a' + draw(2));
      return out;
    };
    const std::string secret = word(4, 20);
    const Redactor redactor = with({secret});
    const std::string text = word(0, 200);
    std::string expected;
    for (std::size_t i = 0; i < text.size();) {
      const bool hit = text.compare(i, secret.size(), secret) == 0;
      expected += hit ? "[redacted]" : text.substr(i, 1);
      i += hit ? secret.size() : 1;
    }
    EXPECT_EQ(redactor.text(text), expected);
    for (std::size_t limit = 0; limit < expected.size() + 2; ++limit) {
      EXPECT_EQ(redactor.text(text, limit), expected.substr(0, limit));
    }
  }
}

TEST(RedactorTest, KnowsHeadersAndParametersByTheirNames) {
  for (const std::string_view name :
       {"Authorization", "proxy-authorization", "Cookie", "Set-Cookie", "X-Auth-Token", "webhook-signature",
        "X-Api-Key", "client-secret", "X-Shop-Access-Token"}) {
    EXPECT_TRUE(Redactor::is_secret_header(name)) << name;
  }
  for (const std::string_view name :
       {"Idempotency-Key", "Content-Type", "X-Request-Id", "Retry-After", "ETag"}) {
    EXPECT_FALSE(Redactor::is_secret_header(name)) << name;
  }
  const Redactor redactor = with({"hunter22"});
  EXPECT_EQ(redactor.url("https://a.example/p/hunter22?x=1&access_token=abc&code=de&y=hunter22&key=k#f"),
            "https://a.example/p/"
            "[redacted]?x=1&access_token=[redacted]&code=[redacted]&y=[redacted]&key=[redacted]#f");
  EXPECT_EQ(redactor.url("https://user:pw@a.example/?zip_code=1"),
            "https://[redacted]@a.example/?zip_code=1");
  EXPECT_EQ(redactor.url("?token"), "?token");
  EXPECT_EQ(redactor.url("?&&==&token=&a"), "?&&==&token=[redacted]&a");
}

Exchange full() {
  Exchange exchange;
  exchange.method = "POST";
  exchange.url = "https://a.example/?token=abc";
  exchange.request_headers = {{"Authorization", "Basic x"}, {"Idempotency-Key", "k-1"}};
  exchange.request_body = "{\"p\":\"hunter22\"}";
  exchange.status = 200;
  exchange.response_headers = {{"Set-Cookie", "a"}, {"X-A", "1"}, {"x-a", "2 hunter22"}, {"set-cookie", "b"}};
  exchange.response_body = "ok";
  exchange.sent = "yes";
  exchange.elapsed_ms = 7;
  return exchange;
}

TEST(ConversationTest, HoldsNoSecretAndIsJson) {
  const Redactor redactor = with({"hunter22"});
  Conversation conversation;
  conversation.add(full(), redactor);
  Exchange failed;
  failed.method = "GET";
  failed.url = "https://a.example/";
  failed.error = "timeout: hunter22 did not answer";
  failed.response_body = "\xff\xfe";
  failed.sent = "maybe";
  conversation.add(failed, redactor);
  const std::string json = conversation.to_json();
  EXPECT_TRUE(parse_json(json)) << json;
  EXPECT_EQ(json.find("hunter22"), std::string::npos);
  EXPECT_NE(json.find("\"Idempotency-Key\":\"k-1\""), std::string::npos);
  EXPECT_NE(json.find("\"X-A\":\"1, 2 [redacted]\""), std::string::npos) << json;
  EXPECT_NE(json.find("\"Set-Cookie\":\"[redacted], [redacted]\""), std::string::npos);
  EXPECT_NE(json.find("timeout: [redacted] did not answer"), std::string::npos);
}

TEST(ConversationTest, BodiesAreCutBetweenCharactersAndNeverWithinASecret) {
  const Redactor redactor = with({"hunter22"});
  for (std::size_t filler = Conversation::kBodyLimit - 12; filler < Conversation::kBodyLimit + 4; ++filler) {
    Conversation conversation;
    Exchange exchange = full();
    exchange.response_body = std::string(filler, '.') + "hunter22" + "\xe2\x82\xac\xe2\x82\xac";
    exchange.request_body = std::string(filler, '.') + "\xf0\x9f\x8e\x89\xf0\x9f\x8e\x89\xf0\x9f\x8e\x89";
    conversation.add(std::move(exchange), redactor);
    const std::string json = conversation.to_json();
    EXPECT_TRUE(parse_json(json));
    EXPECT_EQ(json.find("hun"), std::string::npos) << filler;
    EXPECT_LT(json.size(), 2 * Conversation::kBodyLimit + 600);
  }
}

TEST(ConversationTest, ManyExchangesAreCountedOnly) {
  Conversation conversation;
  for (std::size_t i = 0; i < Conversation::kMostExchanges + 5; ++i) conversation.add(full(), Redactor());
  EXPECT_EQ(conversation.size(), Conversation::kMostExchanges + 5);
  EXPECT_NE(conversation.to_json().find("{\"left_out\":5}"), std::string::npos);
  EXPECT_TRUE(parse_json(conversation.to_json()));
}

}  // namespace
}  // namespace tenon::observe
