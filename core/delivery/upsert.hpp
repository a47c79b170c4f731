// The steps of an upsert: find, write-ahead intent, create or update, conflict -> find again. The host owns
// the races.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "delivery/calls.hpp"
#include "delivery/resolve.hpp"
#include "event/outcome.hpp"
#include "journal/journal.hpp"
#include "runtime/runtime.hpp"

namespace tenon::delivery {

struct Upsert {
  journal::Ledger& journal;
  runtime::Executor& executor;
  runtime::Clock& clock;
  Calls& calls;
  plugin::Instance& sink;
  std::string operation;
  std::string record;                            ///< JSON text
  std::vector<journal::IdentityKey> identities;  ///< locked; the first is the primary one
  std::string known_id;                          ///< the sink's id, if our own rows know it
  journal::Seq seq = 0;
  std::string action;
  std::string create_id;  ///< the same for every repetition of this event's action
  const plugin::Capabilities& capabilities;
  std::optional<Unresolved> unresolved;  ///< of an identity's row: a create that nobody knows the end of
  std::uint32_t attempts = 0;            ///< answers that this event had before
  bool shadow = false;                   ///< calls that would write are withheld: no intent is needed
};

struct UpsertResult {
  Outcome outcome;
  /// The create that `begin` announced was answered, and surely had no effect: its intent may be forgotten.
  bool refused = false;
  /// A create of this run may have taken effect, and its answer does not say so.
  bool in_doubt = false;
  /// A create was sent though an earlier one is not accounted for, at a sink that would not notice: a search
  /// later must show one object only. Its intent has what to search for.
  bool verify = false;
  /// Several objects match the identity: which, and that the lowest was taken; for people.
  std::string conflict;
  /// What was not done since the pipeline is a shadow: `create`, `update 17`.
  std::string withheld;
  std::string id;  ///< where an update was withheld: of the object that is there
  /// The store refused the intent: nothing was sent, and the run must not be settled.
  bool store_failed = false;
};

/// Runs the steps to an outcome; on delivered, outcome.learnt_id is the sink's id. Ends after 5 rounds of
/// conflict.
runtime::Task<UpsertResult> run_upsert(Upsert& upsert);

}  // namespace tenon::delivery
