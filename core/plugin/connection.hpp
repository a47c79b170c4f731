// ConnectionSpec: one account at one remote, checked and ready to make instances of.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "plugin/manifest.hpp"

namespace tenon::plugin {

enum class VerifyMode : std::uint8_t { off, if_present, required };

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
};

}  // namespace tenon::plugin
