#include "base/digest.hpp"

#include <gtest/gtest.h>

#include "base/secret.hpp"
#include "base/text.hpp"

namespace tenon {
namespace {

TEST(Digest, Rfc4231) {
  EXPECT_EQ(to_hex(bytes_of(hmac_sha256("Jefe", {"what do ya want ", "for nothing?"}))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(bytes_of(hmac_sha256(std::string(131, '\xaa'),
                                        {"Test Using Larger Than Block-Size Key - Hash Key First"}))),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Digest, Base64IsStrict) {
  EXPECT_EQ(to_base64("fo"), "Zm8=");
  EXPECT_EQ(from_base64("Zm9vYmFy"), "foobar");
  EXPECT_EQ(from_base64("Zg=="), "f");
  for (const char* bad : {"Zg", "Zg=", "Zh==", "Zm9=", "Zm 8", "Zm8_", "====", "Z===", "Zg==Zg=="})
    EXPECT_FALSE(from_base64(bad)) << bad;
}

TEST(Digest, HexAndUuid) {
  EXPECT_EQ(from_hex("00fFa1"), std::string("\x00\xff\xa1", 3));
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("0g"));
  const std::string id = uuid_v5("a");
  EXPECT_EQ(id.size(), 36U);
  EXPECT_EQ(id[14], '5');
  EXPECT_EQ(id, uuid_v5("a"));
  EXPECT_NE(id, uuid_v5("b"));
}

TEST(Text, NearestAndEncoding) {
  const std::vector<std::string> names = {"email", "external_id", "name"};
  EXPECT_EQ(nearest("emial", names), "email");
  EXPECT_EQ(nearest("EMAIL", names), "email");
  EXPECT_FALSE(nearest("zzz", names));
  EXPECT_EQ(percent_encode("a b/ü"), "a%20b%2F%C3%BC");
  EXPECT_EQ(percent_decode("a%20b%2F%c3%BC+"), "a b/ü+");
  for (const char* bad : {"%", "%4", "a%zz", "%%"}) EXPECT_EQ(percent_decode(bad), std::nullopt) << bad;
  EXPECT_TRUE(is_utf8("aüé€😀"));
  EXPECT_EQ(as_utf8("aüé€😀"), "aüé€😀");
  EXPECT_EQ(as_utf8("a\xff"
                    "b\xe2\x82"
                    "ü\xc3"),
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd\xef\xbf\xbd"
            "ü\xef\xbf\xbd");
  for (const char* bad : {"\xc0\xaf", "\xed\xa0\x80", "\xff", "\xe2\x82", "\xf4\x90\x80\x80", "a\xc3"})
    EXPECT_FALSE(is_utf8(bad));
}

TEST(Secret, EqualityAndMove) {
  Secret a("0123456789");
  EXPECT_TRUE(a.equals("0123456789"));
  EXPECT_FALSE(a.equals("0123456780"));
  Secret b = std::move(a);
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): that it is wiped is the point
  EXPECT_EQ(b.reveal(), "0123456789");
}

}  // namespace
}  // namespace tenon
