// Tokens: what a connection was issued, and TokenStore: where that is kept.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "plugin/connection.hpp"

namespace tenon::auth {

/// The tokens of one connection at one moment. A new version replaces the former one as a whole.
struct Tokens {
  std::uint64_t version = 0;  ///< counts what was committed; the first is 1
  std::string client;         ///< client_of() of whom they were issued to
  Secret access;
  Secret refresh;
  Secret previous_refresh;       ///< the refresh token before this one; empty: there was none
  std::string scope;             ///< as granted, if the answer said so
  std::int64_t obtained_ms = 0;  ///< by the wall clock
  std::int64_t lifetime_ms = 0;  ///< of the access token, from then on
  bool refreshing = false;       ///< a refresh was begun, and what became of it is not known
  std::string needs_reauth;      ///< not empty: somebody has to log in anew, and why
  std::int64_t expires_ms() const { return obtained_ms + lifetime_ms; }
};

/// Tokens are of one app at one provider: those of another are of no use.
std::string client_of(const plugin::OAuth2& oauth2);

/// Every call blocks; from any thread.
class TokenStore {
 public:
  virtual ~TokenStore() = default;
  /// nullopt: nobody has logged in. Errors: `token_key_missing`, `token_key_invalid`, `token_key_wrong`,
  /// `token_damaged`, `token_newer`, `secret_exposed`, `file_failed`.
  virtual Result<std::optional<Tokens>> read(const std::string& connection) = 0;
  /// On disk when it returns: all of the new, or all of the old. Errors: those of the key, `file_failed`.
  virtual Status write(const std::string& connection, const Tokens& tokens) = 0;
  /// Whoever reads, asks and writes holds it meanwhile. Errors: `locked` at once while another does,
  /// `file_failed`.
  virtual Result<std::shared_ptr<void>> lock(const std::string& connection) = 0;
};

}  // namespace tenon::auth
