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

/// Where a pipeline's deletions of a source object are kept: what was applied to no identity, by no action.
journal::AppliedKey deletion_key(const config::Pipeline& pipeline, std::string source_object);

/// What a record of the event is held back by where its source object was deleted; nullopt: it may be
/// written. Versions decide, else the numbers, unless the object was fetched: then it is there again.
std::optional<HeldBack> deleted_since(const journal::Applied& deletion, const journal::Applied& wanted,
                                      const config::Pipeline& pipeline);

}  // namespace tenon::delivery
