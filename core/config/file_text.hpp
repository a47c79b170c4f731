// Files that people wrote, as text.
#pragma once

#include <optional>
#include <string>

namespace tenon::config {

/// The file's bytes: at most one more than kMostFileBytes, so that the size is reported and memory stays
/// flat. nullopt if it cannot be read.
std::optional<std::string> read_text_file(const std::string& path);

}  // namespace tenon::config
