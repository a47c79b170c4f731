// The manifest inside a plugin file: found by walking ELF headers, nothing loaded or run.
#pragma once

#include <cstdint>
#include <string>

#include "base/function.hpp"
#include "base/result.hpp"

namespace tenon::plugin {

/// Copies `size` bytes from `offset` of a file to `to`; false if there are not as many.
using ReadAt = Function<bool(std::uint64_t offset, void* to, std::size_t size)>;

/// The contents of the section `.tenon.manifest` of a 64-bit little-endian shared object of `file_size`
/// bytes. Every offset and size is checked against the file. Errors: `plugin_not_elf`, `plugin_no_manifest`.
Result<std::string> manifest_section(const ReadAt& read, std::uint64_t file_size);

/// The same for an open file. Errors: `plugin_unreadable` too.
Result<std::string> manifest_section(int descriptor);

/// What can be told before any of the file's code runs: its segments lie inside it, it exports the entry and
/// brings no search path for libraries. Errors: `plugin_not_elf`, `plugin_unsafe`, `plugin_load_failed`.
Status check_loadable(const ReadAt& read, std::uint64_t file_size);
Status check_loadable(int descriptor);

}  // namespace tenon::plugin
