// ProxyHeader: the PROXY protocol, versions 1 and 2, by which a proxy that passes bytes on says for whom
// (https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt).
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "ingress/address.hpp"

namespace tenon::ingress {

struct ProxyHeader {
  enum class State : std::uint8_t {
    more,    ///< what came may become a header
    absent,  ///< the connection does not begin with one
    bad,     ///< it begins with one that is wrong
    whole
  };
  State state = State::more;
  std::size_t size = 0;           ///< whole: its bytes
  std::optional<Address> client;  ///< whole: none if the proxy speaks for itself (LOCAL, UNKNOWN, no IP)
};

/// `begin` is all that a connection has brought so far. A version 2 header of more than 4 KiB is bad.
ProxyHeader parse_proxy_header(std::string_view begin);

}  // namespace tenon::ingress
