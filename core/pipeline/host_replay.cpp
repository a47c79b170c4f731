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
  Shard* const shard = shard_of(replay.pipeline);
  const auto missing = [this](auto then) {
    runtime_.ingress().post(
        [then = std::move(then)] { then(Error("not_found", "no pipeline of that name runs here")); });
  };
  if (shard == nullptr) return missing(std::move(done));
  shard->executor().post(
      [this, shard, missing, replay = std::move(replay), done = std::move(done)]() mutable {
        const auto flow = shard->delivery().flow_of(replay.pipeline);
        if (!flow) return missing(std::move(done));
        for (const config::Action& action : flow->pipeline->actions) {
          if (!replay.force && delivery::is_call(*flow, action.name)) replay.keep.push_back(action.name);
        }
        journal::replay(journal_, std::move(replay), {&runtime_.ingress(), std::move(done)});
      });
}

}  // namespace tenon::pipeline
