// Guard: whether a record may be written over what was applied before. Pure.
#pragma once

#include <optional>
#include <string>

#include "config/pipeline.hpp"
#include "event/event.hpp"
#include "journal/journal.hpp"

namespace tenon::delivery {

/// Why a record is not written: it need not, or must not be.
struct HeldBack {
  End end = End::superseded;
  std::string reason;
};

/// What a record of the event is held back by; nullopt: it may be written. Versions decide. Of a replayed
/// event whose state came with it (nothing is fetched) the numbers do where versions cannot: it must not take
/// an object back to what it was.
std::optional<HeldBack> held_back(const journal::Applied& before, const journal::Applied& wanted,
                                  EventClass event_class, const config::Pipeline& pipeline);

}  // namespace tenon::delivery
