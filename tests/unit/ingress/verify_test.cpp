// Webhook authenticity: what must verify and, mostly, what must not.
#include "ingress/verify.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/json.hpp"
#include "tests/unit/ingress/verify_fixture.hpp"

namespace tenon::tests {
namespace {

/// Signed over what a lenient reader would make of the timestamp.
Headers normalised(std::string_view spelled, std::string_view number) {
  Headers headers = standard_headers(kRawKey, kId, number, kBody);
  headers[1].second = spelled;
  return headers;
}

Headers with_signature(std::string signature) {
  Headers headers = good();
  headers[2].second = std::move(signature);
  return headers;
}

std::string good_signature() { return good()[2].second; }

std::string replaced(std::string text, char from, char to) {
  std::replace(text.begin(), text.end(), from, to);
  return text;
}

/// A right signature whose unused last bits are set: decodes to the same bytes in a lenient decoder.
std::string with_padding_bits() {
  std::string text = good_signature();
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char& last = text[text.size() - 2];
  last = kAlphabet[kAlphabet.find(last) | 1];
  return text;
}

/// A body whose right signature holds both letters that URL-safe base64 spells otherwise.
std::string body_with_plus_and_slash() {
  for (int i = 0;; ++i) {
    std::string body = "{\"n\":" + std::to_string(i) + "}";
    const std::string signature = standard_signature(kRawKey, kId, kStamp, body);
    if (signature.find('+') != std::string::npos && signature.find('/') != std::string::npos) return body;
  }
}

TEST(Verify, WhatIsRightPasses) {
  EXPECT_TRUE(check(good()).authenticated);
  EXPECT_EQ(check(good()).delivery_id, kId);
  EXPECT_TRUE(check(with_signature("v1,AAAA " + good_signature())).authenticated) << "rotation";
  EXPECT_TRUE(check(with_signature("v2,x v1a,y " + good_signature() + " v9,z")).authenticated)
      << "unknown versions";
  for (const std::int64_t offset : {-300, 300}) {
    const std::string stamp = std::to_string(kNow + offset);
    EXPECT_TRUE(check(standard_headers(kRawKey, kId, stamp, kBody)).authenticated) << offset;
  }
  EXPECT_TRUE(check(good(), kBody, kNow * 1000 + 300'999).authenticated) << "whole seconds count";
  Headers upper = good();
  for (auto& [name, value] : upper) std::transform(name.begin(), name.end(), name.begin(), ::toupper);
  EXPECT_TRUE(check(upper).authenticated);
  EXPECT_TRUE(check(standard_headers(kRawKey, kId, kStamp, ""), "").authenticated);
  const std::string bytes("\0\xff\xfe{", 4);
  EXPECT_TRUE(check(standard_headers(kRawKey, kId, kStamp, bytes), bytes).authenticated) << "bytes, not text";
  std::string sixteen = good_signature();
  for (int i = 0; i < 15; ++i) sixteen = "v1,AAAA " + sixteen;
  EXPECT_TRUE(check(with_signature(sixteen)).authenticated);
}

struct Refused {
  const char* name;
  Headers headers;
  std::string body = kBody;
};

Headers without(std::size_t index) {
  Headers headers = good();
  headers.erase(headers.begin() + static_cast<std::ptrdiff_t>(index));
  return headers;
}

Headers twice(std::size_t index, std::string value) {
  Headers headers = good();
  headers.emplace_back(headers[index].first, std::move(value));
  return headers;
}

std::vector<Refused> forged() {
  const std::string signature = good_signature();
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += "v1,AAAA ";
  const std::string tricky = body_with_plus_and_slash();
  std::string url_safe =
      replaced(replaced(standard_signature(kRawKey, kId, kStamp, tricky), '+', '-'), '/', '_');
  Headers url_headers = with_signature(url_safe);
  Headers swapped_id = good();
  swapped_id[0].second = "msg_b";
  Headers swapped_stamp = good();
  swapped_stamp[1].second = std::to_string(kNow + 1);
  const std::string nul_id("msg\0a", 5);
  return {
      {"no signature", without(2)},
      {"no id", without(0)},
      {"no timestamp", without(1)},
      {"nothing", {}},
      {"empty signature", with_signature("")},
      {"blank signature", with_signature(" ")},
      {"v1, only", with_signature("v1,")},
      {"truncated", with_signature(signature.substr(0, 11))},
      {"one character short", with_signature(signature.substr(0, signature.size() - 1))},
      {"one character long", with_signature(signature + "A")},
      {"padding bits set", with_signature(with_padding_bits())},
      {"hexadecimal", with_signature("v1," + to_hex(*from_base64(signature.substr(3))))},
      {"URL-safe base64", url_headers, tricky},
      {"v0", with_signature("v0" + signature.substr(2))},
      {"V1", with_signature("V1" + signature.substr(2))},
      {"v1a with a MAC", with_signature("v1a" + signature.substr(2))},
      {"no version", with_signature(signature.substr(3))},
      {"comma for a blank", with_signature("v1,AAAA," + signature)},
      {"tab for a blank", with_signature("v1,AAAA\t" + signature)},
      {"10,000 signatures", with_signature(many + signature)},
      {"17 signatures", with_signature(many.substr(0, std::size_t{8} * 16) + signature)},
      {"two signature headers", twice(2, "v1,AAAA")},
      {"two equal signature headers", twice(2, signature)},
      {"two ids", twice(0, "msg_b")},
      {"two timestamps", twice(1, kStamp)},
      {"retired secret", standard_headers("a-secret-that-we-had-last-year..", kId, kStamp, kBody)},
      {"empty key", standard_headers("", kId, kStamp, kBody)},
      {"body with one more blank", good(), kBody + " "},
      {"body serialised anew", good(), R"({"data":{"id":12908},"scope":"store/customer/created"})"},
      {"id swapped", swapped_id},
      {"timestamp swapped", swapped_stamp},
      {"dot in the id", standard_headers(kRawKey, kId + "." + kStamp, kStamp, kBody)},
      {"dot shifted", standard_headers(kRawKey, kId, kStamp, kStamp + "." + kBody),
       kStamp + "." + kBody + " "},
      {"NUL in the id", standard_headers(kRawKey, nul_id, kStamp, kBody)},
      {"blank in the id", standard_headers(kRawKey, "msg a", kStamp, kBody)},
      {"id of 4 KiB", standard_headers(kRawKey, std::string(4096, 'i'), kStamp, kBody)},
      {"empty id", standard_headers(kRawKey, "", kStamp, kBody)},
      {"another family's headers only",
       {{"svix-id", kId}, {"svix-timestamp", kStamp}, {"svix-signature", signature}}},
      {"a mixture of families",
       {{"webhook-id", kId}, {"webhook-timestamp", kStamp}, {"svix-signature", signature}}},
  };
}

TEST(Verify, WhatIsForgedDoesNotPass) {
  for (const Refused& each : forged()) {
    const Verified result = check(each.headers, each.body);
    EXPECT_FALSE(result.authenticated) << each.name;
    EXPECT_TRUE(result.delivery_id.empty()) << each.name;
    EXPECT_FALSE(result.reason.empty()) << each.name;
  }
}

TEST(Verify, DotShiftedIntoTheBodyDoesNotPass) {
  // "msg_a.1614265330" + "." + t + "." + body signs the same bytes as id msg_a with t in front of the body.
  const std::string shifted = kStamp + "." + kBody;
  const std::string signature = standard_signature(kRawKey, kId + "." + kStamp, kStamp, kBody);
  ASSERT_EQ(signature, standard_signature(kRawKey, kId, kStamp, shifted)) << "the two really sign the same";
  Headers headers = good();
  headers[0].second = kId + "." + kStamp;
  headers[2].second = signature;
  EXPECT_FALSE(check(headers, kBody).authenticated);
}

TEST(Verify, TimestampsHaveOneSpelling) {
  const auto at = [](std::int64_t stamp) {
    return standard_headers(kRawKey, kId, std::to_string(stamp), kBody);
  };
  EXPECT_FALSE(check(at(kNow - 301)).authenticated);
  EXPECT_FALSE(check(at(kNow + 301)).authenticated);
  EXPECT_FALSE(check(at(0)).authenticated);
  EXPECT_FALSE(check(at(-kNow)).authenticated);
  EXPECT_FALSE(check(at(kNow * 1000)).authenticated) << "milliseconds";
  EXPECT_FALSE(check(at(INT64_MAX)).authenticated);
  EXPECT_FALSE(check(at(INT64_MIN)).authenticated);
  const std::string n = kStamp;
  for (const std::string& spelled :
       {std::string("16142653300000000000"), "+" + n, "0" + n, n + "abc", " " + n, n + " ", n + ".0",
        n + "e0", std::string("0x6037B7F2"), std::string("1.61426533e9"), std::string("text"), std::string(),
        std::string("-"), "\t" + n, std::string("１６１４２６５３３０")}) {
    EXPECT_FALSE(check(normalised(spelled, n)).authenticated) << spelled;
    EXPECT_FALSE(check(standard_headers(kRawKey, kId, spelled, kBody)).authenticated) << spelled;
  }
  EXPECT_FALSE(check(good(), kBody, (kNow + 600) * 1000).authenticated) << "a replay after the window";
  EXPECT_FALSE(check(good(), kBody, 0).authenticated);
  EXPECT_FALSE(check(good(), kBody, INT64_MAX).authenticated);
}

TEST(Verify, KeyForms) {
  const std::string bytes = "0123456789abcdef01234567";
  const std::string text = "whsec_" + to_base64(bytes);
  const Headers headers = standard_headers(bytes, kId, kStamp, kBody);
  const Headers literal = standard_headers(text, kId, kStamp, kBody);
  const auto passes = [](const KeyText& setup, const Headers& with) {
    const auto verifier = standard(setup);
    return verifier && verifier->check(with, kBody, kNow * 1000).authenticated;
  };
  EXPECT_TRUE(passes({text, VerifyScheme::KeyForm::whsec}, headers));
  EXPECT_FALSE(passes({text, VerifyScheme::KeyForm::whsec}, literal)) << "the literal text is another key";
  EXPECT_TRUE(passes({text, VerifyScheme::KeyForm::raw}, literal));
  EXPECT_FALSE(passes({text, VerifyScheme::KeyForm::raw}, headers));
  EXPECT_TRUE(passes({to_base64(bytes), VerifyScheme::KeyForm::base64}, headers));
  EXPECT_TRUE(passes({to_hex(bytes), VerifyScheme::KeyForm::hex}, headers));
}

TEST(Verify, BadKeysAreRefused) {
  const auto code = [](const KeyText& setup) {
    const auto made = standard(setup);
    return made ? std::string("accepted") : made.error().code;
  };
  EXPECT_EQ(code({"", VerifyScheme::KeyForm::whsec}), "verify_secret_missing");
  EXPECT_EQ(code({"whsec_", VerifyScheme::KeyForm::whsec}), "verify_bad_key");
  EXPECT_EQ(code({"whsec_" + to_base64("short"), VerifyScheme::KeyForm::whsec}), "verify_bad_key");
  EXPECT_EQ(code({to_base64(std::string(24, 'k')), VerifyScheme::KeyForm::whsec}), "verify_bad_key");
  EXPECT_EQ(code({"whsec_not base64!", VerifyScheme::KeyForm::whsec}), "verify_bad_key");
  EXPECT_EQ(code({"fifteen-letters", VerifyScheme::KeyForm::raw}), "verify_bad_key");
  EXPECT_EQ(code({"zz", VerifyScheme::KeyForm::hex}), "verify_bad_key");
  const auto refused = standard({"my-secret-text", VerifyScheme::KeyForm::raw});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, testing::Not(testing::HasSubstr("my-secret"))) << "never the value";
}

TEST(Verify, SchemesTogether) {
  const Headers secret = {{"x-hook-secret", std::string(kHeaderSecret)}};
  const Headers wrong_secret = {{"x-hook-secret", "wrong"}};
  const Headers wrong_signature = with_signature("v1,AAAA");
  const auto both = [](Headers a, const Headers& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  };
  struct Row {
    VerifyMode header, signature;
    const Headers& headers;
    bool passes;
    std::string_view id;
  };
  const auto required = VerifyMode::required;
  const auto if_present = VerifyMode::if_present;
  const auto off = VerifyMode::off;
  const Headers signed_only = good();
  const Headers all = both(secret, good());
  const Headers forged_header = both(wrong_secret, good());
  const Headers forged_signature = both(secret, wrong_signature);
  const Headers half_signed = both(secret, {{"webhook-id", kId}});
  const Headers none;
  const Row rows[] = {
      {required, if_present, secret, true, ""},
      {required, if_present, all, true, kId},
      {required, if_present, signed_only, false, ""},
      {required, if_present, forged_signature, false, ""},
      {required, if_present, half_signed, false, ""},
      {required, if_present, none, false, ""},
      {required, required, all, true, kId},
      {required, required, secret, false, ""},
      {required, required, forged_header, false, ""},
      {if_present, if_present, none, false, ""},
      {if_present, if_present, secret, true, ""},
      {if_present, if_present, signed_only, true, kId},
      {if_present, if_present, forged_header, false, ""},
      {off, required, signed_only, true, kId},
      {off, required, forged_header, true, kId},
      {off, required, secret, false, ""},
      {required, off, forged_signature, true, ""},
      {required, off, all, true, ""},
  };
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    const Row& row = rows[i];
    const auto verifier = Verifier::make(shop(row.header, row.signature), shop_schemes());
    ASSERT_TRUE(verifier);
    const Verified result = verifier->check(row.headers, kBody, kNow * 1000);
    EXPECT_EQ(result.authenticated, row.passes) << i;
    EXPECT_EQ(result.delivery_id, row.id) << i;
  }
}

TEST(Verify, NothingToVerifyByIsAnError) {
  plugin::ConnectionSpec connection = shop(VerifyMode::off, VerifyMode::off);
  const auto none = Verifier::make(connection, shop_schemes());
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, "verify_secret_missing");
  connection.unauthenticated = true;
  const auto meant = Verifier::make(connection, shop_schemes());
  ASSERT_TRUE(meant);
  const Verified result = meant->check(good(), kBody, kNow * 1000);
  EXPECT_TRUE(result.authenticated);
  EXPECT_TRUE(result.delivery_id.empty()) << "nobody vouches for it";

  connection = shop(VerifyMode::required, VerifyMode::if_present);
  connection.secrets.erase("client_secret");
  EXPECT_TRUE(Verifier::make(connection, shop_schemes())) << "absent and optional is off";
  connection.secrets.clear();
  EXPECT_FALSE(Verifier::make(connection, shop_schemes()));
}

}  // namespace
}  // namespace tenon::tests
