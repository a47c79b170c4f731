// Delivery, of pipelines with `on_exhausted: block_key`: a dead letter holds up the later events of its lane
// until it was tried again with a better end, was skipped, or is gone.
#include "delivery/delivery.hpp"
#include "observe/log.hpp"

namespace tenon::delivery {

void Delivery::block(const std::string& lane, journal::Seq seq, const std::string& key) {
  blocked_.add(lane, seq, key);
  std::vector<journal::Seq> waiting = lanes_.block(lane);
  if (waiting.empty()) return;
  // On disk, so that those of a blocked lane leave the memory to others.
  park(lane, std::move(waiting));
}

void Delivery::unblock(journal::Seq seq) {
  for (auto& [pipeline, ended] : loading_blocked_) ended.insert(seq);
  const auto lane = blocked_.remove(seq);
  if (lane && lanes_.unblock(*lane)) take_parked(*lane);
}

/// They were asked for before the lane was blocked.
void Delivery::back_to_disk(const std::string& lane, const std::vector<journal::Waiting>& events) {
  lanes_.unpark(lane, {});
  std::vector<journal::Seq> seqs;
  for (const auto& each : events) seqs.push_back(each.seq);
  journal_.park(journal_.epoch(), lane, std::move(seqs), {&runtime_.delivery(), [](Result<bool>) {}});
}

/// Before the lane goes on.
void Delivery::note_blocker(const EventRun& event_run, const RunEnd& end) {
  for (const auto& folded : event_run.folded()) unblock(folded.seq);
  if (!end.end) return;
  const journal::Waiting& waiting = event_run.waiting();
  // The flow of today: a reload may have come meanwhile.
  const auto flow = flows_.find(waiting.pipeline);
  if (flow == flows_.end() || !flow->second->pipeline->block_key || !is_dead(*end.end))
    return unblock(waiting.seq);
  if (!blocked_.holds(waiting.seq))
    log::warn(codes::kKeyBlocked, "a dead letter holds up the later events of its key",
              {{"pipeline", waiting.pipeline}, {"event", waiting.event.id}, {"number", waiting.seq}});
  block(lane_of(*flow->second, waiting.seq, waiting.event), waiting.seq, waiting.event.key);
}

/// Reads what blocks the pipeline's lanes; none of its events may be handed out before `then`.
void Delivery::load_blocked(const std::string& pipeline, Function<void()> then) {
  for (const journal::Seq seq : blocked_.of_pipeline(pipeline)) {
    if (const auto lane = blocked_.remove(seq)) static_cast<void>(lanes_.unblock(*lane));
  }
  const auto flow = flows_.find(pipeline);
  if (flow == flows_.end() || !flow->second->pipeline->block_key) return then();
  loading_blocked_[pipeline].clear();
  load_blocked_after(pipeline, 0, std::move(then));
}

void Delivery::load_all_blocked(std::vector<std::string> pipelines) {
  if (pipelines.empty()) {
    loaded_ = true;
    return pump();
  }
  const std::string pipeline = std::move(pipelines.back());
  pipelines.pop_back();
  load_blocked(pipeline, [this, pipelines = std::move(pipelines)]() mutable {
    load_all_blocked(std::move(pipelines));
  });
}

void Delivery::load_blocked_after(const std::string& pipeline, journal::Seq after, Function<void()> then) {
  journal::Query query;
  query.dead_only = true;
  query.pipeline = pipeline;
  query.oldest_first = true;
  query.with_data = true;  // order_by may ask for it
  query.after = after;
  query.limit = 1000;
  journal_.list(std::move(query),
                {&runtime_.delivery(), [this, alive = alive_, pipeline, after,
                                        then = std::move(then)](Result<journal::Listed> got) mutable {
                   if (!*alive) return;
                   if (!got && got.error().code == "store_failed") return;  // it has said so itself
                   if (!got) {
                     runtime_.delivery().after(std::chrono::seconds(1), [this, alive, pipeline, after,
                                                                         then = std::move(then)]() mutable {
                       if (*alive) load_blocked_after(pipeline, after, std::move(then));
                     });
                     return;
                   }
                   const auto flow = flows_.find(pipeline);
                   for (const auto& row : got->rows) {
                     // One that ended well while the list was read is no blocker any more.
                     if (flow == flows_.end() || loading_blocked_[pipeline].contains(row.seq)) continue;
                     block(lane_of(*flow->second, row.seq, row.event), row.seq, row.event.key);
                   }
                   if (got->next != 0) return load_blocked_after(pipeline, got->next, std::move(then));
                   loading_blocked_.erase(pipeline);
                   then();
                 }});
}

void Delivery::look_at_blockers(std::vector<journal::Seq> seqs) {
  for (const journal::Seq seq : seqs) {
    if (!blocked_.holds(seq)) continue;
    journal_.show(
        std::to_string(seq),
        {&runtime_.delivery(), [this, alive = alive_, seq](Result<std::optional<journal::EventDetail>> got) {
           if (!*alive || !got) return;
           // Open: it was retried, and tells itself how it ends.
           const auto end = *got ? end_of((*got)->row.state) : std::optional(End::skipped);
           if (!end || is_dead(*end)) return;
           unblock(seq);
           pump();
         }});
  }
}

void Delivery::look_at_blockers(const std::string& key) { look_at_blockers(blocked_.of_key(key)); }

}  // namespace tenon::delivery
