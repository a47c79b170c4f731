#include "delivery/intent.hpp"

#include "observe/log.hpp"

namespace tenon::delivery {

runtime::Task<Result<bool>> begin(journal::Ledger& journal, runtime::Executor& executor, const Calls& calls,
                                  journal::Intent intent) {
  for (;;) {
    runtime::Async<Result<bool>> committed([&](Function<void(Result<bool>)> done) {
      journal.begin(journal.epoch(), intent, {&executor, std::move(done)});
    });
    Result<bool> result = co_await committed;
    const bool passes =
        !result && (result.error().code == "store_full" || result.error().code == "store_busy");
    if (!passes || calls.cancelled()) co_return result;
    log::warn(codes::kStoreFull, "no room to note what is about to be sent; trying again",
              {{"event", intent.seq}, {"why", result.error().text()}});
    runtime::Async<bool> pause([&](Function<void(bool)> done) {
      executor.after(std::chrono::seconds(1), [done = std::move(done)] { done(true); });
    });
    co_await pause;
  }
}

Calls::Late learns(journal::Ledger& journal, runtime::Executor& executor,
                   std::vector<journal::IdentityKey> identities, std::string create_id) {
  return [&journal, &executor, identities = std::move(identities),
          create_id = std::move(create_id)](const plugin::CallResult& result) {
    const bool is_call = identities.front().account.empty();
    if (result.id.empty() && !is_call) return;
    journal.learn(journal.epoch(), identities, create_id, result.id,
                  {&executor, [](Result<bool> learnt) {
                     if (learnt && *learnt)
                       log::info("a plugin told late what a create or call came to: it is not searched for");
                   }});
  };
}

}  // namespace tenon::delivery
