// A call whose repetition the sink recognises by its key, for a time: sent again only while that holds.
#pragma once

#include <optional>
#include <string>

#include "delivery/calls.hpp"
#include "event/outcome.hpp"
#include "journal/journal.hpp"
#include "runtime/runtime.hpp"

namespace tenon::delivery {

struct KeyedCall {
  journal::Ledger& journal;
  runtime::Executor& executor;
  runtime::Clock& clock;
  Calls& calls;
  plugin::Instance& sink;
  std::string operation;
  std::string record;  ///< JSON text
  journal::Seq seq = 0;
  std::string action;
  std::string call_id;  ///< the same for every repetition of this event's action, but see `spent`
  /// How long the sink recognises it: milliseconds; 0: it never does, and no intent is written.
  std::int64_t key_ms = 0;
  bool shadow = false;  ///< it is withheld: no intent is needed
  /// Whoever asked for it knows what may be at the sink: it was asked for by name, or by force.
  bool known = true;
};

struct KeyedCallResult {
  Outcome outcome;
  /// Not sent, since an earlier one may have taken effect and the sink no longer recognises it: why, for
  /// people. Whoever asks for it again (`tenon dead retry`) has looked.
  std::string forgotten;
  /// An earlier one, or this one, may have taken effect.
  bool in_doubt = false;
  /// The sink failed by itself, and may repeat that answer for as long as it knows the id. The row to write
  /// if this is the event's end, which must say so: whoever asks for the call again gets another id.
  std::optional<journal::Identity> spent = std::nullopt;
  /// The row to write with what came of it, if it changes.
  std::optional<journal::Identity> row = std::nullopt;
  bool withheld = false;      ///< since the pipeline is a shadow
  bool cancelled = false;     ///< by a shutdown
  bool store_failed = false;  ///< nothing was sent, and the run must not be settled
};

/// Puts the intent on disk before the first one is sent, so that the key's age is known after a crash too.
runtime::Task<KeyedCallResult> run_keyed_call(KeyedCall& call);

/// Whether a sink that recognises a call for `key_ms` may have forgotten the one of `since_ms` by the time
/// another one arrives.
bool key_forgotten(std::int64_t key_ms, std::int64_t since_ms, std::int64_t now_ms);

}  // namespace tenon::delivery
