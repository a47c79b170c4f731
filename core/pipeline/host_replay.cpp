// Stored events run once more: which of their actions are done again.
#include "journal/upkeep.hpp"
#include "pipeline/host.hpp"

namespace tenon::pipeline {

void Host::replay(std::string pipeline, std::vector<journal::Seq> seqs, bool force,
                  Function<void(Result<journal::Requeued>)> done) {
  journal::Replay replay;
  replay.pipeline = std::move(pipeline);
  replay.seqs = std::move(seqs);
  replay.force = force;
  runtime_.delivery().post([this, replay = std::move(replay), done = std::move(done)]() mutable {
    const auto flow = delivery_.flow_of(replay.pipeline);
    if (!flow) {
      return runtime_.ingress().post(
          [done = std::move(done)] { done(Error("not_found", "no pipeline of that name runs here")); });
    }
    for (const config::Action& action : flow->pipeline->actions) {
      if (!replay.force && delivery::is_call(*flow, action.name)) replay.keep.push_back(action.name);
    }
    journal::replay(journal_, std::move(replay), {&runtime_.ingress(), std::move(done)});
  });
}

}  // namespace tenon::pipeline
