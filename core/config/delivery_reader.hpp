// `delivery:`: order, retries, and what is gone.
#pragma once

#include "config/reading.hpp"

namespace tenon::config {

/// `scope` is what is there before any fetch.
void read_delivery(const Node* section, const Scope& scope, Reading& reading);

}  // namespace tenon::config
