// The token endpoint (RFC 6749): what it is asked, and what its answers mean.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/secret.hpp"
#include "plugin/connection.hpp"
#include "runtime/http.hpp"

namespace tenon::auth {

/// grant_type=refresh_token, section 6.
runtime::HttpRequest refresh_request(const plugin::OAuth2& oauth2, const Secret& refresh_token);
/// grant_type=authorization_code, section 4.1.3, with the verifier of RFC 7636.
runtime::HttpRequest code_request(const plugin::OAuth2& oauth2, const Secret& code,
                                  const std::string& redirect_uri, const Secret& verifier);

struct TokenAnswer {
  enum class Kind : std::uint8_t {
    issued,
    invalid_grant,  ///< the refresh token or code is no longer good
    refused,        ///< the client itself is refused, or the request: only a person can mend that
    transient,      ///< says nothing of the tokens: 5xx, no answer, no JSON, …
  };
  Kind kind = Kind::transient;
  bool lost = false;     ///< transient: it may have been carried out all the same
  bool unheard = false;  ///< transient: no answer came at all
  std::string why;       ///< for people; may repeat what the remote said: to be redacted
  std::optional<std::int64_t> retry_after_ms;
  Secret access;
  Secret refresh;                           ///< empty: the one that was sent stays good
  std::optional<std::int64_t> lifetime_ms;  ///< nullopt: it did not say, or nothing that can be believed
  std::string scope;
};

TokenAnswer read_token_answer(const runtime::HttpResult& result);

}  // namespace tenon::auth
