// DryRuns: what stored events would come to, under the pipeline that is loaded and under another one.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/pipeline.hpp"
#include "delivery/rehearsal.hpp"
#include "journal/journal.hpp"
#include "pipeline/host.hpp"

namespace tenon::pipeline {

struct DryRun {
  std::string pipeline;
  std::vector<journal::Seq> seqs;
  bool force = false;  ///< as a forced replay
  /// Another definition: its pipeline of that name, or the only one. May be null.
  std::shared_ptr<const config::Config> with;
};

struct DryRunEvent {
  journal::EventDetail stored;
  delivery::Rehearsed now;  ///< under the pipeline that is loaded
  std::optional<delivery::Rehearsed> with;
};

struct DryRunAnswer {
  std::vector<DryRunEvent> events;  ///< ended ones of the pipeline only
  std::size_t done = 0;             ///< so many of the seqs were looked at: ask again for the rest
};

/// Some events at a time, beside the live ones and behind them for the accounts' budgets. Nothing is written.
/// What an event reads is asked once, for both definitions.
class DryRuns {
 public:
  /// The host outlives it.
  explicit DryRuns(Host& host);

  /// Some of the seqs, from the first on, within half a minute; from any thread, one at a time, `done` on the
  /// ingress executor. Errors: `not_found` (no such pipeline runs), `other_pipeline` (`with` has none that
  /// could be meant), `needs_apply`, those of making instances.
  void run(DryRun wanted, Function<void(Result<DryRunAnswer>)> done);
  /// What is under way ends soon; from any thread, before the host is stopped.
  void stop();

 private:
  class Job;
  /// What each shard's executor has to itself.
  struct Place {
    std::vector<std::weak_ptr<Job>> jobs;
    bool stopped = false;
    /// Of connections that are not the host's, or not as the host has them; of the last definition.
    Shard::Instances instances;
  };
  Result<std::shared_ptr<const delivery::Flow>> flow_for(const DryRun& wanted, Shard& shard, Place& place);

  Host& host_;
  std::vector<Place> places_;  ///< by shard
};

}  // namespace tenon::pipeline
