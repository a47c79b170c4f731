// What a plugin's manifest says, as text and as JSON.
#pragma once

#include <string>

#include "app/cli/terminal.hpp"
#include "plugin/instance.hpp"

namespace tenon::app {

/// Name, version, ABI and all of its connectors.
std::string plugin_text(const plugin::PluginFile& plugin, const Screen& screen);
/// {"name","version","abi","file","connectors":[…]}.
std::string plugin_json(const plugin::PluginFile& plugin);
/// `1.2`
std::string abi_text(const plugin::Manifest& manifest);

}  // namespace tenon::app
