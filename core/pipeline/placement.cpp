#include "pipeline/placement.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace tenon::pipeline {

std::set<std::string> accounts_of(const config::Config& config, const config::Pipeline& pipeline) {
  std::set<std::string> accounts;
  const auto add = [&](const std::string& connection) {
    accounts.insert(config.connections.at(connection).account);
  };
  if (!pipeline.fetches.empty()) add(pipeline.trigger_connection);
  for (const config::Action& action : pipeline.actions) add(action.connection);
  return accounts;
}

namespace {

/// Pipelines that are bound to each other by the accounts they ask.
struct Group {
  std::vector<std::string> pipelines;
  std::set<std::string> accounts;
};

/// In the order of their first pipeline.
std::vector<Group> groups_of(const config::Config& config) {
  std::vector<Group> groups;
  for (const auto& pipeline : config.pipelines) {
    Group joined{{pipeline->name}, accounts_of(config, *pipeline)};
    const auto bound = [&](const Group& group) {
      return std::any_of(joined.accounts.begin(), joined.accounts.end(),
                         [&](const std::string& account) { return group.accounts.contains(account); });
    };
    auto into = std::find_if(groups.begin(), groups.end(), bound);
    if (into == groups.end()) {
      groups.push_back(std::move(joined));
      continue;
    }
    for (auto other = std::next(into); other != groups.end();) {
      if (!bound(*other)) {
        ++other;
        continue;
      }
      into->pipelines.insert(into->pipelines.end(), other->pipelines.begin(), other->pipelines.end());
      into->accounts.merge(other->accounts);
      other = groups.erase(other);
    }
    into->pipelines.push_back(pipeline->name);
    into->accounts.merge(joined.accounts);
  }
  return groups;
}

Error needs_restart(const std::string& one, const std::string& other) {
  return Error("needs_restart", one + " and " + other +
                                    " ask one account now, directly or by others between them, and run on "
                                    "different delivery threads: restart the host");
}

}  // namespace

Result<Placement> Placement::with(const config::Config& config) const {
  Placement placed = *this;
  std::vector<std::size_t> load(shards_);
  std::vector<Group> fresh;
  for (Group& group : groups_of(config)) {
    std::optional<std::size_t> shard;
    std::string by;
    const auto bind = [&](const Places& places, const std::string& name, const std::string& what) -> Status {
      const auto known = places.find(name);
      if (known == places.end()) return {};
      if (shard && *shard != known->second) return needs_restart(by, what + name);
      shard = known->second;
      by = what + name;
      return {};
    };
    for (const std::string& name : group.pipelines) TENON_CHECK(bind(pipelines_, name, "pipeline "));
    for (const std::string& name : group.accounts) TENON_CHECK(bind(accounts_, name, "account "));
    if (!shard) {
      fresh.push_back(std::move(group));
      continue;
    }
    load[*shard] += group.pipelines.size();
    for (const std::string& name : group.pipelines) placed.pipelines_.emplace(name, *shard);
    for (const std::string& name : group.accounts) placed.accounts_.emplace(name, *shard);
  }
  for (const Group& group : fresh) {
    const auto least = std::min_element(load.begin(), load.end());
    const auto shard = static_cast<std::size_t>(least - load.begin());
    *least += group.pipelines.size();
    for (const std::string& name : group.pipelines) placed.pipelines_.emplace(name, shard);
    for (const std::string& name : group.accounts) placed.accounts_.emplace(name, shard);
  }
  return placed;
}

std::size_t Placement::of(const std::string& pipeline) const {
  const auto found = pipelines_.find(pipeline);
  return found == pipelines_.end() ? 0 : found->second;
}

std::vector<std::string> Placement::names_on(std::size_t shard, const config::Config& config) const {
  std::vector<std::string> names;
  for (const auto& pipeline : config.pipelines)
    if (of(pipeline->name) == shard) names.push_back(pipeline->name);
  return names;
}

bool Placement::may_ask(std::size_t shard, const std::string& account) const {
  const auto found = accounts_.find(account);
  return found == accounts_.end() || found->second == shard;
}

}  // namespace tenon::pipeline
