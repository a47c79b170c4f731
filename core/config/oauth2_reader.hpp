// `oauth2:` of a connection, over what its connector's manifest says.
#pragma once

#include <optional>
#include <string>

#include "config/environment.hpp"
#include "config/node.hpp"
#include "plugin/connection.hpp"

namespace tenon::config {

/// `path` is that of the map, `settings_json` what the manifest's templates are filled from. What is wrong
/// goes to the report, and then nothing comes back.
std::optional<plugin::OAuth2> read_oauth2(const Node& node, const std::string& path,
                                          const plugin::AuthScheme& scheme, const std::string& settings_json,
                                          const Environment& environment, Report& report);

}  // namespace tenon::config
