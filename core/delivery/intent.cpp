#include "delivery/intent.hpp"

#include "observe/log.hpp"

namespace tenon::delivery {

runtime::Task<Result<bool>> begin(journal::Ledger& journal, runtime::Executor& executor,
                                  journal::Intent intent) {
  runtime::Async<Result<bool>> committed([&](Function<void(Result<bool>)> done) {
    journal.begin(journal.epoch(), std::move(intent), {&executor, std::move(done)});
  });
  Result<bool> result = co_await committed;
  co_return result;
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
