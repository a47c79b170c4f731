#include "pipeline/dry_run.hpp"

#include <algorithm>

#include "config/connections.hpp"

namespace tenon::pipeline {
namespace {

using delivery::Flow;
using runtime::Task;

// Events at work at a time: a look must not take the places, nor the remotes, of what is real.
constexpr std::size_t kAtOnce = 4;
constexpr runtime::Duration kBeginFor = std::chrono::seconds(4);
constexpr runtime::Duration kLimit = std::chrono::seconds(20);
constexpr std::size_t kMostBytes = 8 * 1024 * 1024;

std::size_t weight(const delivery::Rehearsed& rehearsed) {
  std::size_t bytes = 0;
  for (const auto& action : rehearsed.actions) bytes += action.record.size() + action.conversation.size();
  return bytes;
}

std::size_t weight(const journal::EventDetail& detail) {
  std::size_t bytes = 0;
  for (const auto& attempt : detail.attempts) bytes += attempt.conversation.size();
  return bytes;
}

}  // namespace

/// One answer in the making, on its shard's executor.
class DryRuns::Job : public std::enable_shared_from_this<DryRuns::Job> {
 public:
  Job(Host& host, Shard& shard, DryRun wanted, std::shared_ptr<const Flow> now,
      std::shared_ptr<const Flow> with, Function<void(Result<DryRunAnswer>)> done)
      : host_(host),
        shard_(shard),
        wanted_(std::move(wanted)),
        now_(std::move(now)),
        with_(std::move(with)),
        done_(std::move(done)),
        events_(wanted_.seqs.size()) {}

  void begin() {
    auto& executor = shard_.executor();
    begun_ = host_.runtime_.clock().steady();
    timer_ = executor.after(kLimit, [self = shared_from_this()] {
      self->timer_ = 0;
      self->close();
    });
    workers_ = std::min(kAtOnce, wanted_.seqs.size());
    if (workers_ == 0) return finish();
    for (std::size_t i = workers_; i > 0; --i) runtime::spawn(work(shared_from_this()));
  }

  void close() {
    closing_ = true;
    // One that is cancelled may take itself off the list.
    const auto running = running_;
    for (delivery::Rehearsal* rehearsal : running) rehearsal->cancel();
  }

 private:
  bool wants_more() const {
    return !closing_ && next_ < wanted_.seqs.size() && bytes_ < kMostBytes &&
           (next_ < kAtOnce || host_.runtime_.clock().steady() - begun_ < kBeginFor);
  }

  static Task<> work(std::shared_ptr<Job> self) {
    while (self->wants_more()) {
      const std::size_t at = self->next_++;
      co_await self->look_at(at);
      // On a fresh turn: what is live comes in between.
      runtime::Async<bool> turn([&](Function<void(bool)> done) {
        self->shard_.executor().post([done = std::move(done)] { done(true); });
      });
      co_await turn;
    }
    if (--self->workers_ == 0) self->finish();
  }

  Task<> look_at(std::size_t at) {
    std::string id = std::to_string(wanted_.seqs[at]);
    runtime::Async<Result<std::optional<journal::EventDetail>>> shown(
        [&](Function<void(Result<std::optional<journal::EventDetail>>)> done) {
          host_.journal_.show(std::move(id), {&shard_.executor(), std::move(done)});
        });
    Result<std::optional<journal::EventDetail>> found = co_await shown;
    if (!found || !*found || (*found)->row.pipeline != wanted_.pipeline || !end_of((*found)->row.state))
      co_return;
    DryRunEvent event;
    event.stored = std::move(**found);
    delivery::SharedReads reads(shard_.executor());
    event.now = co_await rehearse(now_, event.stored, reads);
    if (with_) {
      delivery::Rehearsed with = co_await rehearse(with_, event.stored, reads);
      event.with = std::move(with);
      bytes_ += weight(*event.with);
    }
    bytes_ += weight(event.now) + weight(event.stored);
    events_[at] = std::move(event);
  }

  Task<delivery::Rehearsed> rehearse(std::shared_ptr<const Flow> flow, const journal::EventDetail& detail,
                                     delivery::SharedReads& reads) {
    delivery::Rehearsal rehearsal(shard_.runtime(), host_.journal_, reads, std::move(flow), detail,
                                  wanted_.force);
    running_.push_back(&rehearsal);
    if (closing_) rehearsal.cancel();
    delivery::Rehearsed out = co_await rehearsal.run();
    std::erase(running_, &rehearsal);
    co_return out;
  }

  void finish() {
    shard_.executor().cancel(timer_);
    DryRunAnswer answer;
    answer.done = next_;
    for (auto& event : events_) {
      if (event) answer.events.push_back(std::move(*event));
    }
    host_.runtime_.ingress().post(
        [done = std::move(done_), answer = std::move(answer)]() mutable { done(std::move(answer)); });
  }

  Host& host_;
  Shard& shard_;
  const DryRun wanted_;
  const std::shared_ptr<const Flow> now_;
  const std::shared_ptr<const Flow> with_;  ///< may be null
  Function<void(Result<DryRunAnswer>)> done_;
  std::vector<std::optional<DryRunEvent>> events_;  ///< by the place of their seq
  std::vector<delivery::Rehearsal*> running_;
  std::size_t next_ = 0;
  std::size_t workers_ = 0;
  std::size_t bytes_ = 0;
  runtime::Duration begun_{};
  runtime::TimerId timer_ = 0;
  bool closing_ = false;
};

DryRuns::DryRuns(Host& host) : host_(host), places_(host.shards_.size()) {}

void DryRuns::run(DryRun wanted, Function<void(Result<DryRunAnswer>)> done) {
  // One that is not loaded is looked for, in vain, on the first.
  Shard* const found = host_.shard_of(wanted.pipeline);
  Shard& shard = found != nullptr ? *found : *host_.shards_.front();
  shard.executor().post([this, &shard, wanted = std::move(wanted), done = std::move(done)]() mutable {
    const auto fail = [this, &done](Error error) {
      host_.runtime_.ingress().post([done = std::move(done), error = std::move(error)] { done(error); });
    };
    Place& place = places_[shard.index()];
    auto now = shard.delivery().flow_of(wanted.pipeline);
    if (place.stopped) return fail(Error("cancelled", "the host stops"));
    if (!now) return fail(Error("not_found", "no pipeline of that name runs here"));
    std::shared_ptr<const Flow> with;
    if (wanted.with) {
      auto made = flow_for(wanted, shard, place);
      if (!made) return fail(made.error());
      with = std::move(*made);
    }
    auto job = std::make_shared<Job>(host_, shard, std::move(wanted), std::move(now), std::move(with),
                                     std::move(done));
    std::erase_if(place.jobs, [](const auto& each) { return each.expired(); });
    place.jobs.push_back(job);
    job->begin();
  });
}

void DryRuns::stop() {
  for (const auto& shard : host_.shards_) {
    shard->executor().post([&place = places_[shard->index()]] {
      place.stopped = true;
      for (const auto& each : place.jobs) {
        if (const auto job = each.lock()) job->close();
      }
    });
  }
}

Result<std::shared_ptr<const Flow>> DryRuns::flow_for(const DryRun& wanted, Shard& shard, Place& place) {
  const auto& all = wanted.with->pipelines;
  auto chosen =
      std::find_if(all.begin(), all.end(), [&](const auto& each) { return each->name == wanted.pipeline; });
  if (chosen == all.end() && all.size() == 1) chosen = all.begin();
  if (chosen == all.end())
    return Error("other_pipeline", "it defines several pipelines, and none is called " + wanted.pipeline);
  // Only the connections of that one: others need not be made.
  config::Config config;
  config.pipelines = {*chosen};
  config.connections = wanted.with->connections;
  const auto live = host_.config();
  for (const auto& [name, spec] : config.connections) {
    const auto known = live->connections.find(name);
    // Its tokens are the host's, by the connection's name.
    if (spec.oauth2 && known != live->connections.end() && !config::same_definition(known->second, spec))
      return Error("needs_apply", "connection " + name + " has `oauth2:` and differs from the loaded one");
  }
  const std::string& name = (*chosen)->name;
  for (const std::string& account : accounts_of(config, **chosen)) {
    if (!host_.may_ask(shard, account))
      return Error("needs_apply", "it asks the account " + account + ", which another delivery thread has");
  }
  const Shard::Instances& live_ones = shard.instances();
  Shard::Parts parts;
  for (const auto& [connection, instance] : place.instances) {
    const auto spec = config.connections.find(connection);
    const auto known = live_ones.find(connection);
    const bool as_live = spec != config.connections.end() && known != live_ones.end() &&
                         config::same_definition(known->second->connection(), spec->second);
    if (spec != config.connections.end() && !as_live &&
        config::same_definition(instance->connection(), spec->second))
      parts.instances[connection] = instance;
  }
  plugin::teach(*host_.redactor_, config.connections, host_.registry_);
  auto flows = shard.make_flows(config, {name}, parts);
  if (!flows) {
    Shard::drop(parts);
    return flows.error();
  }
  shard.use_credentials(parts);
  // The shard keeps those that are used no more until no call can come back to them.
  for (auto& [connection, instance] : place.instances) {
    const auto kept = parts.instances.find(connection);
    if (kept == parts.instances.end() || kept->second != instance) shard.retire(std::move(instance));
  }
  std::erase_if(parts.instances, [&live_ones](const auto& each) {
    const auto known = live_ones.find(each.first);
    return known != live_ones.end() && known->second == each.second;
  });
  place.instances = std::move(parts.instances);
  return std::make_shared<const Flow>(std::move(flows->front()));
}

}  // namespace tenon::pipeline
