// Host: the definitions wired to running parts; started, drained and stopped as one.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "auth/token_gate.hpp"
#include "config/pipeline.hpp"
#include "delivery/delivery.hpp"
#include "delivery/feed.hpp"
#include "delivery/gate.hpp"
#include "ingress/ingress.hpp"
#include "journal/journal.hpp"
#include "pipeline/placement.hpp"
#include "pipeline/shard.hpp"
#include "plugin/instance.hpp"
#include "runtime/runtime.hpp"

namespace tenon::pipeline {

struct HostOptions {
  delivery::DeliveryOptions delivery;
  ingress::IngressOptions ingress;
  delivery::BudgetMemory* budgets = nullptr;  ///< may be null; outlives the host
  auth::TokenStore* tokens = nullptr;  ///< outlives the host; null: no access tokens are sent, as in tests
  auth::CredentialOptions oauth;
  std::int64_t retention_ms = 7LL * 24 * 3600 * 1000;  ///< ended events are kept so long
};

/// Owns every part between the listener and the network, on a real or a virtual runtime: ingress, and a shard
/// for each of its delivery executors. Made and destroyed on the main thread while the executors are idle or
/// stopped; `start` and `stop` may be called from any thread.
class Host {
 public:
  /// The registry and the journal outlive the host.
  Host(runtime::Runtime& runtime, config::Config config, plugin::Registry& registry,
       journal::Journal& journal, HostOptions options = {});
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// Makes the instances, each on its own executor, then takes requests and events. `done` on one of them:
  /// the first error, or ready.
  void start(Function<void(Status)> done);

  /// Refuses new requests, lets what runs finish within `limit`, cancels the rest; `done` on a delivery
  /// executor.
  void stop(runtime::Duration limit, Function<void()> done);

  /// What a reload changes of one pipeline.
  struct Change {
    enum class Kind : std::uint8_t { added, changed, removed, unchanged };
    std::string pipeline;
    Kind kind = Kind::unchanged;
    std::string version;                   ///< empty if removed
    std::string was;                       ///< empty if added
    std::vector<std::string> connections;  ///< those of its own that are other ones now
    bool regroups = false;                 ///< `order_by` is another
    std::size_t running = 0;               ///< events under way
  };
  using Changes = std::vector<Change>;
  /// Swaps the pipelines that changed, adds and removes, all or nothing; listeners, connections and what is
  /// under way are not touched. With `plan` only tells what would change. From any thread, one at a time;
  /// `done` on one of its executors. Errors: `needs_restart` (Placement), those of making instances and
  /// verifiers.
  void apply(config::Config fresh, bool plan, Function<void(Result<Changes>)> done);

  struct View {
    std::vector<std::string> pipelines;
    std::vector<std::string> versions;  ///< of the pipelines, in their order
    std::vector<delivery::BudgetGate::View> accounts;
    std::vector<std::size_t> blocked;  ///< lanes that a dead letter holds up, in the pipelines' order
    std::size_t running = 0;           ///< events under way
    std::size_t in_memory = 0;         ///< events that wait and are held in memory; others wait on disk
  };
  /// What the host does now; from any thread, `done` on the ingress executor.
  void view(Function<void(View)> done);
  /// Pauses a pipeline or lets it run again; from any thread, `done` on the ingress executor. Errors:
  /// `not_found`, those of the journal.
  void set_mode(std::string pipeline, journal::PipelineMode mode, delivery::Delivery::ModeSet done);

  /// Dead letters were skipped, or all of a key were forgotten: what they held up goes on. From any thread.
  void look_at_blockers(std::vector<journal::Seq> seqs);
  void look_at_blockers(std::string key);
  /// Runs ended events of a pipeline once more, class `replay`. A call that was delivered is not made again
  /// unless forced: it cannot be told from a second one everywhere. From any thread, `done` on the ingress
  /// executor. Errors: `not_found`, those of the journal.
  void replay(std::string pipeline, std::vector<journal::Seq> seqs, bool force,
              Function<void(Result<journal::Requeued>)> done);

  /// Where requests come in; on the ingress executor.
  ingress::Ingress& ingress() { return ingress_; }

 private:
  friend class DryRuns;  ///< of the same flows, through the same gates
  struct Apply;
  std::shared_ptr<const config::Config> config() const;
  /// Null if no such pipeline is loaded.
  Shard* shard_of(const std::string& pipeline);
  bool may_ask(const Shard& shard, const std::string& account) const;
  Result<std::vector<ingress::Route>> make_routes(const config::Config& config);
  void in_turn(std::shared_ptr<Function<Status(Shard&)>> step, Function<void(Status)> then,
               std::size_t at = 0);
  void make_flows(const std::shared_ptr<Apply>& job);
  void refuse(const std::shared_ptr<Apply>& job, const Error& why);
  Changes changes_to(const Apply& job) const;
  void put_flows(const std::shared_ptr<Apply>& job);
  void finish_apply(const std::shared_ptr<Apply>& job);
  void retain();

  runtime::Runtime& runtime_;
  mutable std::mutex config_mutex_;  // guards the next two
  std::shared_ptr<const config::Config> config_;
  Placement placement_;
  plugin::Registry& registry_;
  journal::Journal& journal_;
  HostOptions options_;
  /// One for all connections, for the host's life: it learns, and forgets only tokens that were replaced.
  std::shared_ptr<observe::Redactor> redactor_ = std::make_shared<observe::Redactor>();
  delivery::Feed feed_;
  std::vector<std::unique_ptr<Shard>> shards_;  ///< by delivery executor; never empty
  ingress::Ingress ingress_;
  runtime::TimerId retention_timer_ = 0;
  bool stopping_ = false;  ///< the first shard's
};

}  // namespace tenon::pipeline
