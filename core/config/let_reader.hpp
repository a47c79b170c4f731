// `let:`: values that expressions read by name.
#pragma once

#include "config/reading.hpp"

namespace tenon::config {

/// Reads the section in its order; a let sees `event`, every fetch in `scope`, and the lets before it. What
/// is learnt of each goes to the reading's names.
void read_lets(const Node* section, Scope scope, Reading& reading);

}  // namespace tenon::config
