// ConnectionSpec: one account at one remote, checked and ready to make instances of.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "plugin/manifest.hpp"

namespace tenon::plugin {

enum class VerifyMode : std::uint8_t { off, if_present, required };

/// How a connection gets its access tokens (RFC 6749): `oauth2:` of the file over the manifest's own.
struct OAuth2 {
  std::string client_id;
  Secret client_secret;  ///< empty: a public client
  std::string authorize_url, token_url;
  std::vector<std::string> scopes;
  bool client_in_body = false;  ///< id and secret go in the body; else as Basic credentials

  bool operator==(const OAuth2& other) const {
    return client_id == other.client_id && client_secret.equals(other.client_secret.reveal()) &&
           authorize_url == other.authorize_url && token_url == other.token_url && scopes == other.scopes &&
           client_in_body == other.client_in_body;
  }
};

/// What config/ made of one entry under `connections:`; all texts are final.
struct ConnectionSpec {
  std::string name;
  std::string connector;
  std::string settings;  ///< JSON object that fits the manifest's schema, defaults in, secrets out
  std::map<std::string, Secret> secrets;  ///< the x-secret settings that are present, by name
  std::string account;                    ///< what budget and identity belong to
  std::vector<std::string> hosts;  ///< `host` or `host:port` that credentials may go to; `*.` prefix allowed
  std::map<std::string, VerifyMode> verify;  ///< by scheme name; every scheme of the manifest is in it
  /// Secrets that a scheme still takes while its source changes to another, by scheme name; at most three.
  std::map<std::string, std::vector<Secret>> old_secrets;
  bool unauthenticated = false;  ///< `verify: none` with `i_understand_unauthenticated: true`
  bool allow_private = false;
  std::optional<OAuth2> oauth2;  ///< its requests carry access tokens, which the host gets
};

}  // namespace tenon::plugin
