// Folding: equal thin events that wait one behind the other become one run, that of the newest.
#pragma once

#include <vector>

#include "delivery/flow.hpp"
#include "journal/journal.hpp"

namespace tenon::delivery {

/// Whether one run may stand for several events: the pipeline fetches, and all that it writes is state
/// (upserts). A call may mean something by its number.
bool folds(const Flow& flow);

/// Both are thin, have not begun, and say the same of the same object: but for id and times they are equal.
bool says_the_same(const journal::Waiting& a, const journal::Waiting& b);

/// Ends the folded events, superseded by the one that runs, and notes them as an attempt of that one.
std::vector<journal::Settlement> fold_into(const journal::Waiting& newest,
                                           const std::vector<journal::Waiting>& folded, std::int64_t now_ms);

}  // namespace tenon::delivery
