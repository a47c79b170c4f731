// Library: a plugin file loaded and its table checked against this host and its own manifest.
#pragma once

#include <map>
#include <string>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "plugin/manifest.hpp"
#include "tenon/abi.h"

namespace tenon::plugin {

/// The connectors of one loaded plugin, by name; valid until the process ends.
using ConnectorTables = std::map<std::string, const tenon_connector*, std::less<>>;

/// Opens `name` in the directory open as `directory` for loading: a regular file, no link, named
/// `[a-z0-9_-]{1,64}.so`, owned by root or this user and writable by nobody else. The caller closes the
/// descriptor. Errors: `plugin_unreadable`, `plugin_unsafe`.
Result<int> open_plugin_file(int directory, const std::string& name);

/// Who may write to the directory can put any file there: it must be root's or this user's, and nobody else's
/// to write. Errors: `plugin_unsafe`.
Status check_plugin_directory(int directory);

/// Of the whole open file, which is not read into memory. Errors: `plugin_unreadable`.
Result<Sha256> plugin_digest(int descriptor);

/// Loads the open file; it is never unloaded, and the descriptor stays open. `file` is for messages. Runs the
/// file's static initialisers. Errors: `plugin_load_failed`, `plugin_abi_mismatch`.
Result<ConnectorTables> load_library(int descriptor, const std::string& file, const Manifest& manifest);

/// Checks what the entry returned: versions, sizes, pointers, names and functions that the manifest promises.
/// Errors: `plugin_abi_mismatch` with both numbers.
Result<ConnectorTables> check_table(const tenon_plugin* plugin, const Manifest& manifest);

/// The manifest's ABI range against this host's. Errors: `plugin_abi_mismatch`.
Status check_abi(const char* what, std::uint32_t major, std::uint32_t minor);

}  // namespace tenon::plugin
