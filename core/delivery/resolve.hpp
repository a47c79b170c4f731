// Resolve: what may follow a create whose outcome nobody knows. Pure; the steps are in upsert.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "plugin/manifest.hpp"

namespace tenon::delivery {

/// An earlier create for the same identity that may or may not have taken effect; wall milliseconds.
struct Unresolved {
  std::string create_id;
  std::int64_t since_ms = 0;  ///< when the intent was written: its key's life counts from then
  std::int64_t over_ms = 0;   ///< when the last one sent was on its way no more, if later
};

/// No exchange with a remote lasts longer.
inline constexpr std::int64_t kExchangeMs = 60'000;
/// Nor any call of a plugin, which may wait for its account's budget first: its deadline, and five seconds in
/// which it may unwind.
inline constexpr std::int64_t kCallMs = 125'000;

/// An answer that keeps failing under one id may be the id's own: some sinks keep a 500 and repeat it
/// (https://docs.stripe.com/api/idempotent_requests).
inline constexpr std::uint32_t kAttemptsPerKey = 5;

/// What is done once a search has found nothing.
struct NextStep {
  enum class Kind : std::uint8_t {
    create,  ///< nothing that was sent can still take effect unseen
    repeat,  ///< the same create with the same id: the sink recognises it
    search,  ///< later: the earlier create may still land, or be hidden from the search
  };
  Kind kind = Kind::create;
  std::int64_t at_ms = 0;  ///< of `search`
};

/// The quiet time: how long after it was sent a create may still take effect and a search may not see it.
/// One exchange at most, the sink's own time (60 s where the plugin does not say), the lag of its search.
std::int64_t quiet_ms(const plugin::Capabilities& sink);

/// How to go on after a search that found nothing. `earlier`: the create that is not resolved; `create_id`:
/// the one that this event would send; `attempts`: how often this event was answered. A sink that recognises
/// a second create (by its id, or because the natural key is unique there) may be sent it at once. For any
/// other the quiet time is waited out, with searches in between and twice more, a lag apart, after it.
NextStep after_nothing_found(const plugin::Capabilities& sink, const std::optional<Unresolved>& earlier,
                             const std::string& create_id, std::uint32_t attempts, std::int64_t now_ms);

/// Behind a restore: creates that the last host sent, and that the store does not know, count as one that is
/// not resolved until none of them can take effect unseen. An empty id: none of ours.
std::optional<Unresolved> after_restore(const plugin::Capabilities& sink, std::int64_t restored_ms,
                                        std::int64_t now_ms);

/// Whether a create beside an unresolved one, under an id of its own, must be looked after: the sink takes
/// both, so a request that outlives its quiet time shows only by a search.
bool wants_verification(const plugin::Capabilities& sink);

}  // namespace tenon::delivery
