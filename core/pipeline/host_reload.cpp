// Host: how a running one changes to another config.
#include <algorithm>
#include <set>

#include "config/connections.hpp"
#include "observe/log.hpp"
#include "pipeline/host.hpp"
#include "runtime/crash_point.hpp"

namespace tenon::pipeline {

struct Host::Apply {
  Apply(config::Config config, Placement placed, std::size_t shards)
      : fresh(std::make_shared<const config::Config>(std::move(config))),
        placement(std::move(placed)),
        flows(shards),
        parts(shards) {}
  std::shared_ptr<const config::Config> fresh;
  Placement placement;
  std::vector<ingress::Route> routes;
  std::vector<std::vector<delivery::Flow>> flows;  ///< by shard
  std::vector<Shard::Parts> parts;                 ///< the same
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
              shard.make_flows(*job->fresh, job->placement.names_on(shard.index(), *job->fresh),
                               job->parts[shard.index()]));
    return {};
  });
  in_turn(std::move(make), [this, job](Status made) {
    if (!made) return refuse(job, made.error());
    TENON_CRASH_POINT("reload.before_flows");
    job->changes = changes_to(*job);
    put_flows(job);
  });
}

/// Nothing was changed; what was made is let go of.
void Host::refuse(const std::shared_ptr<Apply>& job, const Error& why) {
  auto drop = std::make_shared<Function<Status(Shard&)>>([job](Shard& shard) {
    Shard::drop(job->parts[shard.index()]);
    return Status();
  });
  in_turn(std::move(drop), [job, why](Status) { job->done(why); });
}

void Host::put_flows(const std::shared_ptr<Apply>& job) {
  auto put = std::make_shared<Function<Status(Shard&)>>([this, job](Shard& shard) {
    shard.use_credentials(job->parts[shard.index()]);
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
    shard.set_instances(std::move(job->parts[shard.index()].instances));
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

}  // namespace tenon::pipeline
