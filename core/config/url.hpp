// The little of URLs that settings need.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tenon::config {

struct Url {
  std::string scheme;  ///< lower case
  std::string host;    ///< lower case; an IPv6 literal keeps its brackets
  std::string port;    ///< decimal; empty: the scheme's own
  bool has_user = false;

  std::string authority() const { return port.empty() ? host : host + ":" + port; }
};

/// nullopt for what is no `scheme://host[:port][/…]`.
std::optional<Url> parse_url(std::string_view text);

/// 127.0.0.0/8 or [::1] as a literal; a name never is, `localhost` neither.
bool is_loopback_literal(std::string_view host);

}  // namespace tenon::config
