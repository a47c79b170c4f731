// Folding: thin events of one object that wait in one lane, and would come to the same, become one run, that
// of the newest.
#pragma once

#include <vector>

#include "delivery/flow.hpp"
#include "delivery/lanes.hpp"
#include "journal/journal.hpp"

namespace tenon::delivery {

/// What the pipeline's expressions leave open. `pipeline` and `sinks` of the flow must be set.
Folding folding_of(const Flow& flow);

/// What becomes of an event of the lane where the run of a newer one may stand for `head`. `newest`: of those
/// taken so far, or the head.
Lanes::Look look_at(const Flow& flow, const journal::Waiting& head, const journal::Waiting& newest,
                    const journal::Waiting& next);

/// Ends the folded events, superseded by the one that runs, and notes them as an attempt of that one.
std::vector<journal::Settlement> fold_into(const journal::Waiting& newest,
                                           const std::vector<journal::Waiting>& folded, std::int64_t now_ms);

}  // namespace tenon::delivery
