#include "pipeline/shard.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "config/connections.hpp"
#include "delivery/fold.hpp"

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

delivery::DeliveryOptions options_of(std::size_t index, delivery::DeliveryOptions options) {
  options.taker = index;
  return options;
}

}  // namespace

Shard::Shard(std::size_t index, runtime::Runtime& runtime, const Shared& shared)
    : index_(index),
      runtime_(runtime),
      registry_(shared.registry),
      redactor_(shared.redactor),
      gate_(runtime, shared.budgets),
      token_gate_(runtime, gate_, shared.tokens, *shared.redactor, shared.oauth),
      delivery_(runtime, shared.journal, shared.feed, gate_, options_of(index, shared.delivery)) {}

/// An instance of the same connection is used again.
Result<plugin::Instance*> Shard::instance_of(const config::Config& config, const std::string& connection,
                                             Parts& parts, delivery::Flow& flow) {
  const plugin::ConnectionSpec& spec = config.connections.at(connection);
  auto& slot = parts.instances[connection];
  if (!slot) {
    const auto known = instances_.find(connection);
    if (known != instances_.end() && known->second &&
        config::same_definition(known->second->connection(), spec)) {
      slot = known->second;
    } else {
      TENON_TRY(auto credential, token_gate_.prepare(spec));
      if (credential) parts.credentials.push_back(std::move(credential));
      TENON_TRY(slot,
                registry_.make_instance(spec, {&runtime_, &runtime_.delivery(), &token_gate_, redactor_}));
      gate_.add_account(spec.account, registry_.find(spec.connector)->budget);
    }
  }
  flow.keeps.push_back(slot);
  return slot.get();
}

Result<std::vector<delivery::Flow>> Shard::make_flows(const config::Config& config,
                                                      const std::vector<std::string>& pipelines,
                                                      Parts& parts) {
  const auto visible = std::make_shared<const Document>(visible_settings(config));
  std::vector<delivery::Flow> flows;
  for (const auto& pipeline : config.pipelines) {
    if (std::find(pipelines.begin(), pipelines.end(), pipeline->name) == pipelines.end()) continue;
    delivery::Flow flow;
    flow.pipeline = pipeline;
    flow.connections = visible->root;
    flow.keeps.push_back(visible);
    if (!pipeline->fetches.empty()) {
      TENON_TRY(flow.source, instance_of(config, pipeline->trigger_connection, parts, flow));
    }
    for (const config::Action& action : pipeline->actions) {
      TENON_TRY(flow.sinks[action.connection], instance_of(config, action.connection, parts, flow));
    }
    flow.folding = delivery::folding_of(flow);
    flows.push_back(std::move(flow));
  }
  return flows;
}

void Shard::use_credentials(Parts& parts) {
  for (auto& credential : parts.credentials) token_gate_.use(std::move(credential));
  parts.credentials.clear();
}

void Shard::drop(Parts& parts) {
  for (const auto& credential : parts.credentials) credential->stop();
  parts.credentials.clear();
}

void Shard::set_instances(Instances instances) {
  for (auto& [name, instance] : instances_) {
    const auto kept = instances.find(name);
    if (kept == instances.end() || kept->second != instance) retire(std::move(instance));
  }
  instances_ = std::move(instances);
}

void Shard::retire(std::shared_ptr<plugin::Instance> instance) {
  constexpr runtime::Duration kKept = std::chrono::hours(1);
  retired_.emplace_back(runtime_.clock().steady() + kKept, std::move(instance));
}

void Shard::let_go() {
  const runtime::Duration now = runtime_.clock().steady();
  std::erase_if(retired_, [now](const auto& each) {
    return each.first <= now && each.second.use_count() == 1 && each.second->open_calls() == 0;
  });
}

void Shard::stop(runtime::Duration limit, Function<void()> done) {
  // A refresh that is under way is let finish: what it brings would be lost.
  constexpr runtime::Duration kFinishRefresh = std::chrono::seconds(1);
  const runtime::Duration last = runtime_.clock().steady() + limit;
  delivery_.stop(limit - kFinishRefresh, [this, last, done = std::move(done)]() mutable {
    gate_.keep();
    token_gate_.stop(last - runtime_.clock().steady(), std::move(done));
  });
}

}  // namespace tenon::pipeline
