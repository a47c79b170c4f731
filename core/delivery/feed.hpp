// Feed: what the journal hands out, given to the delivery that runs the event's pipeline.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "journal/journal.hpp"
#include "runtime/executor.hpp"

namespace tenon::delivery {

/// One per host. The journal hands each open event out once; several takers, each on an executor of its own,
/// share that. From any thread.
class Feed {
 public:
  /// The journal outlives it. At least one taker. `home`: where the journal's answers come to first, one
  /// executor for all, so that they come in the order of the calls; it must not be one that may be held up by
  /// work, unless it is the only taker's.
  Feed(journal::Journal& journal, runtime::Executor& home, std::size_t takers);
  ~Feed();

  /// The pipeline's events go to that taker from now on; before its first event is taken, or once nothing of
  /// it is with another one. Those of pipelines that nobody owns go to the first.
  void own(const std::string& pipeline, std::size_t taker);

  /// As Journal::on_appended, for one taker; each once, before its first `take`. May be called when there is
  /// nothing.
  void on_appended(std::size_t taker, runtime::Executor& on, Function<void()> call);
  /// As Journal::take; one at a time for each taker.
  void take(std::size_t taker, journal::TakeQuery query, journal::Ledger::Reply<journal::Taken> reply);
  /// As Journal::set_pipeline. Nothing that the journal gave before comes out of `take` any more: once the
  /// pipeline is set to running, the journal hands all of it out again.
  void set_pipeline(journal::PipelineState state, journal::Ledger::Reply<journal::PipelineState> reply);

 private:
  struct State;
  std::shared_ptr<State> state_;  ///< late answers keep it
};

}  // namespace tenon::delivery
