#include "pipeline/host.hpp"

#include <algorithm>
#include <atomic>

#include "ingress/verify.hpp"
#include "observe/log.hpp"

namespace tenon::pipeline {

Host::Host(runtime::Runtime& runtime, config::Config config, plugin::Registry& registry,
           journal::Journal& journal, HostOptions options)
    : runtime_(runtime),
      config_(std::make_shared<const config::Config>(std::move(config))),
      placement_(runtime.deliveries()),
      registry_(registry),
      journal_(journal),
      options_(options),
      feed_(journal, runtime.deliveries() == 1 ? runtime.delivery() : runtime.ingress(),
            runtime.deliveries()),
      ingress_(runtime, journal, options.ingress) {
  // What one host may hold in memory is the shards' together.
  options_.delivery.memory_events /= runtime.deliveries();
  const Shared shared{journal_,          registry_,       feed_,          redactor_,
                      options_.delivery, options.budgets, options.tokens, options.oauth};
  for (std::size_t i = 0; i < runtime.deliveries(); ++i)
    shards_.push_back(std::make_unique<Shard>(i, runtime.at_delivery(i), shared));
}

Host::~Host() = default;

std::shared_ptr<const config::Config> Host::config() const {
  const std::lock_guard lock(config_mutex_);
  return config_;
}

namespace {

void tell_placement(const Placement& placement, const config::Config& config) {
  for (const auto& pipeline : config.pipelines)
    log::info("a delivery thread has the pipeline",
              {{"pipeline", pipeline->name}, {"thread", placement.of(pipeline->name) + 1}});
}

}  // namespace

/// On each shard's executor, one after the other, until one has an error; then `then`, on the last one's.
void Host::in_turn(std::shared_ptr<Function<Status(Shard&)>> step, Function<void(Status)> then,
                   std::size_t at) {
  Shard& shard = *shards_[at];
  shard.executor().post([this, step = std::move(step), then = std::move(then), at, &shard]() mutable {
    Status status = (*step)(shard);
    if (!status || at + 1 == shards_.size()) return then(std::move(status));
    in_turn(std::move(step), std::move(then), at + 1);
  });
}

Shard* Host::shard_of(const std::string& pipeline) {
  const std::lock_guard lock(config_mutex_);
  const auto found = std::find_if(config_->pipelines.begin(), config_->pipelines.end(),
                                  [&](const auto& each) { return each->name == pipeline; });
  return found == config_->pipelines.end() ? nullptr : shards_[placement_.of(pipeline)].get();
}

bool Host::may_ask(const Shard& shard, const std::string& account) const {
  const std::lock_guard lock(config_mutex_);
  return placement_.may_ask(shard.index(), account);
}

void Host::start(Function<void(Status)> done) {
  const auto config = this->config();
  // All belong to nobody yet, so that nothing can be in the way.
  placement_ = placement_.with(*config).value();
  for (const auto& pipeline : config->pipelines) feed_.own(pipeline->name, placement_.of(pipeline->name));
  if (shards_.size() > 1) tell_placement(placement_, *config);
  runtime_.ingress().post([this, config, done = std::move(done)]() mutable {
    auto routes = make_routes(*config);
    Status routed = routes ? ingress_.set_routes(std::move(*routes)) : Status(routes.error());
    auto make = std::make_shared<Function<Status(Shard&)>>(
        [this, config, routed = std::move(routed)](Shard& shard) -> Status {
          TENON_CHECK(routed);
          Shard::Parts parts;
          auto flows = shard.make_flows(*config, placement_.names_on(shard.index(), *config), parts);
          if (!flows) {
            Shard::drop(parts);
            return flows.error();
          }
          shard.use_credentials(parts);
          shard.set_instances(std::move(parts.instances));
          for (auto& flow : *flows) shard.delivery().add_flow(std::move(flow));
          return {};
        });
    in_turn(std::move(make), [this, done = std::move(done)](Status made) mutable {
      if (!made) return done(std::move(made));
      auto begin = std::make_shared<Function<Status(Shard&)>>([](Shard& shard) {
        shard.delivery().start();
        return Status();
      });
      in_turn(std::move(begin), [this, done = std::move(done)](Status begun) mutable {
        shards_.front()->executor().post([this] { retain(); });
        done(std::move(begun));
      });
    });
  });
}

Result<std::vector<ingress::Route>> Host::make_routes(const config::Config& config) {
  std::map<std::string, ingress::Route> routes;
  plugin::teach(*redactor_, config.connections, registry_);
  for (const auto& pipeline : config.pipelines) {
    const std::string& name = pipeline->trigger_connection;
    ingress::Route& route = routes[name];
    if (!route.instance) {
      const plugin::ConnectionSpec& spec = config.connections.at(name);
      TENON_TRY(route.instance,
                registry_.make_instance(spec, {&runtime_, &runtime_.ingress(), nullptr, redactor_}));
      route.connection = spec;
      route.manifest = registry_.find(spec.connector);
      if (const auto made = ingress::Verifier::make(spec, route.manifest->verify); !made) return made.error();
    }
    for (const std::string& type : pipeline->events) route.wanted[type].push_back(pipeline->name);
  }
  std::vector<ingress::Route> list;
  for (auto& [name, route] : routes) list.push_back(std::move(route));
  return list;
}

/// On the first shard's executor, for all.
void Host::retain() {
  constexpr std::uint32_t kBatch = 500;
  if (stopping_) return;
  auto& executor = shards_.front()->executor();
  for (const auto& shard : shards_) shard->executor().post([&shard = *shard] { shard.let_go(); });
  journal_.retain(runtime_.clock().wall_ms() - options_.retention_ms, kBatch,
                  {&executor, [this, &executor](Result<std::uint64_t> deleted) {
                     if (!deleted || stopping_) return;
                     if (*deleted != kBatch) {
                       for (const auto& shard : shards_)
                         shard->executor().post([&shard = *shard] { shard.gate().keep(); });
                     }
                     const auto pause = *deleted == kBatch ? runtime::Duration(std::chrono::milliseconds(100))
                                                           : runtime::Duration(std::chrono::minutes(1));
                     retention_timer_ = executor.after(pause, [this] { retain(); });
                   }});
}

void Host::view(Function<void(View)> done) {
  const auto view = std::make_shared<View>();
  const auto config = this->config();
  for (const auto& pipeline : config->pipelines) {
    view->pipelines.push_back(pipeline->name);
    view->versions.push_back(pipeline->version);
  }
  view->blocked.resize(view->pipelines.size());
  auto look = std::make_shared<Function<Status(Shard&)>>([view](Shard& shard) {
    for (std::size_t i = 0; i < view->pipelines.size(); ++i)
      view->blocked[i] += shard.delivery().blocked_of(view->pipelines[i]);
    for (auto& account : shard.gate().view()) view->accounts.push_back(std::move(account));
    view->running += shard.delivery().running();
    view->in_memory += shard.delivery().waiting();
    return Status();
  });
  in_turn(std::move(look), [this, view, done = std::move(done)](Status) mutable {
    std::sort(view->accounts.begin(), view->accounts.end(),
              [](const auto& a, const auto& b) { return a.account < b.account; });
    runtime_.ingress().post([view, done = std::move(done)]() mutable { done(std::move(*view)); });
  });
}

void Host::set_mode(std::string pipeline, journal::PipelineMode mode, delivery::Delivery::ModeSet done) {
  delivery::Delivery::ModeSet back = [this,
                                      done = std::move(done)](Result<journal::PipelineState> now) mutable {
    runtime_.ingress().post(
        [now = std::move(now), done = std::move(done)]() mutable { done(std::move(now)); });
  };
  Shard* const shard = shard_of(pipeline);
  if (shard == nullptr) return back(Error("not_found", "no pipeline of that name runs here"));
  shard->executor().post([shard, pipeline = std::move(pipeline), mode, back = std::move(back)]() mutable {
    shard->delivery().set_mode(std::move(pipeline), mode, std::move(back));
  });
}

void Host::look_at_blockers(std::vector<journal::Seq> seqs) {
  for (const auto& shard : shards_)
    shard->executor().post([&shard = *shard, seqs] { shard.delivery().look_at_blockers(seqs); });
}

void Host::look_at_blockers(std::string key) {
  for (const auto& shard : shards_)
    shard->executor().post([&shard = *shard, key] { shard.delivery().look_at_blockers(key); });
}

void Host::stop(runtime::Duration limit, Function<void()> done) {
  runtime_.ingress().post([this, limit, done = std::move(done)]() mutable {
    ingress_.drain();
    shards_.front()->executor().post([this] {
      stopping_ = true;
      shards_.front()->executor().cancel(retention_timer_);
    });
    struct Waits {
      std::atomic<std::size_t> left;
      Function<void()> done;
    };
    auto waits = std::make_shared<Waits>();
    waits->left = shards_.size();
    waits->done = std::move(done);
    for (const auto& each : shards_) {
      each->executor().post([&shard = *each, limit, waits] {
        shard.stop(limit, [waits] {
          if (--waits->left == 0) waits->done();
        });
      });
    }
  });
}

}  // namespace tenon::pipeline
