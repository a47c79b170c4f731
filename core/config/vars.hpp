// `vars:`: constants of a pipeline, `$vars`.
#pragma once

#include "base/value.hpp"
#include "config/environment.hpp"
#include "config/node.hpp"

namespace tenon::config {

/// An object in the document's arena. Text that came from `${}` stays text; `${NAME:-}` that came to nothing
/// is "".
Document read_vars(const Node* section, const Environment& environment, Report& report);

}  // namespace tenon::config
