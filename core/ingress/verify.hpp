// Verifier: tells whether a webhook comes from who it says, over its raw bytes, by what the manifest
// declares.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "plugin/connection.hpp"
#include "runtime/http.hpp"

namespace tenon::ingress {

struct Verified {
  bool authenticated = false;
  /// Set only if a Standard Webhooks signature over it was right; else nothing vouches for an id.
  std::string delivery_id;
  /// Why not, as a word for a counter; a literal without anything of the request in it.
  std::string_view reason;
};

/// The schemes of one connection, keys decoded. Immutable; from any thread.
///
/// Standard Webhooks 1.0.0 (https://www.standardwebhooks.com/): HMAC-SHA256 over `id.timestamp.body`, the
/// timestamp within 300 s of now in both directions, `v1` signatures only, at most 16 of them, any match
/// passes, by any key of the scheme (the current one and the old ones, at most four; every key and entry is
/// looked at, whatever the others say). `webhook-*` headers only: those of other families are not read, so a
/// mixture of two cannot verify. Ids and timestamps have one spelling: what a lenient reader would take for
/// the same delivery is refused.
class Verifier {
 public:
  /// A scheme whose secret is absent is off. Errors: `verify_secret_missing` if it is required all the same
  /// or if no scheme is left and the connection does not say that it wants none; `verify_bad_key` if a key
  /// does not have its form or is too short.
  static Result<Verifier> make(const plugin::ConnectionSpec& connection,
                               const std::vector<plugin::VerifyScheme>& schemes);

  /// Every active scheme is looked at, whatever the others say. Secrets and signatures are compared in
  /// constant time.
  Verified check(const runtime::Headers& headers, std::string_view body, std::int64_t now_ms) const;

  /// Lower-case names of headers that any scheme of the manifest reads, active or not: not for the plugin's
  /// eyes.
  const std::vector<std::string>& header_names() const { return header_names_; }

 private:
  enum class Verdict : std::uint8_t { absent, wrong, right };
  struct Answer {
    Verdict verdict = Verdict::absent;
    std::string_view reason;
    std::string delivery_id;
  };
  struct Scheme {
    plugin::VerifyScheme declared;
    plugin::VerifyMode mode = plugin::VerifyMode::required;
    std::vector<Secret> keys;  ///< decoded; the current one, then the old ones
  };
  static Answer check_standard(const Scheme& scheme, const runtime::Headers& headers, std::string_view body,
                               std::int64_t now_ms);
  static Answer check_secret_header(const Scheme& scheme, const runtime::Headers& headers);
  static Answer check_hmac(const Scheme& scheme, const runtime::Headers& headers, std::string_view body);

  std::vector<Scheme> schemes_;
  std::vector<std::string> header_names_;
  bool unauthenticated_ = false;
};

}  // namespace tenon::ingress
