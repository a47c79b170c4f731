#include "pipeline/host.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "observe/log.hpp"

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
      config_(std::move(config)),
      registry_(registry),
      journal_(journal),
      options_(options),
      connections_(visible_settings(config_)),
      gate_(runtime),
      delivery_(runtime, journal, gate_, options.delivery),
      ingress_(runtime, journal, options.ingress) {}

Host::~Host() = default;

void Host::start(Function<void(Status)> done) {
  runtime_.ingress().post([this, done = std::move(done)]() mutable {
    Status routed = make_routes();
    runtime_.delivery().post([this, routed = std::move(routed), done = std::move(done)]() mutable {
      if (!routed) return done(std::move(routed));
      Status flowing = make_flows();
      if (flowing) {
        delivery_.start();
        retain();
      }
      done(std::move(flowing));
    });
  });
}

Status Host::make_routes() {
  std::map<std::string, ingress::Route> routes;
  for (const auto& pipeline : config_.pipelines) {
    const std::string& name = pipeline->trigger_connection;
    ingress::Route& route = routes[name];
    if (!route.instance) {
      const plugin::ConnectionSpec& spec = config_.connections.at(name);
      TENON_TRY(route.instance, registry_.make_instance(spec, {&runtime_, &runtime_.ingress(), nullptr}));
      route.connection = spec;
      route.manifest = registry_.find(spec.connector);
    }
    for (const std::string& type : pipeline->events) route.wanted[type].push_back(pipeline->name);
  }
  std::vector<ingress::Route> list;
  for (auto& [name, route] : routes) list.push_back(std::move(route));
  return ingress_.set_routes(std::move(list));
}

Result<plugin::Instance*> Host::instance_of(const std::string& connection) {
  auto& slot = instances_[connection];
  if (!slot) {
    const plugin::ConnectionSpec& spec = config_.connections.at(connection);
    TENON_TRY(slot, registry_.make_instance(spec, {&runtime_, &runtime_.delivery(), &gate_}));
    gate_.add_account(spec.account, registry_.find(spec.connector)->budget);
  }
  return slot.get();
}

Status Host::make_flows() {
  for (const auto& pipeline : config_.pipelines) {
    delivery::Flow flow;
    flow.pipeline = pipeline;
    flow.connections = connections_.root;
    if (!pipeline->fetches.empty()) {
      TENON_TRY(flow.source, instance_of(pipeline->trigger_connection));
    }
    for (const config::Action& action : pipeline->actions) {
      TENON_TRY(flow.sinks[action.connection], instance_of(action.connection));
    }
    delivery_.add_flow(std::move(flow));
  }
  return {};
}

void Host::retain() {
  constexpr std::uint32_t kBatch = 500;
  if (stopping_) return;
  journal_.retain(runtime_.clock().wall_ms() - options_.retention_ms, kBatch,
                  {&runtime_.delivery(), [this](Result<std::uint64_t> deleted) {
                     if (!deleted || stopping_) return;
                     const auto pause = *deleted == kBatch ? runtime::Duration(std::chrono::milliseconds(100))
                                                           : runtime::Duration(std::chrono::minutes(1));
                     retention_timer_ = runtime_.delivery().after(pause, [this] { retain(); });
                   }});
}

void Host::view(Function<void(View)> done) {
  runtime_.delivery().post([this, done = std::move(done)]() mutable {
    View view;
    for (const auto& pipeline : config_.pipelines) view.pipelines.push_back(pipeline->name);
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
  const bool known = std::any_of(config_.pipelines.begin(), config_.pipelines.end(),
                                 [&](const auto& each) { return each->name == pipeline; });
  if (!known) return back(Error("not_found", "no pipeline of that name runs here"));
  runtime_.delivery().post([this, pipeline = std::move(pipeline), mode, back = std::move(back)]() mutable {
    delivery_.set_mode(std::move(pipeline), mode, std::move(back));
  });
}

void Host::stop(runtime::Duration limit, Function<void()> done) {
  runtime_.ingress().post([this, limit, done = std::move(done)]() mutable {
    ingress_.drain();
    runtime_.delivery().post([this, limit, done = std::move(done)]() mutable {
      stopping_ = true;
      runtime_.delivery().cancel(retention_timer_);
      delivery_.stop(limit, std::move(done));
    });
  });
}

}  // namespace tenon::pipeline
