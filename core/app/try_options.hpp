// What `tenon eval` and `tenon explain` share: an event, what is fetched for it, and a pipeline's scope.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/cli/command.hpp"
#include "config/loader.hpp"
#include "trial/bench.hpp"

namespace tenon::app {

struct TryOptions {
  std::string plugin_dir;
  std::string pipeline;            ///< a file; empty: none
  std::string event;               ///< a JSON file, `-` for stdin; empty: a sample
  std::string sample;              ///< an event type; empty: the pipeline's first
  std::vector<std::string> fetch;  ///< NAME=FILE
};

/// --event, --sample, --fetch, --plugin-dir.
void add_try_options(Command& command, TryOptions& options);

/// A bench with all that it borrows.
struct OpenBench {
  std::unique_ptr<plugin::Registry> registry;
  config::Loaded loaded;
  std::unique_ptr<trial::Bench> bench;
};

/// nullptr: the pipeline file has errors, which were shown. Errors: files that cannot be read or are no JSON,
/// samples that there are not.
Result<std::unique_ptr<OpenBench>> open_bench(const TryOptions& options);

}  // namespace tenon::app
