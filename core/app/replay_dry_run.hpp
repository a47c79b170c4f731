// tenon replay --dry-run: what a replay would change.
#pragma once

#include "app/replay_range.hpp"

namespace tenon::app {

/// Gives the exit code.
int dry_run(const ReplayOptions& options, const ReplayRange& range);

}  // namespace tenon::app
