// Write-ahead intents: what is on disk before a request that must not be sent twice unseen, and what may be
// learnt of it when its run is over.
#pragma once

#include <string>
#include <vector>

#include "delivery/calls.hpp"
#include "journal/journal.hpp"
#include "runtime/task.hpp"

namespace tenon::delivery {

/// Puts the intent on disk; nothing may be sent before. While there is no room for it, or another process
/// has the store, it waits, unless the calls are cancelled.
runtime::Task<Result<bool>> begin(journal::Ledger& journal, runtime::Executor& executor, const Calls& calls,
                                  journal::Intent intent);

/// Tells the journal what a plugin says of that create or call when it was given up already: of a create its
/// id, without which nothing is told. The journal and the executor outlive the instance.
Calls::Late learns(journal::Ledger& journal, runtime::Executor& executor,
                   std::vector<journal::IdentityKey> identities, std::string create_id);

}  // namespace tenon::delivery
