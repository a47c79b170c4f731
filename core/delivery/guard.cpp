#include "delivery/guard.hpp"

#include <algorithm>

#include "delivery/version.hpp"

namespace tenon::delivery {
namespace {

bool state_is_fetched(const config::Pipeline& pipeline) {
  return std::any_of(pipeline.fetches.begin(), pipeline.fetches.end(),
                     [](const config::FetchStep& step) { return !step.list; });
}

}  // namespace

std::optional<HeldBack> held_back(const journal::Applied& before, const journal::Applied& wanted,
                                  EventClass event_class, const config::Pipeline& pipeline) {
  const bool both = before.version && wanted.version;
  const bool same = both && *before.version == *wanted.version;
  if (both && strictly_older(*wanted.version, *before.version))
    return HeldBack{End::superseded, "a newer version (" + *before.version + ") was applied already"};
  if (same && before.record_hash == wanted.record_hash && before.mapping_digest == wanted.mapping_digest)
    return HeldBack{End::skipped, "unchanged: this version was applied already"};
  const bool newer = both && strictly_older(*before.version, *wanted.version);
  const bool asked_again = event_class == EventClass::replay || event_class == EventClass::retry;
  if (asked_again && !same && !newer && before.seq > wanted.seq && !state_is_fetched(pipeline))
    return HeldBack{End::superseded,
                    "a newer event (" + std::to_string(before.seq) + ") was applied already"};
  return std::nullopt;
}

journal::AppliedKey deletion_key(const config::Pipeline& pipeline, std::string source_object) {
  return {{}, pipeline.name, "", std::move(source_object)};
}

std::optional<HeldBack> deleted_since(const journal::Applied& deletion, const journal::Applied& wanted,
                                      const config::Pipeline& pipeline) {
  const bool both = deletion.version && wanted.version;
  bool before = both && strictly_older(*wanted.version, *deletion.version);
  const bool after = both && strictly_older(*deletion.version, *wanted.version);
  if (!before && !after && !state_is_fetched(pipeline)) before = wanted.seq < deletion.seq;
  if (!before) return std::nullopt;
  return HeldBack{End::superseded,
                  "the object was deleted at its source by event " + std::to_string(deletion.seq)};
}

}  // namespace tenon::delivery
