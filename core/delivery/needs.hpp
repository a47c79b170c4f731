// What an action needs: whether the actions before it have done their part, and what they wrote.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "config/pipeline.hpp"
#include "journal/journal.hpp"

namespace tenon::delivery {

enum class Needs : std::uint8_t {
  met,    ///< the action can run
  waits,  ///< one that it needs is yet to be tried again
  dead,   ///< one that it needs has ended otherwise: the action ends skipped
};

/// What is up to date at the sink counts as delivered, whoever wrote it. `which` tells a dead one and its
/// end.
Needs needs_of(const config::Action& action, const journal::Waiting& waiting, std::string& which);

/// For `$results`: each needed action and the id of what it wrote; empty where the sink told none.
std::vector<std::pair<std::string, std::string>> results_for(const config::Action& action,
                                                             const journal::Waiting& waiting);

}  // namespace tenon::delivery
