// tenon check --fix.
#pragma once

#include "app/definitions.hpp"

namespace tenon::app {

/// Mends the pipeline files among `sources` and shows the differences; `dry_run` writes nothing. A fix is
/// taken only if the file read with it no longer has the fault. Errors: what is needed to read them, or a
/// file that cannot be written.
Status fix_files(const DefinitionSources& sources, bool dry_run);

}  // namespace tenon::app
