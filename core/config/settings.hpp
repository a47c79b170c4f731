// A connection's own settings: from nodes to the JSON object and the secrets that its connector's schema
// wants.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/environment.hpp"
#include "config/node.hpp"
#include "plugin/connection.hpp"

namespace tenon::config {

/// Keys of a connection that are the host's, whatever the connector's schema says.
bool is_host_key(std::string_view name);

/// Fills `spec.settings` and `spec.secrets` from a connection's map. `path` is that of the connection, `key`
/// its name in the source. Literal secrets are masked in the report.
void read_settings(const Node& node, Span key, const std::string& path,
                   const plugin::ConnectorManifest& manifest, const Environment& environment, Report& report,
                   plugin::ConnectionSpec& spec);

/// The texts that manifest templates (`account`, `hosts`) may name: a setting that is present, as text.
std::optional<std::string> fill_from_settings(std::string_view text, const std::string& settings_json);

/// Hides every text below `node` in the report, but for those that only name a variable.
void mask_texts(const Node& node, Report& report);

}  // namespace tenon::config
