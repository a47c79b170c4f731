// What a request must look like before it may leave; both runtimes ask.
#pragma once

#include "base/result.hpp"
#include "runtime/http.hpp"

namespace tenon::runtime {

struct HttpTarget {
  bool tls = false;
  std::string host;  ///< lower-case; an IPv6 address without brackets
  std::uint16_t port = 0;
  bool address = false;  ///< host is an IP address, nothing to resolve
};

/// Splits an absolute http(s) URL. `bad_url` for anything else: no user information, no white space, control
/// characters, backslashes or bytes above ASCII anywhere; hosts are names or addresses in their usual form (a
/// host that ends in a number but is no dotted quad is refused: parsers disagree about those).
Result<HttpTarget> parse_target(std::string_view url);

/// parse_target, and `bad_header` for a method or header that could not be sent as it stands: names and
/// method are tokens (RFC 9110, 5.6.2), values hold no control characters but tab. Headers that frame the
/// message or belong to the connection (Host, Content-Length, Transfer-Encoding, …) are the transport's own.
Result<HttpTarget> check_request(const HttpRequest& request);

}  // namespace tenon::runtime
