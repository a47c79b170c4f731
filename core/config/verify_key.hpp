// Whether a secret can serve a verification scheme, known before anything runs.
#pragma once

#include <optional>
#include <string>

#include "plugin/connection.hpp"

namespace tenon::config {

/// What is wrong with the key, as "expected …"; nullopt if it serves. Holds no part of it.
std::optional<std::string> key_fault(const plugin::VerifyScheme& scheme, std::string_view secret);

}  // namespace tenon::config
