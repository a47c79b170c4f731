// `classify:`: what answers of remotes mean, where the author knows better than the connector.
#pragma once

#include "config/reading.hpp"

namespace tenon::config {

/// `scope` is what is there before any fetch.
void read_classify(const Node* section, const Scope& scope, Reading& reading);

}  // namespace tenon::config
