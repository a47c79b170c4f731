// Running the tests of pipelines, and connectors' samples through them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "config/pipeline.hpp"
#include "plugin/instance.hpp"
#include "trial/coverage.hpp"
#include "trial/difference.hpp"

namespace tenon::trial {

struct TestReport {
  std::string name;
  config::Position position;
  std::vector<Difference> differences;
  std::string error;                    ///< why it could not be run; empty: it was
  std::vector<std::string> unanswered;  ///< requests that nothing answered, if it failed
  std::int64_t took_ms = 0;             ///< by the clock on the wall, not by the test's

  bool ok() const { return differences.empty() && error.empty(); }
};

struct PipelineReport {
  std::string pipeline;
  std::string file;
  std::vector<TestReport> tests;
  std::vector<CoveredPart> coverage;  ///< of all its tests; empty if some were left out
};

/// One sample event through a pipeline.
struct SampleReport {
  std::string pipeline;
  std::string file;
  std::string type;
  std::string end;  ///< waiting, retrying, or the name of the end
  std::string reason;
  std::map<std::string, std::string> records;  ///< JSON by action

  bool ok() const { return end == "delivered" || end == "skipped" || end == "superseded"; }
};

/// Runs the tests whose name, or whose pipeline's name, holds `filter`; each on a host of its own. Loads
/// plugins. `config` is whole. `on_test` is called after each.
std::vector<PipelineReport> run_tests(const config::Config& config, plugin::Registry& registry,
                                      const std::string& filter, const std::function<void()>& on_test = {});

/// Every sample of every event type that a pipeline wants.
std::vector<SampleReport> run_samples(const config::Config& config, plugin::Registry& registry,
                                      const std::string& filter, const std::function<void()>& on_sample = {});

/// How many of them there are.
std::size_t count_tests(const config::Config& config, const std::string& filter);
std::size_t count_samples(const config::Config& config, const std::string& filter);

}  // namespace tenon::trial
