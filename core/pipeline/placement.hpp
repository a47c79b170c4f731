// Placement: which delivery executor runs which pipeline.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/pipeline.hpp"

namespace tenon::pipeline {

/// The accounts that a pipeline asks: those of its actions, and of its trigger's connection if it fetches.
std::set<std::string> accounts_of(const config::Config& config, const config::Pipeline& pipeline);

/// Pipelines that ask one account are on one executor, directly or by others between them: so its budget, its
/// tokens and the identities that are written there have one owner and need no locks. What was placed stays
/// where it is for the host's life.
class Placement {
 public:
  explicit Placement(std::size_t shards) : shards_(shards) {}

  /// This one and the config's pipelines; new ones where the fewest are. Errors: `needs_restart`, where
  /// something would belong to two.
  Result<Placement> with(const config::Config& config) const;

  /// 0 if it was never placed.
  std::size_t of(const std::string& pipeline) const;
  /// Those of the config's pipelines that are on the shard.
  std::vector<std::string> names_on(std::size_t shard, const config::Config& config) const;
  /// False if the account is another executor's.
  bool may_ask(std::size_t shard, const std::string& account) const;

 private:
  using Places = std::map<std::string, std::size_t, std::less<>>;
  std::size_t shards_;
  Places pipelines_;
  Places accounts_;
};

}  // namespace tenon::pipeline
