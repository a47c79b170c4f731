// Addresses, ranges, the PROXY protocol and X-Forwarded-For, without a network.
#include "ingress/address.hpp"

#include <gmock/gmock.h>

#include "ingress/proxy_header.hpp"

namespace tenon::tests {
namespace {

using ingress::Address;
using ingress::AddressRange;
using ingress::ProxyHeader;
using State = ProxyHeader::State;

Address at(std::string_view text) { return Address::parse(text).value(); }

ingress::TrustedProxies trusted() {
  ingress::TrustedProxies proxies;
  for (const char* text : {"127.0.0.1", "10.0.0.0/8", "2001:db8:ffff::/48"})
    proxies.push_back(AddressRange::parse(text).value());
  return proxies;
}

std::string client(const char* peer, const std::vector<std::string>& forwarded) {
  runtime::Headers headers;
  for (const auto& value : forwarded) {
    headers.emplace_back("X-Other", "9.9.9.9");
    headers.emplace_back("X-Forwarded-For", value);
  }
  return ingress::client_of(at(peer), headers, trusted()).text();
}

TEST(AddressTest, OneClientHasOneKey) {
  EXPECT_EQ(at("192.0.2.1").key(), at("::ffff:192.0.2.1").key());
  EXPECT_NE(at("192.0.2.1").key(), at("192.0.2.2").key());
  EXPECT_EQ(at("2001:db8:0:1::1").key(), at("2001:db8:0:1:ffff::2").key());
  EXPECT_NE(at("2001:db8:0:1::1").key(), at("2001:db8:0:2::1").key());
  EXPECT_EQ(Address().key(), ingress::AddressKey{});
  EXPECT_TRUE(at("127.8.9.1").is_loopback());
  EXPECT_TRUE(at("::1").is_loopback());
  EXPECT_TRUE(at("::ffff:127.0.0.1").is_loopback());
  EXPECT_FALSE(at("128.0.0.1").is_loopback());
  for (const char* bad : {"", "1.2.3", "1.2.3.4.5", "1.2.3.4:80", "[::1]", "fe80::1%eth0", "a", "01.2.3.4"})
    EXPECT_FALSE(Address::parse(bad)) << bad;
  EXPECT_FALSE(Address::parse(std::string_view("1.2.3.4\0", 8)));
}

TEST(AddressTest, Ranges) {
  const auto holds = [](const char* range, const char* address) {
    return AddressRange::parse(range).value().contains(at(address));
  };
  EXPECT_TRUE(holds("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(holds("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(holds("192.0.2.128/25", "192.0.2.129"));
  EXPECT_FALSE(holds("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(holds("0.0.0.0/0", "1.2.3.4"));
  EXPECT_FALSE(holds("0.0.0.0/0", "::1"));
  EXPECT_TRUE(holds("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(holds("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(holds("10.0.0.0/8", "::ffff:10.1.1.1"));
  EXPECT_TRUE(holds("192.0.2.1", "192.0.2.1"));
  for (const char* bad : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.1/8",
                          "x/8", "2001:db8::/129", "2001:db8::1/64"}) {
    EXPECT_EQ(AddressRange::parse(bad).error().code, "bad_range") << bad;
  }
  EXPECT_THAT(AddressRange::parse("10.0.0.1/8").error().message, testing::HasSubstr("10.0.0.0/8"));
}

TEST(ForwardedFor, IsTheRightmostAddressThatIsNoProxy) {
  EXPECT_EQ(client("127.0.0.1", {}), "127.0.0.1");
  EXPECT_EQ(client("127.0.0.1", {"192.0.2.1"}), "192.0.2.1");
  EXPECT_EQ(client("127.0.0.1", {"6.6.6.6, 192.0.2.1, 10.1.2.3"}), "192.0.2.1");
  EXPECT_EQ(client("127.0.0.1", {"6.6.6.6", "192.0.2.1:443 ,10.1.2.3"}), "192.0.2.1");
  EXPECT_EQ(client("127.0.0.1", {"\"[2001:db8::7]:80\", 2001:db8:ffff::1"}), "2001:db8::7");
  EXPECT_EQ(client("127.0.0.1", {"10.9.9.9"}), "10.9.9.9");
  EXPECT_EQ(client("127.0.0.1", {"10.9.9.9, 10.8.8.8"}), "10.9.9.9");
}

TEST(ForwardedFor, StopsWhereItCannotBeRead) {
  EXPECT_EQ(client("127.0.0.1", {"192.0.2.1, evil, 10.1.2.3"}), "10.1.2.3");
  for (const char* bad : {"", ",", "unknown", "_hidden", "1.2.3", "[::1", "\"", "192.0.2.1, "})
    EXPECT_EQ(client("127.0.0.1", {bad}), "127.0.0.1") << bad;
}

TEST(ForwardedFor, IsNotReadFromAStranger) {
  EXPECT_EQ(client("192.0.2.9", {"1.1.1.1"}), "192.0.2.9");
  EXPECT_EQ(ingress::client_of(Address(), {{"X-Forwarded-For", "1.1.1.1"}}, trusted()).text(), "unix");
}

const std::string kSign("\r\n\r\n\0\r\nQUIT\n", 12);

std::string version2(unsigned char command, unsigned char family, const std::string& rest) {
  return kSign + static_cast<char>(command) + static_cast<char>(family) +
         static_cast<char>(rest.size() / 256) + static_cast<char>(rest.size() % 256) + rest;
}

TEST(ProxyProtocol, SaysForWhom) {
  struct Case {
    std::string bytes;
    std::string client;  ///< empty: for itself
  };
  const std::string v4("\xc0\x00\x02\x04\x0a\x00\x00\x01\0\1\0\2", 12);
  std::string v6(36, '\0');
  v6[0] = '\x20';
  v6[1] = '\x01';
  v6[15] = '\x09';
  for (const Case& each : std::vector<Case>{
           {"PROXY TCP4 192.0.2.2 10.0.0.1 56324 443\r\n", "192.0.2.2"},
           {"PROXY TCP6 2001:db8::2 ::1 1 65535\r\n", "2001:db8::2"},
           {"PROXY UNKNOWN\r\n", ""},
           {"PROXY UNKNOWN ffff::1 whatever\r\n", ""},
           {version2(0x21, 0x11, v4), "192.0.2.4"},
           {version2(0x21, 0x11, v4 + std::string("\x04\0\3abc", 6)), "192.0.2.4"},
           {version2(0x21, 0x21, v6), "2001::9"},
           {version2(0x20, 0x11, v4), ""},
           {version2(0x20, 0x00, ""), ""},
           {version2(0x21, 0x00, ""), ""},
           {version2(0x21, 0x31, std::string(216, 'a')), ""},
       }) {
    SCOPED_TRACE(testing::PrintToString(each.bytes));
    for (std::size_t cut = 0; cut < each.bytes.size(); ++cut)
      ASSERT_EQ(ingress::parse_proxy_header(each.bytes.substr(0, cut)).state, State::more) << cut;
    const ProxyHeader header = ingress::parse_proxy_header(each.bytes + "POST /");
    EXPECT_EQ(header.state, State::whole);
    EXPECT_EQ(header.size, each.bytes.size());
    EXPECT_EQ(header.client ? header.client->text() : "", each.client);
  }
}

TEST(ProxyProtocol, IsNotThere) {
  for (const std::string& begin :
       {std::string("POST / HTTP/1.1"), std::string("G"), std::string("PRI * HTTP/2.0"),
        std::string("\x16\x03\x01"), std::string("\r\nP"), std::string("proxy TCP4")})
    EXPECT_EQ(ingress::parse_proxy_header(begin).state, State::absent) << begin;
}

TEST(ProxyProtocol, IsBroken) {
  for (const std::string& bytes : {
           std::string("PROXY TCP4 192.0.2.2 10.0.0.1 1\r\n"),
           std::string("PROXY TCP4 192.0.2.2 10.0.0.1 1 2 3\r\n"),
           std::string("PROXY TCP4 192.0.2.2 10.0.0.1 1 65536\r\n"),
           std::string("PROXY TCP4 192.0.2.2 10.0.0.1 01 2\r\n"),
           std::string("PROXY TCP4 192.0.2.2 10.0.0.1 +1 2\r\n"),
           std::string("PROXY TCP4 192.0.2 10.0.0.1 1 2\r\n"),
           std::string("PROXY TCP4 2001:db8::2 ::1 1 2\r\n"),
           std::string("PROXY TCP6 192.0.2.2 10.0.0.1 1 2\r\n"),
           std::string("PROXY TCP4  192.0.2.2 10.0.0.1 1 2\r\n"),
           std::string("PROXY TCP4 192.0.2.2 10.0.0.1 1 2\n"),
           std::string("PROXY tcp4 192.0.2.2 10.0.0.1 1 2\r\n"),
           std::string("PROXY \r\n"),
           std::string("PROXY \n"),
           "PROXY TCP4 " + std::string(200, '1'),
           version2(0x11, 0x11, std::string(12, 'a')),
           version2(0x22, 0x11, std::string(12, 'a')),
           version2(0x21, 0x41, std::string(12, 'a')),
           version2(0x21, 0x13, std::string(12, 'a')),
           version2(0x21, 0x11, std::string(11, 'a')),
           version2(0x21, 0x21, std::string(35, 'a')),
           version2(0x21, 0x11, std::string(5000, 'a')),
       }) {
    EXPECT_EQ(ingress::parse_proxy_header(bytes).state, State::bad) << testing::PrintToString(bytes);
  }
}

}  // namespace
}  // namespace tenon::tests
