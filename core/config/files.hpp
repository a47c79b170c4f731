// Files that people wrote: where they are, and their bytes within a limit.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace tenon::config {

/// `name` as seen from the folder of the file `from`; an absolute one stays.
std::string path_beside(const std::string& from, const std::string& name);

/// The file's bytes: at most one more than `most`, so that the caller sees that it is larger and memory stays
/// flat. nullopt if it is no regular file or cannot be read.
std::optional<std::string> read_file(const std::string& path, std::size_t most);

/// A definition, which may come by a pipe too: at most one byte more than kMostFileBytes. nullopt if it is a
/// folder or cannot be read.
std::optional<std::string> read_definition(const std::string& path);

}  // namespace tenon::config
