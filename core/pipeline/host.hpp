// Host: the definitions wired to running parts; started, drained and stopped as one.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/value.hpp"
#include "config/pipeline.hpp"
#include "delivery/delivery.hpp"
#include "delivery/gate.hpp"
#include "ingress/ingress.hpp"
#include "journal/journal.hpp"
#include "plugin/instance.hpp"
#include "runtime/runtime.hpp"

namespace tenon::pipeline {

struct HostOptions {
  delivery::DeliveryOptions delivery;
  ingress::IngressOptions ingress;
  std::int64_t retention_ms = 7LL * 24 * 3600 * 1000;  ///< ended events are kept so long
};

/// Owns every part between the listener and the network, on a real or a virtual runtime. Made and destroyed
/// on the main thread while the executors are idle or stopped; `start` and `stop` may be called from any
/// thread.
class Host {
 public:
  /// The registry and the journal outlive the host.
  Host(runtime::Runtime& runtime, config::Config config, plugin::Registry& registry,
       journal::Journal& journal, HostOptions options = {});
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// Makes the instances, each on its own executor, then takes requests and events. `done` on the delivery
  /// executor: the first error, or ready.
  void start(Function<void(Status)> done);

  /// Refuses new requests, lets what runs finish within `limit`, cancels the rest; `done` on the delivery
  /// executor.
  void stop(runtime::Duration limit, Function<void()> done);

  struct View {
    std::vector<std::string> pipelines;
    std::vector<delivery::BudgetGate::View> accounts;
    std::size_t running = 0;  ///< events under way
  };
  /// What the host does now; from any thread, `done` on the ingress executor.
  void view(Function<void(View)> done);
  /// Pauses a pipeline or lets it run again; from any thread, `done` on the ingress executor. Errors:
  /// `not_found`, those of the journal.
  void set_mode(std::string pipeline, journal::PipelineMode mode, delivery::Delivery::ModeSet done);

  /// Where requests come in; on the ingress executor.
  ingress::Ingress& ingress() { return ingress_; }
  const config::Config& config() const { return config_; }

 private:
  Status make_routes();
  Status make_flows();
  Result<plugin::Instance*> instance_of(const std::string& connection);
  void retain();

  runtime::Runtime& runtime_;
  config::Config config_;
  plugin::Registry& registry_;
  journal::Journal& journal_;
  HostOptions options_;
  Document connections_;  ///< visible settings of all connections, by name
  delivery::BudgetGate gate_;
  std::map<std::string, std::unique_ptr<plugin::Instance>>
      instances_;  ///< of the delivery executor, by connection
  delivery::Delivery delivery_;
  ingress::Ingress ingress_;
  runtime::TimerId retention_timer_ = 0;
  bool stopping_ = false;  ///< delivery executor's
};

}  // namespace tenon::pipeline
