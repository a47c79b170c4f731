// Login: the first tokens of a connection, by the authorization code grant (RFC 6749 section 4.1) with PKCE
// (RFC 7636) and a redirect to this machine (RFC 8252).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/token_endpoint.hpp"
#include "auth/tokens.hpp"

namespace tenon::auth {

/// One attempt to log in. Pure but for the secrets that it begins with.
class Login {
 public:
  /// `redirect_uri` as the provider knows it.
  Login(const plugin::OAuth2& oauth2, std::string redirect_uri);

  /// What the person opens.
  std::string url() const;

  struct Arrival {
    enum class Kind : std::uint8_t {
      code,      ///< the provider sent the person back with a code
      refused,   ///< it sent them back with an error
      not_ours,  ///< another path, another state, or nonsense: not an answer to this attempt
    };
    Kind kind = Kind::not_ours;
    Secret code;
    std::string why;
  };
  /// What a request to the redirect's listener is; `target` as on its request line.
  Arrival arrived(std::string_view method, std::string_view target) const;

  runtime::HttpRequest exchange(const Secret& code) const;
  /// The first tokens, or the next after `former`. Errors: `login_refused`.
  Result<Tokens> tokens(const TokenAnswer& answer, const std::optional<Tokens>& former,
                        std::int64_t now_ms) const;

 private:
  const plugin::OAuth2& oauth2_;
  const std::string redirect_uri_;
  const Secret state_;
  const Secret verifier_;
};

}  // namespace tenon::auth
