// Signs requests the way a sender would.
#pragma once

#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "plugin/manifest.hpp"
#include "runtime/http.hpp"

namespace tenon::tests {

inline constexpr std::string_view kRawKey = "a-client-secret-of-32-characters";
inline constexpr std::string_view kHeaderSecret = "what-the-hook-was-created-with";
inline constexpr std::int64_t kNow = 1'614'265'330;  ///< seconds

/// The signature entry of Standard Webhooks: `v1,…`.
inline std::string standard_signature(std::string_view key, std::string_view id, std::string_view timestamp,
                                      std::string_view body) {
  return "v1," + to_base64(bytes_of(hmac_sha256(key, {id, ".", timestamp, ".", body})));
}

inline runtime::Headers standard_headers(std::string_view key, std::string_view id,
                                         std::string_view timestamp, std::string_view body) {
  return {{"webhook-id", std::string(id)},
          {"webhook-timestamp", std::string(timestamp)},
          {"webhook-signature", standard_signature(key, id, timestamp, body)}};
}

/// The schemes of a shop: a header with a secret, and Standard Webhooks with a raw key.
inline std::vector<plugin::VerifyScheme> shop_schemes() {
  plugin::VerifyScheme header;
  header.name = "header";
  header.type = plugin::VerifyScheme::Type::secret_header;
  header.setting = "webhook_secret";
  header.header = "X-Hook-Secret";
  plugin::VerifyScheme signature;
  signature.name = "signature";
  signature.type = plugin::VerifyScheme::Type::standard_webhooks;
  signature.setting = "client_secret";
  signature.least_key_bytes = 16;
  return {header, signature};
}

}  // namespace tenon::tests
