// Probe: sees what runs do; for tests of pipelines, which play a host.
#pragma once

#include <string_view>

#include "config/pipeline.hpp"
#include "journal/journal.hpp"
#include "mapping/trace.hpp"

namespace tenon::delivery {

/// Called on the delivery executor; outlives the Delivery that it is given to.
class Probe {
 public:
  virtual ~Probe() = default;
  /// A fetch is asked of the source by the very next call of its instance.
  virtual void on_fetch(const journal::Waiting& event, const config::FetchStep& step) = 0;
  /// A record that fits its operation, before the sink is asked anything; again with each attempt.
  virtual void on_record(const journal::Waiting& event, const config::Action& action,
                         std::string_view record) = 0;
  /// What `$vars` is instead of the pipeline's; missing: the pipeline's.
  virtual Value vars() { return {}; }
  /// Sees what expressions do; may be null.
  virtual mapping::Trace* trace() = 0;
};

}  // namespace tenon::delivery
