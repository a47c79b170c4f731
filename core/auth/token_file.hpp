// Token files: encrypted, one for each connection, replaced as a whole.
#pragma once

#include <string>
#include <string_view>

#include "auth/tokens.hpp"

namespace tenon::auth {

/// 32 bytes that token files are encrypted with, given in base64 or hexadecimal. Errors: `token_key_invalid`.
Result<Secret> parse_token_key(std::string_view text);

/// The content of a token file, which says in its first line what it is:
///   tenon-tokens 1 KEY-ID
/// then a nonce and AES-256-GCM over a JSON object. Key-ID tells a wrong key from a damaged file. That line
/// and the connection's name are bound to it, so that no file passes for another's.
std::string seal_tokens(const Secret& key, const std::string& connection, const Tokens& tokens);
/// Errors: `token_key_wrong`, `token_damaged`, `token_newer`.
Result<Tokens> open_tokens(const Secret& key, const std::string& connection, std::string_view content);

/// `folder`/CONNECTION, mode 0600, in a folder of mode 0700 that is made when first written to.
class TokenFiles final : public TokenStore {
 public:
  /// `key` may be the error that there is none: whoever needs it gets that error.
  TokenFiles(std::string folder, Result<Secret> key) : folder_(std::move(folder)), key_(std::move(key)) {}

  Result<std::optional<Tokens>> read(const std::string& connection) override;
  Status write(const std::string& connection, const Tokens& tokens) override;
  Result<std::shared_ptr<void>> lock(const std::string& connection) override;

 private:
  std::string path(const std::string& connection) const { return folder_ + "/" + connection; }

  const std::string folder_;
  const Result<Secret> key_;
};

}  // namespace tenon::auth
