#include "ingress/address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/text.hpp"

namespace tenon::ingress {
namespace {

constexpr std::string_view kForwardedFor = "x-forwarded-for";

/// An entry of X-Forwarded-For; proxies write ports and brackets too.
std::optional<Address> entry_address(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    return end == std::string_view::npos ? std::nullopt : Address::parse(text.substr(1, end - 1));
  }
  if (std::count(text.begin(), text.end(), ':') == 1) text = text.substr(0, text.find(':'));
  return Address::parse(text);
}

Error bad_range(std::string_view text, const std::string& expected) {
  return {"bad_range", std::string(text) + ": expected " + expected};
}

}  // namespace

Address Address::of(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    return v4(
        reinterpret_cast<const std::uint8_t*>(&reinterpret_cast<const sockaddr_in*>(address)->sin_addr));
  }
  if (address->sa_family == AF_INET6)
    return v6(reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr.s6_addr);
  return {};
}

Address Address::v4(const std::uint8_t* four) {
  Address made;
  made.family = 4;
  std::copy_n(four, 4, made.bytes.begin());
  return made;
}

Address Address::v6(const std::uint8_t* sixteen) {
  static constexpr std::uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::memcmp(sixteen, kMapped, sizeof kMapped) == 0) return v4(sixteen + sizeof kMapped);
  Address made;
  made.family = 6;
  std::copy_n(sixteen, 16, made.bytes.begin());
  return made;
}

std::optional<Address> Address::parse(std::string_view text) {
  if (text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  const std::string copy(text);
  if (copy.find('\0') != std::string::npos) return std::nullopt;
  std::uint8_t bytes[16];
  if (inet_pton(AF_INET, copy.c_str(), bytes) == 1) return v4(bytes);
  if (inet_pton(AF_INET6, copy.c_str(), bytes) == 1) return v6(bytes);
  return std::nullopt;
}

std::string Address::text() const {
  if (family == 0) return "unix";
  char out[INET6_ADDRSTRLEN] = "";
  inet_ntop(family == 4 ? AF_INET : AF_INET6, bytes.data(), out, sizeof out);
  return out;
}

bool Address::is_loopback() const {
  if (family == 4) return bytes[0] == 127;
  static constexpr std::array<std::uint8_t, 16> kLoopback = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return family == 6 && bytes == kLoopback;
}

AddressKey Address::key() const {
  AddressKey key{};
  if (family == 0) return key;
  key[0] = family;
  if (family == 4) {
    std::copy_n(bytes.begin(), 4, key.begin() + 12);
  } else {
    std::copy_n(bytes.begin(), 8, key.begin() + 8);
  }
  return key;
}

Result<AddressRange> AddressRange::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto base = Address::parse(text.substr(0, slash));
  if (!base) return bad_range(text, "an address or a range, like 10.0.0.0/8 or 2001:db8::/32");
  const unsigned most = base->family == 4 ? 32 : 128;
  AddressRange range;
  range.base_ = *base;
  range.prefix_ = most;
  if (slash != std::string_view::npos) {
    const std::string_view number = text.substr(slash + 1);
    const char* const end = number.data() + number.size();
    const auto [parsed, error] = std::from_chars(number.data(), end, range.prefix_);
    if (error != std::errc{} || parsed != end || range.prefix_ > most)
      return bad_range(text, "a prefix of 0 to " + std::to_string(most) + " bits behind the slash");
  }
  Address first = *base;
  for (unsigned bit = range.prefix_; bit < most; ++bit)
    first.bytes[bit / 8] = static_cast<std::uint8_t>(first.bytes[bit / 8] & ~(0x80U >> (bit % 8)));
  if (first != *base)
    return bad_range(text,
                     "the first address of the range: " + first.text() + "/" + std::to_string(range.prefix_));
  return range;
}

bool AddressRange::contains(const Address& address) const {
  if (address.family != base_.family) return false;
  const unsigned whole = prefix_ / 8;
  if (!std::equal(base_.bytes.begin(), base_.bytes.begin() + whole, address.bytes.begin())) return false;
  const unsigned rest = prefix_ % 8;
  return rest == 0 || ((base_.bytes[whole] ^ address.bytes[whole]) >> (8 - rest)) == 0;
}

bool trusts(const TrustedProxies& proxies, const Address& address) {
  return std::any_of(proxies.begin(), proxies.end(),
                     [&](const AddressRange& range) { return range.contains(address); });
}

Address client_of(const Address& peer, const runtime::Headers& headers, const TrustedProxies& proxies) {
  Address client = peer;
  // Several lines of the header are one list, in their order.
  for (auto header = headers.rbegin(); header != headers.rend(); ++header) {
    if (!equals_ignoring_case(header->first, kForwardedFor)) continue;
    std::string_view list = header->second;
    while (true) {
      if (!trusts(proxies, client)) return client;
      const auto comma = list.rfind(',');
      const auto next = entry_address(comma == std::string_view::npos ? list : list.substr(comma + 1));
      if (!next) return client;
      client = *next;
      if (comma == std::string_view::npos) break;
      list = list.substr(0, comma);
    }
  }
  return client;
}

}  // namespace tenon::ingress
