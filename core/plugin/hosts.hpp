// Where a connection's requests may go, and the credential that goes with them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.hpp"
#include "plugin/connection.hpp"
#include "runtime/http_check.hpp"

namespace tenon::plugin {

/// The hosts of a ConnectionSpec.
class AllowedHosts {
 public:
  /// Entries are `host`, `host:port` or `*.domain`; without a port the scheme's own holds.
  explicit AllowedHosts(const std::vector<std::string>& entries);
  /// Nothing, or why not. Plain http is for this machine only: elsewhere it would show the credential to the
  /// network.
  std::optional<std::string> refusal(const runtime::HttpTarget& target) const;

 private:
  struct Rule {
    std::string host;  ///< lower-case; of a wildcard with its leading dot
    std::string port;  ///< empty: the scheme's own
    bool wildcard = false;
  };
  std::vector<Rule> rules_;
};

/// The first of the manifest's ways whose settings are all present; nullptr if none is. Of oauth2 that is the
/// connection's `oauth2:`.
const AuthScheme* auth_of(const ConnectionSpec& connection, const ConnectorManifest& manifest);

/// What authenticates a connection's requests: the first of the manifest's ways whose settings are all
/// present. Access tokens are none of it: they change, and the gate puts them on.
class Credential {
 public:
  Credential(const ConnectionSpec& connection, const ConnectorManifest& manifest);
  /// Empty if the connection has none.
  const std::string& header() const { return header_; }
  const Secret& value() const { return value_; }
  /// True for headers that are the host's to set on this connector's requests.
  bool owns(std::string_view name) const;

 private:
  std::string header_;
  Secret value_;
  std::vector<std::string> reserved_;
};

}  // namespace tenon::plugin
