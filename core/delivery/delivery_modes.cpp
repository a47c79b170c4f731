// Pipelines that are paused or held: one change at a time, and what the journal then hands out.
#include "delivery/delivery.hpp"
#include "observe/log.hpp"

namespace tenon::delivery {

void Delivery::load_modes() {
  journal_.overview({&runtime_.delivery(), [this, alive = alive_](Result<journal::Overview> got) {
                       if (!*alive || !got) return;
                       for (const auto& state : got->states) {
                         // Of one that is not loaded here too: it may be put later.
                         stopped_flows_.insert(state.pipeline);
                         if (!flows_.contains(state.pipeline)) continue;
                         log::info("a pipeline does not run", {{"pipeline", state.pipeline},
                                                               {"mode", journal::name_of(state.mode)},
                                                               {"reason", state.reason}});
                       }
                       std::vector<std::string> pipelines;
                       for (const auto& [name, flow] : flows_) pipelines.push_back(name);
                       load_all_blocked(std::move(pipelines));
                     }});
}

void Delivery::set_mode(std::string pipeline, journal::PipelineMode mode, ModeSet done) {
  ModeChange change;
  change.state.pipeline = std::move(pipeline);
  change.state.mode = mode;
  change.state.since_ms = runtime_.clock().wall_ms();
  change.done = std::move(done);
  change_mode(std::move(change));
}

/// One change at a time: what the journal hands out then tells for certain which of them it had seen.
void Delivery::change_mode(ModeChange change) {
  // At once: nothing more may start while the journal writes.
  if (change.state.mode != journal::PipelineMode::running) stop_handing_out(change.state.pipeline);
  absent_.erase(change.state.pipeline);
  regrouping_.erase(change.state.pipeline);
  changes_.push_back(std::move(change));
  if (changes_.size() == 1) next_change();
}

void Delivery::next_change() {
  if (changes_.empty()) return;
  const journal::PipelineState& state = changes_.front().state;
  if (state.mode != journal::PipelineMode::running) {
    stop_handing_out(state.pipeline);
  } else if (stopped_flows_.contains(state.pipeline)) {
    load_blocked(state.pipeline, [this] {
      // Before the journal is told: its answer may come behind the first events.
      hand_out_again(changes_.front().state.pipeline);
      write_mode();
    });
    return;
  } else {
    auto done = std::move(changes_.front().done);
    journal::PipelineState running;
    running.pipeline = state.pipeline;
    changes_.pop_front();
    if (done) done(std::move(running));
    return next_change();
  }
  write_mode();
}

/// Of the first change.
void Delivery::write_mode() {
  feed_.set_pipeline(
      changes_.front().state,
      {&runtime_.delivery(), [this, alive = alive_](Result<journal::PipelineState> now) {
         if (!*alive) return;
         ModeChange change = std::move(changes_.front());
         if (!now && change.state.mode == journal::PipelineMode::running)
           stop_handing_out(change.state.pipeline);
         // A hold that could not be written must not be forgotten: the pipeline stays stopped here,
         // and it is written again.
         if (!now && change.state.mode == journal::PipelineMode::held && now.error().code != "store_failed") {
           changes_.front() = std::move(change);
           runtime_.delivery().after(std::chrono::seconds(1), [this, alive = alive] {
             if (*alive) next_change();
           });
           return;
         }
         changes_.pop_front();
         if (change.done) change.done(std::move(now));
         next_change();
         more_ = true;
         pump();
       }});
}

void Delivery::stop_handing_out(const std::string& pipeline) {
  stopped_flows_.insert(pipeline);
  still_ours_.erase(pipeline);
  lanes_.drop(pipeline);
  on_disk_.erase(pipeline);
}

void Delivery::hand_out_again(const std::string& pipeline) {
  stopped_flows_.erase(pipeline);
  forbidden_in_a_row_.erase(pipeline);
  ++anew_[pipeline];
  auto& ours = still_ours_[pipeline];
  for (const auto& [id, event_run] : runs_) {
    const journal::Waiting& waiting = event_run->waiting();
    if (waiting.pipeline != pipeline) continue;
    ours.emplace(waiting.seq, waiting.requeued_ms);
    for (const auto& folded : event_run->folded()) ours.emplace(folded.seq, folded.requeued_ms);
  }
}

void Delivery::note_refusals(const std::string& pipeline, const RunEnd& end) {
  constexpr int kForbiddenInARow = 5;
  int& forbidden = forbidden_in_a_row_[pipeline];
  if (!end.forbidden.empty()) {
    ++forbidden;
  } else if (end.delivered) {
    forbidden = 0;
  }
  if (!end.hold.empty()) {
    hold(pipeline, end.hold);
  } else if (forbidden >= kForbiddenInARow) {
    hold(pipeline, end.forbidden.empty() ? "not allowed" : end.forbidden);
  }
}

void Delivery::hold(const std::string& pipeline, const std::string& reason) {
  // Those that were under way tell the same.
  if (stopped_flows_.contains(pipeline)) return;
  log::error(codes::kPipelineHeld, "a pipeline is held until somebody resumes it",
             {{"pipeline", pipeline}, {"reason", reason}});
  ModeChange change;
  change.state.pipeline = pipeline;
  change.state.mode = journal::PipelineMode::held;
  change.state.reason = reason;
  change.state.since_ms = runtime_.clock().wall_ms();
  change_mode(std::move(change));
}

}  // namespace tenon::delivery
