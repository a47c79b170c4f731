#include "pipeline/host.hpp"

#include <algorithm>
#include <atomic>
#include <set>

#include "config/connections.hpp"
#include "ingress/verify.hpp"
#include "observe/log.hpp"
#include "runtime/crash_point.hpp"

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

std::vector<std::string> placed_on(const Placement& placement, const config::Config& config,
                                   const Shard& shard) {
  std::vector<std::string> names;
  for (const auto& pipeline : config.pipelines)
    if (placement.of(pipeline->name) == shard.index()) names.push_back(pipeline->name);
  return names;
}

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
          Shard::Instances instances;
          TENON_TRY(auto flows, shard.make_flows(*config, placed_on(placement_, *config, shard), instances));
          shard.set_instances(std::move(instances));
          for (auto& flow : flows) shard.delivery().add_flow(std::move(flow));
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

// --- reload

struct Host::Apply {
  Apply(config::Config config, Placement placed, std::size_t shards)
      : fresh(std::make_shared<const config::Config>(std::move(config))),
        placement(std::move(placed)),
        flows(shards),
        instances(shards) {}
  std::shared_ptr<const config::Config> fresh;
  Placement placement;
  std::vector<ingress::Route> routes;
  std::vector<std::vector<delivery::Flow>> flows;  ///< by shard
  std::vector<Shard::Instances> instances;         ///< the same
  std::map<std::string, std::size_t> running;      ///< events under way, by pipeline
  Changes changes;
  Function<void(Result<Changes>)> done;
};

namespace {

const config::Pipeline* find(const config::Config& config, const std::string& name) {
  const auto found = std::find_if(config.pipelines.begin(), config.pipelines.end(),
                                  [&](const auto& each) { return each->name == name; });
  return found == config.pipelines.end() ? nullptr : found->get();
}

std::set<std::string> connections_of(const config::Pipeline& pipeline) {
  std::set<std::string> names{pipeline.trigger_connection};
  for (const auto& action : pipeline.actions) names.insert(action.connection);
  return names;
}

}  // namespace

Host::Changes Host::changes_to(const Apply& job) const {
  using Kind = Change::Kind;
  const config::Config& fresh = *job.fresh;
  const auto now = config();
  const auto running_of = [&job](const std::string& pipeline) {
    const auto found = job.running.find(pipeline);
    return found == job.running.end() ? 0 : found->second;
  };
  Changes changes;
  for (const auto& pipeline : fresh.pipelines) {
    Change& change = changes.emplace_back();
    change.pipeline = pipeline->name;
    change.version = pipeline->version;
    change.running = running_of(pipeline->name);
    const config::Pipeline* const old = find(*now, pipeline->name);
    if (old == nullptr) {
      change.kind = Kind::added;
      continue;
    }
    change.was = old->version;
    const auto order = [](const config::Pipeline& of) {
      return of.order_by ? of.order_by->text : std::string();
    };
    change.regroups = order(*old) != order(*pipeline);
    for (const std::string& name : connections_of(*pipeline)) {
      const auto known = now->connections.find(name);
      if (known == now->connections.end() ||
          !config::same_definition(known->second, fresh.connections.at(name)))
        change.connections.push_back(name);
    }
    change.kind =
        change.was == change.version && change.connections.empty() ? Kind::unchanged : Kind::changed;
  }
  for (const auto& pipeline : now->pipelines) {
    if (find(fresh, pipeline->name) != nullptr) continue;
    Change& change = changes.emplace_back();
    change.pipeline = pipeline->name;
    change.kind = Kind::removed;
    change.was = pipeline->version;
    change.running = running_of(pipeline->name);
  }
  return changes;
}

/// What can fail comes first: routes on the ingress executor, then instances on the others. Then flows are
/// put before routes may bring them events, and removed after routes bring them none.
void Host::apply(config::Config fresh, bool plan, Function<void(Result<Changes>)> done) {
  Result<Placement> placed = [&] {
    const std::lock_guard lock(config_mutex_);
    return placement_.with(fresh);
  }();
  runtime_.ingress().post(
      [this, fresh = std::move(fresh), plan, done = std::move(done), placed = std::move(placed)]() mutable {
        auto& first = shards_.front()->executor();
        const auto fail = [&](const Error& error) {
          first.post([done = std::move(done), error] { done(error); });
        };
        if (!placed) return fail(placed.error());
        auto job = std::make_shared<Apply>(std::move(fresh), std::move(*placed), shards_.size());
        if (!plan) {
          auto routes = make_routes(*job->fresh);
          if (!routes) return fail(routes.error());
          job->routes = std::move(*routes);
        }
        job->done = std::move(done);
        auto count = std::make_shared<Function<Status(Shard&)>>([this, job](Shard& shard) {
          for (const auto& each : {job->fresh, config()}) {
            for (const auto& pipeline : each->pipelines) {
              std::size_t& running = job->running[pipeline->name];
              running = std::max(running, shard.delivery().running_of(pipeline->name));
            }
          }
          return Status();
        });
        in_turn(std::move(count), [this, job, plan](Status) {
          if (plan) return job->done(changes_to(*job));
          make_flows(job);
        });
      });
}

void Host::make_flows(const std::shared_ptr<Apply>& job) {
  auto make = std::make_shared<Function<Status(Shard&)>>([job](Shard& shard) -> Status {
    TENON_TRY(job->flows[shard.index()],
              shard.make_flows(*job->fresh, placed_on(job->placement, *job->fresh, shard),
                               job->instances[shard.index()]));
    return {};
  });
  in_turn(std::move(make), [this, job](Status made) {
    if (!made) return job->done(made.error());
    TENON_CRASH_POINT("reload.before_flows");
    job->changes = changes_to(*job);
    put_flows(job);
  });
}

void Host::put_flows(const std::shared_ptr<Apply>& job) {
  auto put = std::make_shared<Function<Status(Shard&)>>([this, job](Shard& shard) {
    for (auto& flow : job->flows[shard.index()]) {
      const auto change = std::find_if(job->changes.begin(), job->changes.end(), [&](const Change& each) {
        return each.pipeline == flow.pipeline->name;
      });
      if (change->kind == Change::Kind::unchanged) continue;
      feed_.own(flow.pipeline->name, shard.index());
      shard.delivery().put_flow(std::move(flow));
    }
    return Status();
  });
  in_turn(std::move(put), [this, job](Status) {
    TENON_CRASH_POINT("reload.flows_put");
    runtime_.ingress().post([this, job] {
      Status routed = ingress_.set_routes(std::move(job->routes));
      shards_.front()->executor().post([this, job, routed = std::move(routed)] {
        if (!routed) return job->done(routed.error());
        finish_apply(job);
      });
    });
  });
}

void Host::finish_apply(const std::shared_ptr<Apply>& job) {
  TENON_CRASH_POINT("reload.routes_set");
  auto finish = std::make_shared<Function<Status(Shard&)>>([job](Shard& shard) {
    for (const Change& change : job->changes) {
      if (change.kind == Change::Kind::removed && shard.delivery().flow_of(change.pipeline))
        shard.delivery().remove_flow(change.pipeline);
    }
    shard.set_instances(std::move(job->instances[shard.index()]));
    return Status();
  });
  in_turn(std::move(finish), [this, job](Status) {
    for (const Change& change : job->changes) {
      if (change.kind == Change::Kind::unchanged) continue;
      log::info("pipeline applied",
                {{"pipeline", change.pipeline}, {"version", change.version}, {"was", change.was}});
    }
    {
      const std::lock_guard lock(config_mutex_);
      config_ = job->fresh;
      placement_ = std::move(job->placement);
    }
    TENON_CRASH_POINT("reload.applied");
    job->done(std::move(job->changes));
  });
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
