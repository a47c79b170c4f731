// `connections:`: accounts, checked against their connectors' manifests.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/environment.hpp"
#include "config/node.hpp"
#include "plugin/connection.hpp"
#include "plugin/instance.hpp"

namespace tenon::config {

/// Where an entry names a `${…}`.
struct VariableUse {
  std::string name;   ///< in the environment
  std::string shown;  ///< as the file writes it
  std::string path;   ///< of the setting
  Span at;
  bool secret = false;  ///< a setting that nobody may see
};

/// One entry. `manifest` is null if the connector is not known.
struct Connection {
  plugin::ConnectionSpec spec;
  const plugin::ConnectorManifest* manifest = nullptr;
  Report* report = nullptr;  ///< of the file that it stands in
  Span key;                  ///< its name there
  bool ok = false;           ///< false: something in it was refused
  std::vector<VariableUse>
      variables;  ///< of its own settings and of `verify`; the host's other keys hold none
};

using Connections = std::map<std::string, Connection, std::less<>>;

/// Reads the whole section; what is wrong goes to the report.
Connections read_connections(const Node& section, const Environment& environment,
                             const plugin::Registry& registry, Report& report);

/// A connection that triggers must be able to verify what comes in. Reports at the connection.
void check_receives(const Connection& connection);

/// The same account in the same way, secrets included.
bool same_definition(const plugin::ConnectionSpec& a, const plugin::ConnectionSpec& b);

}  // namespace tenon::config
