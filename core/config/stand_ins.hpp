// Stand-ins: values for the variables of a file, so that its tests need no environment.
#pragma once

#include "config/environment.hpp"
#include "config/node.hpp"
#include "plugin/instance.hpp"

namespace tenon::config {

/// A value for each `${NAME}` without a default under `connections:` and `vars:`, such that each setting it
/// is put into fits its schema and the form of its key. The same file: the same values. A variable for which
/// nothing fits is left out.
Environment stand_ins(const Node& root, const plugin::Registry& registry);

}  // namespace tenon::config
