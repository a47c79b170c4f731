#include "pipeline/host.hpp"

#include <algorithm>
#include <set>

#include "base/json.hpp"
#include "config/connections.hpp"
#include "ingress/verify.hpp"
#include "observe/log.hpp"
#include "runtime/crash_point.hpp"

namespace tenon::pipeline {
namespace {

/// {"store": {settings}, "desk": {settings}}; settings hold no secrets.
Document visible_settings(const config::Config& config) {
  std::string text = "{";
  for (const auto& [name, connection] : config.connections) {
    if (text.size() > 1) text += ',';
    append_json_string(text, name);
    text += ':';
    text += connection.settings;
  }
  text += '}';
  // Both parts are JSON that we wrote ourselves.
  return parse_json(text).value();
}

}  // namespace

Host::Host(runtime::Runtime& runtime, config::Config config, plugin::Registry& registry,
           journal::Journal& journal, HostOptions options)
    : runtime_(runtime),
      config_(std::make_shared<const config::Config>(std::move(config))),
      registry_(registry),
      journal_(journal),
      options_(options),
      gate_(runtime, options.budgets),
      token_gate_(runtime, gate_, options.tokens, *redactor_, options.oauth),
      delivery_(runtime, journal, gate_, options.delivery),
      ingress_(runtime, journal, options.ingress) {}

Host::~Host() = default;

std::shared_ptr<const config::Config> Host::config() const {
  const std::lock_guard lock(config_mutex_);
  return config_;
}

void Host::start(Function<void(Status)> done) {
  runtime_.ingress().post([this, done = std::move(done)]() mutable {
    auto routes = make_routes(*config());
    Status routed = routes ? ingress_.set_routes(std::move(*routes)) : Status(routes.error());
    runtime_.delivery().post([this, routed = std::move(routed), done = std::move(done)]() mutable {
      if (!routed) return done(std::move(routed));
      auto flows = make_flows(*config(), instances_);
      if (!flows) return done(flows.error());
      for (auto& flow : *flows) delivery_.add_flow(std::move(flow));
      delivery_.start();
      retain();
      done({});
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

/// An instance of the same connection is used again.
Result<plugin::Instance*> Host::instance_of(const config::Config& config, const std::string& connection,
                                            Instances& instances, delivery::Flow& flow) {
  const plugin::ConnectionSpec& spec = config.connections.at(connection);
  auto& slot = instances[connection];
  if (!slot) {
    const auto known = instances_.find(connection);
    if (known != instances_.end() && known->second &&
        config::same_definition(known->second->connection(), spec)) {
      slot = known->second;
    } else {
      TENON_CHECK(token_gate_.add(spec));
      TENON_TRY(slot,
                registry_.make_instance(spec, {&runtime_, &runtime_.delivery(), &token_gate_, redactor_}));
      gate_.add_account(spec.account, registry_.find(spec.connector)->budget);
    }
  }
  flow.keeps.push_back(slot);
  return slot.get();
}

Result<std::vector<delivery::Flow>> Host::make_flows(const config::Config& config, Instances& instances) {
  const auto visible = std::make_shared<const Document>(visible_settings(config));
  std::vector<delivery::Flow> flows;
  for (const auto& pipeline : config.pipelines) {
    delivery::Flow flow;
    flow.pipeline = pipeline;
    flow.connections = visible->root;
    flow.keeps.push_back(visible);
    if (!pipeline->fetches.empty()) {
      TENON_TRY(flow.source, instance_of(config, pipeline->trigger_connection, instances, flow));
    }
    for (const config::Action& action : pipeline->actions) {
      TENON_TRY(flow.sinks[action.connection], instance_of(config, action.connection, instances, flow));
    }
    flows.push_back(std::move(flow));
  }
  return flows;
}

// --- reload

struct Host::Apply {
  std::shared_ptr<const config::Config> fresh;
  std::vector<ingress::Route> routes;
  Instances instances;
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

Host::Changes Host::changes_to(const config::Config& fresh) const {
  using Kind = Change::Kind;
  const auto now = config();
  Changes changes;
  for (const auto& pipeline : fresh.pipelines) {
    Change& change = changes.emplace_back();
    change.pipeline = pipeline->name;
    change.version = pipeline->version;
    change.running = delivery_.running_of(pipeline->name);
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
    change.running = delivery_.running_of(pipeline->name);
  }
  return changes;
}

/// What can fail comes first: routes on the ingress executor, then instances on the other. Then flows are put
/// before routes may bring them events, and removed after routes bring them none.
void Host::apply(config::Config fresh, bool plan, Function<void(Result<Changes>)> done) {
  auto job = std::make_shared<Apply>();
  job->fresh = std::make_shared<const config::Config>(std::move(fresh));
  job->done = std::move(done);
  if (plan) {
    return runtime_.delivery().post([this, job] { job->done(changes_to(*job->fresh)); });
  }
  runtime_.ingress().post([this, job] {
    auto routes = make_routes(*job->fresh);
    if (routes) job->routes = std::move(*routes);
    runtime_.delivery().post([this, job, status = routes ? Status() : Status(routes.error())] {
      if (!status) return job->done(status.error());
      put_flows(job);
    });
  });
}

void Host::put_flows(const std::shared_ptr<Apply>& job) {
  auto flows = make_flows(*job->fresh, job->instances);
  if (!flows) return job->done(flows.error());
  TENON_CRASH_POINT("reload.before_flows");
  job->changes = changes_to(*job->fresh);
  for (auto& flow : *flows) {
    const auto change = std::find_if(job->changes.begin(), job->changes.end(), [&](const Change& each) {
      return each.pipeline == flow.pipeline->name;
    });
    if (change->kind != Change::Kind::unchanged) delivery_.put_flow(std::move(flow));
  }
  TENON_CRASH_POINT("reload.flows_put");
  runtime_.ingress().post([this, job] {
    Status routed = ingress_.set_routes(std::move(job->routes));
    runtime_.delivery().post([this, job, routed = std::move(routed)] {
      if (!routed) return job->done(routed.error());
      finish_apply(job);
    });
  });
}

void Host::finish_apply(const std::shared_ptr<Apply>& job) {
  TENON_CRASH_POINT("reload.routes_set");
  for (const Change& change : job->changes) {
    if (change.kind == Change::Kind::unchanged) continue;
    if (change.kind == Change::Kind::removed) delivery_.remove_flow(change.pipeline);
    log::info("pipeline applied",
              {{"pipeline", change.pipeline}, {"version", change.version}, {"was", change.was}});
  }
  for (auto& [name, instance] : instances_) {
    const auto kept = job->instances.find(name);
    if (kept == job->instances.end() || kept->second != instance) retire(std::move(instance));
  }
  instances_ = std::move(job->instances);
  {
    const std::lock_guard lock(config_mutex_);
    config_ = job->fresh;
  }
  TENON_CRASH_POINT("reload.applied");
  job->done(std::move(job->changes));
}

void Host::retire(std::shared_ptr<plugin::Instance> instance) {
  constexpr runtime::Duration kKept = std::chrono::hours(1);
  retired_.emplace_back(runtime_.clock().steady() + kKept, std::move(instance));
}

void Host::let_go() {
  const runtime::Duration now = runtime_.clock().steady();
  std::erase_if(retired_, [now](const auto& each) {
    return each.first <= now && each.second.use_count() == 1 && each.second->open_calls() == 0;
  });
}

void Host::retain() {
  constexpr std::uint32_t kBatch = 500;
  if (stopping_) return;
  let_go();
  journal_.retain(runtime_.clock().wall_ms() - options_.retention_ms, kBatch,
                  {&runtime_.delivery(), [this](Result<std::uint64_t> deleted) {
                     if (!deleted || stopping_) return;
                     if (*deleted != kBatch) gate_.keep();
                     const auto pause = *deleted == kBatch ? runtime::Duration(std::chrono::milliseconds(100))
                                                           : runtime::Duration(std::chrono::minutes(1));
                     retention_timer_ = runtime_.delivery().after(pause, [this] { retain(); });
                   }});
}

void Host::view(Function<void(View)> done) {
  runtime_.delivery().post([this, done = std::move(done)]() mutable {
    View view;
    for (const auto& pipeline : config()->pipelines) {
      view.pipelines.push_back(pipeline->name);
      view.versions.push_back(pipeline->version);
      view.blocked.push_back(delivery_.blocked_of(pipeline->name));
    }
    view.accounts = gate_.view();
    view.running = delivery_.running();
    runtime_.ingress().post(
        [view = std::move(view), done = std::move(done)]() mutable { done(std::move(view)); });
  });
}

void Host::set_mode(std::string pipeline, journal::PipelineMode mode, delivery::Delivery::ModeSet done) {
  delivery::Delivery::ModeSet back = [this,
                                      done = std::move(done)](Result<journal::PipelineState> now) mutable {
    runtime_.ingress().post(
        [now = std::move(now), done = std::move(done)]() mutable { done(std::move(now)); });
  };
  if (find(*config(), pipeline) == nullptr)
    return back(Error("not_found", "no pipeline of that name runs here"));
  runtime_.delivery().post([this, pipeline = std::move(pipeline), mode, back = std::move(back)]() mutable {
    delivery_.set_mode(std::move(pipeline), mode, std::move(back));
  });
}

void Host::look_at_blockers(std::vector<journal::Seq> seqs) {
  runtime_.delivery().post(
      [this, seqs = std::move(seqs)]() mutable { delivery_.look_at_blockers(std::move(seqs)); });
}

void Host::look_at_blockers(std::string key) {
  runtime_.delivery().post([this, key = std::move(key)] { delivery_.look_at_blockers(key); });
}

void Host::stop(runtime::Duration limit, Function<void()> done) {
  runtime_.ingress().post([this, limit, done = std::move(done)]() mutable {
    ingress_.drain();
    runtime_.delivery().post([this, limit, done = std::move(done)]() mutable {
      stopping_ = true;
      runtime_.delivery().cancel(retention_timer_);
      // A refresh that is under way is let finish: what it brings would be lost.
      constexpr runtime::Duration kFinishRefresh = std::chrono::seconds(1);
      const runtime::Duration last = runtime_.clock().steady() + limit;
      delivery_.stop(limit - kFinishRefresh, [this, last, done = std::move(done)]() mutable {
        gate_.keep();
        token_gate_.stop(last - runtime_.clock().steady(), std::move(done));
      });
    });
  });
}

}  // namespace tenon::pipeline
