// Shard: all that one delivery executor has to itself: its pipelines' instances, accounts, tokens and lanes.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "auth/token_gate.hpp"
#include "config/pipeline.hpp"
#include "delivery/delivery.hpp"
#include "delivery/feed.hpp"
#include "delivery/gate.hpp"
#include "journal/journal.hpp"
#include "plugin/instance.hpp"
#include "runtime/runtime.hpp"

namespace tenon::pipeline {

/// What all shards of a host share; outlives them.
struct Shared {
  journal::Journal& journal;
  plugin::Registry& registry;
  delivery::Feed& feed;
  std::shared_ptr<observe::Redactor> redactor;
  delivery::DeliveryOptions delivery;
  delivery::BudgetMemory* budgets = nullptr;
  auth::TokenStore* tokens = nullptr;
  auth::CredentialOptions oauth;
};

/// Made and destroyed on the main thread while the executors are idle or stopped; all else on its executor.
class Shard {
 public:
  using Instances = std::map<std::string, std::shared_ptr<plugin::Instance>>;  ///< by connection
  /// What flows are made with.
  struct Parts {
    Instances instances;
    std::vector<std::shared_ptr<auth::Credential>> credentials;  ///< those that are new
  };

  /// `runtime` as this shard's parts see it.
  Shard(std::size_t index, runtime::Runtime& runtime, const Shared& shared);

  runtime::Executor& executor() { return runtime_.delivery(); }
  runtime::Runtime& runtime() { return runtime_; }
  std::size_t index() const { return index_; }
  delivery::Delivery& delivery() { return delivery_; }
  delivery::BudgetGate& gate() { return gate_; }

  /// Of those of the config's pipelines that are named. Instances are taken from the parts, from those that
  /// run, or made; all of them are in the parts then. What runs is as it was. Errors: those of making
  /// instances and of tokens.
  Result<std::vector<delivery::Flow>> make_flows(const config::Config& config,
                                                 const std::vector<std::string>& pipelines, Parts& parts);
  /// The ones that ask for tokens from now on.
  void use_credentials(Parts& parts);
  /// The parts are of no use: something else failed.
  static void drop(Parts& parts);

  const Instances& instances() const { return instances_; }
  /// The ones that run from now on; those that are no longer among them are retired.
  void set_instances(Instances instances);
  /// Calls and looks that are under way may still come back to it for a while: it is kept until then.
  void retire(std::shared_ptr<plugin::Instance> instance);
  /// Lets go of retired ones that nothing comes back to.
  void let_go();

  /// Lets what runs finish within `limit`, cancels the rest, then lets a refresh of tokens finish; `done` on
  /// this executor.
  void stop(runtime::Duration limit, Function<void()> done);

 private:
  Result<plugin::Instance*> instance_of(const config::Config& config, const std::string& connection,
                                        Parts& parts, delivery::Flow& flow);

  const std::size_t index_;
  runtime::Runtime& runtime_;
  plugin::Registry& registry_;
  std::shared_ptr<observe::Redactor> redactor_;
  delivery::BudgetGate gate_;
  auth::TokenGate token_gate_;
  Instances instances_;
  std::vector<std::pair<runtime::Duration, std::shared_ptr<plugin::Instance>>> retired_;
  delivery::Delivery delivery_;
};

}  // namespace tenon::pipeline
