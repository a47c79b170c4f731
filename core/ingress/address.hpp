// Address: who is at the other end, as an IP address; and which of them are proxies whose word we take.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "runtime/http.hpp"

struct sockaddr;

namespace tenon::ingress {

/// What is counted as one client: an IPv4 address, or the first 64 bits of an IPv6 one (a household or a
/// server has all of them). All zero: not counted.
using AddressKey = std::array<std::uint8_t, 16>;

/// An IPv4 or IPv6 address without port; an IPv4-mapped IPv6 address is the IPv4 one. Default: none (a socket
/// file).
struct Address {
  std::uint8_t family = 0;               ///< 4, 6, or 0: none
  std::array<std::uint8_t, 16> bytes{};  ///< IPv4: the first four

  static Address of(const sockaddr* address);
  static Address v4(const std::uint8_t* four);
  static Address v6(const std::uint8_t* sixteen);
  /// `192.0.2.1` or `2001:db8::1`; no port, no brackets, no zone.
  static std::optional<Address> parse(std::string_view text);

  bool operator==(const Address&) const = default;
  std::string text() const;  ///< "unix" if none
  bool is_loopback() const;
  AddressKey key() const;
};

/// `10.0.0.0/8`, `2001:db8::/32`, or one address.
class AddressRange {
 public:
  /// Errors: `bad_range`, naming what was expected; bits behind the prefix must be zero.
  static Result<AddressRange> parse(std::string_view text);
  bool contains(const Address& address) const;

 private:
  Address base_;
  unsigned prefix_ = 0;
};

/// Peers that say for whom they speak.
using TrustedProxies = std::vector<AddressRange>;

bool trusts(const TrustedProxies& proxies, const Address& address);

/// Who sent the request that `peer` passed on: the right-most address in X-Forwarded-For that is no trusted
/// proxy. What an untrusted peer writes there is not looked at; at an entry that is no address the walk ends.
Address client_of(const Address& peer, const runtime::Headers& headers, const TrustedProxies& proxies);

}  // namespace tenon::ingress
