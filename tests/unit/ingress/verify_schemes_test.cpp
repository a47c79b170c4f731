// Webhook authenticity beside Standard Webhooks: secret headers, HMAC over parts, rotation, and published
// vectors.
#include "ingress/verify.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/json.hpp"
#include "tests/unit/ingress/verify_fixture.hpp"

namespace tenon::tests {
namespace {

TEST(Verify, SecretHeader) {
  const auto verifier = Verifier::make(shop(VerifyMode::required, VerifyMode::off), shop_schemes()).value();
  const std::string secret(kHeaderSecret);
  const auto passes = [&](const Headers& headers) { return verifier.check(headers, kBody, 0).authenticated; };
  EXPECT_TRUE(passes({{"X-HOOK-SECRET", secret}}));
  EXPECT_FALSE(passes({{"x-hook-secret", secret + "x"}}));
  EXPECT_FALSE(passes({{"x-hook-secret", secret.substr(1)}}));
  EXPECT_FALSE(passes({{"x-hook-secret", ""}}));
  EXPECT_FALSE(passes({{"x-hook-secret", secret}, {"x-hook-secret", secret}}));
  EXPECT_FALSE(passes({{"x-hook-secret", secret}, {"X-Hook-Secret", "wrong"}}));
  EXPECT_THAT(
      verifier.header_names(),
      testing::UnorderedElementsAre("x-hook-secret", "webhook-id", "webhook-timestamp", "webhook-signature"));
}

Result<Verifier> hmac(VerifyScheme scheme) {
  scheme.name = "signature";
  scheme.type = VerifyScheme::Type::hmac_sha256;
  scheme.setting = "client_secret";
  scheme.header = "X-Signature";
  plugin::ConnectionSpec connection;
  connection.name = "store";
  connection.secrets.emplace("client_secret", Secret(kRawKey));
  connection.verify = {{"signature", VerifyMode::required}};
  return Verifier::make(connection, {scheme});
}

TEST(Verify, Hmac) {
  VerifyScheme scheme;
  scheme.prefix = "sha256=";
  const auto verifier = hmac(scheme).value();
  const std::string mac(bytes_of(hmac_sha256(kRawKey, {kBody})));
  const auto passes = [&](std::string value) {
    return verifier.check({{"x-signature", std::move(value)}}, kBody, 0).authenticated;
  };
  EXPECT_TRUE(passes("sha256=" + to_hex(mac)));
  EXPECT_FALSE(passes(to_hex(mac)));
  EXPECT_FALSE(passes("SHA256=" + to_hex(mac)));
  EXPECT_FALSE(passes("sha256=" + to_base64(mac)));
  EXPECT_FALSE(passes("sha256=" + to_hex(mac).substr(2)));
  EXPECT_FALSE(passes("sha256=" + to_hex(mac) + "00"));
  EXPECT_FALSE(passes("sha256="));
  EXPECT_FALSE(passes(""));
  EXPECT_TRUE(verifier.check({{"x-signature", "sha256=" + to_hex(mac)}, {"webhook-id", "x"}}, kBody, 0)
                  .delivery_id.empty())
      << "the id is not signed";
  EXPECT_FALSE(verifier.check({{"x-signature", "sha256=" + to_hex(mac)}, {"x-signature", "x"}}, kBody, 0)
                   .authenticated);
  EXPECT_FALSE(verifier.check({}, kBody, 0).authenticated);
}

TEST(Verify, HmacOverSignedParts) {
  VerifyScheme scheme;
  scheme.encoding = VerifyScheme::Encoding::base64;
  scheme.signed_parts = {"header:X-Time", "'|'", "body"};
  const auto verifier = hmac(scheme).value();
  const std::string signature = to_base64(bytes_of(hmac_sha256(kRawKey, {"12", "|", kBody})));
  EXPECT_TRUE(verifier.check({{"x-signature", signature}, {"x-time", "12"}}, kBody, 0).authenticated);
  EXPECT_FALSE(verifier.check({{"x-signature", signature}, {"x-time", "13"}}, kBody, 0).authenticated);
  EXPECT_FALSE(verifier.check({{"x-signature", signature}}, kBody, 0).authenticated);
  EXPECT_FALSE(verifier.check({{"x-signature", signature}, {"x-time", "12"}, {"x-time", "12"}}, kBody, 0)
                   .authenticated);
  EXPECT_THAT(verifier.header_names(), testing::UnorderedElementsAre("x-signature", "x-time"));
}

TEST(Verify, PublishedVectors) {
  const char* folder = std::getenv("TENON_CONFORMANCE");
  if (folder == nullptr) GTEST_SKIP() << "TENON_CONFORMANCE is not set";
  std::ifstream file(std::string(folder) + "/standard-webhooks/vectors.json");
  std::stringstream text;
  text << file.rdbuf();
  const auto document = parse_json(text.str());
  ASSERT_TRUE(document);
  const auto string = [](Value object, std::string_view name) {
    return std::string(object.get(name).as_string());
  };
  std::size_t checked = 0;
  for (const Value vector : document->root.get("vectors").items()) {
    SCOPED_TRACE(string(vector, "source"));
    const auto verifier = standard({string(vector, "secret"), VerifyScheme::KeyForm::whsec});
    ASSERT_TRUE(verifier);
    const std::string body = *from_base64(string(vector, "body_b64"));
    const std::string stamp = string(vector, "timestamp");
    Headers headers = {{"webhook-id", string(vector, "id")},
                       {"webhook-timestamp", stamp},
                       {"webhook-signature", string(vector, "signature")}};
    const std::int64_t now = std::stoll(stamp) * 1000;
    EXPECT_TRUE(verifier->check(headers, body, now).authenticated);
    for (const Value wrong : document->root.get("must_not_match").items()) {
      headers[2].second = std::string(wrong.as_string());
      EXPECT_FALSE(verifier->check(headers, body, now).authenticated) << headers[2].second;
    }
    ++checked;
  }
  EXPECT_EQ(checked, 5u);
  for (const Value secret : document->root.get("empty_secrets_must_fail_at_config_load").items()) {
    EXPECT_FALSE(standard({std::string(secret.as_string()), VerifyScheme::KeyForm::whsec}));
  }
}

plugin::ConnectionSpec rotating(std::vector<std::string> old) {
  plugin::ConnectionSpec connection;
  connection.name = "store";
  connection.secrets.emplace("client_secret", Secret(kRawKey));
  connection.secrets.emplace("webhook_secret", Secret(kHeaderSecret));
  connection.verify = {{"signature", VerifyMode::required}, {"header", VerifyMode::if_present}};
  for (const std::string& secret : old) {
    connection.old_secrets["signature"].emplace_back(secret);
    connection.old_secrets["header"].emplace_back(secret);
  }
  return connection;
}

TEST(Rotation, OldSecretsHoldUntilTheyAreRetired) {
  const std::string older = "an-older-key-0123456789";
  const std::string oldest = "the-oldest-key-0123456789";
  const auto verified = [&](const std::string& key, std::vector<std::string> old) {
    const Verifier verifier = Verifier::make(rotating(std::move(old)), shop_schemes()).value();
    return verifier.check(standard_headers(key, kId, kStamp, kBody), kBody, kNow * 1000).authenticated;
  };
  for (const std::string& key : {std::string(kRawKey), older, oldest}) {
    EXPECT_TRUE(verified(key, {older, oldest}));
    EXPECT_EQ(verified(key, {oldest}), key != older);
    EXPECT_EQ(verified(key, {}), key == kRawKey) << "retired";
  }
  const Verifier verifier = Verifier::make(rotating({older}), shop_schemes()).value();
  Headers both = standard_headers(older, kId, kStamp, kBody);
  for (const auto& [secret, right] :
       {std::pair{older, true}, {std::string(kHeaderSecret), true}, {oldest, false}, {older + "x", false}}) {
    both.emplace_back("x-hook-secret", secret);
    EXPECT_EQ(verifier.check(both, kBody, kNow * 1000).authenticated, right) << secret;
    both.pop_back();
  }
}

TEST(Rotation, FourSecretsAtMost) {
  const std::vector<std::string> three = {"key-1-0123456789ab", "key-2-0123456789ab", "key-3-0123456789ab"};
  EXPECT_TRUE(Verifier::make(rotating(three), shop_schemes()));
  std::vector<std::string> four = three;
  four.push_back("key-4-0123456789ab");
  EXPECT_EQ(Verifier::make(rotating(four), shop_schemes()).error().code, "verify_bad_key");
  EXPECT_EQ(Verifier::make(rotating({"short"}), shop_schemes()).error().code, "verify_bad_key");
}

TEST(Families, OnlyOneIsRead) {
  Headers svix = good();
  for (auto& [name, value] : svix) name.replace(0, 7, "svix");
  EXPECT_FALSE(check(svix).authenticated) << "another family";
  for (std::size_t i = 0; i < 3; ++i) {
    Headers mixed = good();
    mixed[i].first.replace(0, 7, "svix");
    EXPECT_FALSE(check(mixed).authenticated) << "a mixture, " << mixed[i].first;
  }
  Headers beside = good();
  beside.emplace_back("svix-signature", "v1,AAAA");
  EXPECT_TRUE(check(beside).authenticated) << "what is not read changes nothing";
}

}  // namespace
}  // namespace tenon::tests
