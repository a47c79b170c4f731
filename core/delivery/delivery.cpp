#include "delivery/delivery.hpp"

#include <algorithm>

#include "base/digest.hpp"
#include "delivery/fold.hpp"
#include "delivery/scope.hpp"

#include "observe/log.hpp"
#include "runtime/crash_point.hpp"

namespace tenon::delivery {
Delivery::Delivery(runtime::Runtime& runtime, journal::Journal& journal, Feed& feed, BudgetGate& gate,
                   DeliveryOptions options)
    : runtime_(runtime),
      journal_(journal),
      feed_(feed),
      gate_(gate),
      options_(options),
      lanes_([this](const journal::Waiting& waiting) { return priority_of(waiting); },
             [this](const std::string& pipeline) { return most_in_lane(pipeline); }),
      locks_(runtime.delivery()),
      duplicates_(runtime, journal, [this](const std::string& pipeline) { return flow_of(pipeline); }),
      pace_(options.running_per_flow * 3 / 4) {}

Delivery::~Delivery() { *alive_ = false; }

void Delivery::add_flow(Flow flow) {
  const std::string name = flow.pipeline->name;
  flows_.insert_or_assign(name, std::make_shared<const Flow>(std::move(flow)));
}

void Delivery::start() {
  feed_.on_appended(options_.taker, runtime_.delivery(), [this, alive = alive_] {
    if (!*alive) return;
    more_ = true;
    pump();
  });
  gate_.on_reached([this, alive = alive_] {
    if (*alive) pump();
  });
  duplicates_.load();
  load_modes();
}

void Delivery::place(journal::Waiting waiting) {
  const auto flow = flows_.find(waiting.pipeline);
  if (flow == flows_.end()) {
    // It keeps in the journal, which hands it out again once a pipeline of that name is there.
    log::warn(codes::kPipelineMissing, "an event waits for a pipeline that is not running",
              {{"pipeline", waiting.pipeline}});
    return;
  }
  // The journal hands it out again once the pipeline runs.
  if (stopped_flows_.contains(waiting.pipeline)) return;
  if (const auto ours = still_ours_.find(waiting.pipeline); ours != still_ours_.end()) {
    if (ours->second.erase({waiting.seq, waiting.requeued_ms}) > 0) return;
  }
  const std::string lane = lane_of(*flow->second, waiting.seq, waiting.event);
  if (!leave_on_disk(lane, waiting)) queue(lane, std::move(waiting));
}

void Delivery::queue(const std::string& lane, journal::Waiting waiting) {
  const journal::Seq seq = waiting.seq;
  if (!lanes_.add(lane, std::move(waiting), blocked_.holds(seq))) to_park_[lane].push_back(seq);
}

bool Delivery::quarantined(journal::Seq seq) const {
  return options_.suspects != nullptr && !options_.suspects->quarantined(seq).empty();
}

/// An event whose `order_by` fails runs in the lane of its key, and its run rejects it; so does one of which
/// the host has died too often, without a look at it.
std::string Delivery::lane_of(const Flow& flow, journal::Seq seq, const Event& event) const {
  if (!flow.pipeline->order_by || quarantined(seq)) return Lanes::name(flow.pipeline->name, event.key);
  RunScope scope(*flow.pipeline, flow.connections);
  scope.runs_for(seq);
  const Status set = scope.set_event(event);
  const Result<std::string> value = set ? scope.lane() : Result<std::string>(set.error());
  constexpr std::size_t kMost = 256;
  if (value && value->size() > kMost)
    return Lanes::name(flow.pipeline->name, to_hex(bytes_of(sha256(*value))));
  return Lanes::name(flow.pipeline->name, value ? *value : event.key);
}

config::Priority Delivery::priority_of(const journal::Waiting& waiting) const {
  const auto flow = flows_.find(waiting.pipeline);
  if (flow == flows_.end() || !flow->second->pipeline->priority || quarantined(waiting.seq))
    return config::Priority::normal;
  RunScope scope(*flow->second->pipeline, flow->second->connections);
  scope.runs_for(waiting.seq);
  if (!scope.set_event(waiting.event)) return config::Priority::normal;
  const Result<config::Priority> priority = scope.priority();
  return priority ? *priority : config::Priority::normal;
}

void Delivery::pump() {
  if (pumping_) return;
  pumping_ = true;
  wake_due();
  bool rested = false;
  while (!stopping_ && runs_.size() < options_.running) {
    auto head = lanes_.next([this](const std::string& pipeline, EventClass event_class) {
      return admits(pipeline, event_class);
    });
    if (!head) break;
    const auto now = runtime_.clock().wall_ms();
    if (head->waiting.next_ms && *head->waiting.next_ms > now) {
      rest(head->lane, std::move(head->waiting));
      rested = true;
    } else {
      start_run(std::move(*head));
    }
  }
  // Of what went to disk just now nobody else would see when it is due.
  if (rested) wake_due();
  pumping_ = false;
  take();
}

/// Whether one more event of the pipeline may start. While a remote that it needs does not work only one may:
/// the probe. A quarter of the places is kept for live events, and more while the executor is behind.
bool Delivery::admits(const std::string& pipeline, EventClass event_class) {
  if (stopped_flows_.contains(pipeline)) return false;
  const std::size_t running = running_of_[pipeline];
  if (running >= options_.running_per_flow) return false;
  if (event_class != EventClass::live && not_live_of_[pipeline] >= pace_.allowed()) return false;
  const auto flow = flows_.find(pipeline);
  if (flow == flows_.end()) return true;
  const auto reaches = [&](const plugin::Instance* instance) {
    if (instance == nullptr) return true;
    const std::string& account = instance->connection().account;
    const auto reach = gate_.reach(account);
    if (reach == BudgetGate::Reach::none) pump_at(gate_.probe_at(account));
    return reach == BudgetGate::Reach::open || (reach == BudgetGate::Reach::probe && running == 0);
  };
  const Flow& of = *flow->second;
  if (!reaches(of.source)) return false;
  return std::all_of(of.sinks.begin(), of.sinks.end(),
                     [&](const auto& sink) { return reaches(sink.second); });
}

void Delivery::pump_at(runtime::Duration at) {
  // A time that has passed: a probe is under way, and its end pumps.
  if (at <= runtime_.clock().steady() || (pump_timer_ != 0 && pump_at_ <= at)) return;
  runtime_.delivery().cancel(pump_timer_);
  pump_at_ = at;
  pump_timer_ = runtime_.delivery().after(at - runtime_.clock().steady(), [this, alive = alive_] {
    if (!*alive) return;
    pump_timer_ = 0;
    pump();
  });
}

/// Makes the newest of those that the head folds with the one that runs; gives the others, for which it
/// stands. Where events that came between must run first, the head is one of these.
std::vector<journal::Waiting> Delivery::fold(const Flow& flow, Lanes::Head& head) {
  if (!flow.folding.folds) return {};
  // Each time one kind of events steps back behind others: a bound on what one claim costs.
  constexpr int kMostSteps = 8;
  for (int step = 0; !quarantined(head.waiting.seq); ++step) {
    const auto look = [&](const journal::Waiting& next, const journal::Waiting* newest) {
      Lanes::Look what = look_at(flow, head.waiting, newest != nullptr ? *newest : head.waiting, next);
      if (what == Lanes::Look::pass && step == kMostSteps) what = Lanes::Look::stop;
      return what == Lanes::Look::take && quarantined(next.seq) ? Lanes::Look::stop : what;
    };
    Lanes::Behind behind = lanes_.take_behind(head.lane, head.waiting.seq, look);
    if (behind.taken.empty()) return {};
    if (behind.passed == 0) {
      std::vector<journal::Waiting> folded;
      folded.push_back(std::exchange(head.waiting, std::move(behind.taken.back())));
      behind.taken.pop_back();
      std::move(behind.taken.begin(), behind.taken.end(), std::back_inserter(folded));
      return folded;
    }
    head.waiting = lanes_.step_back(head.lane, std::move(head.waiting), std::move(behind));
  }
  return {};
}

void Delivery::start_run(Lanes::Head head) {
  const RunId id = next_run_++;
  const std::string pipeline = head.waiting.pipeline;
  const std::shared_ptr<const Flow> flow = flows_.find(pipeline)->second;
  const bool live = class_of(head.waiting) == EventClass::live;
  ++running_of_[pipeline];
  if (!live) ++not_live_of_[pipeline];
  RunServices services{runtime_, journal_, locks_, duplicates_, doubts_, options_.probe, options_.suspects};
  std::vector<journal::Waiting> folded = fold(*flow, head);
  auto event_run = std::make_shared<EventRun>(services, flow, std::move(head.waiting), std::move(folded));
  runs_.emplace(id, event_run);
  runtime::spawn(run(id, std::move(event_run), std::move(head.lane), pipeline, live));
}

runtime::Task<> Delivery::run(RunId id, std::shared_ptr<EventRun> event_run, std::string lane,
                              std::string pipeline, bool live) {
  RunEnd end = co_await event_run->run();
  runs_.erase(id);
  --running_of_[pipeline];
  if (!live) --not_live_of_[pipeline];
  if (!end.abandoned) {
    note_refusals(pipeline, end);
    note_blocker(*event_run, end);
    // Of a pipeline that is stopped the lane is let go of: the journal has the event.
    if (end.next_ms && !stopped_flows_.contains(pipeline)) {
      rest(lane, event_run->take_waiting());
    } else {
      finished(lane);
    }
  }
  // Resumed from inside a plugin's completion or the journal's answer: go on from a fresh turn.
  runtime_.delivery().post([this, alive = alive_, pipeline, posted = runtime_.clock().steady()] {
    if (!*alive) return;
    const runtime::Duration now = runtime_.clock().steady();
    pace_.reached(now - posted, now);
    check_regrouping(pipeline);
    pump();
    check_stopped();
  });
}

void Delivery::finished(const std::string& lane) {
  if (lanes_.finish(lane)) take_parked(lane);
}

// --- reload

void Delivery::put_flow(Flow fresh) {
  const std::string name = fresh.pipeline->name;
  const auto order = [](const config::Pipeline& of) {
    return of.order_by ? of.order_by->text : std::string();
  };
  auto& flow = flows_[name];
  const bool was_there = flow != nullptr;
  const bool regroup = was_there && (order(*flow->pipeline) != order(*fresh.pipeline) ||
                                     flow->pipeline->block_key != fresh.pipeline->block_key);
  flow = std::make_shared<const Flow>(std::move(fresh));
  if (!was_there) duplicates_.load();
  if (was_there && !regroup) return pump();
  // Paused or held: all is handed out anew when it runs again.
  const bool stopped = stopped_flows_.contains(name) && !absent_.contains(name);
  if (stopped) return;
  stop_handing_out(name);
  if (!was_there) return run_again(name);
  regrouping_.insert(name);
  check_regrouping(name);
}

void Delivery::remove_flow(const std::string& pipeline) {
  flows_.erase(pipeline);
  if (!stopped_flows_.contains(pipeline) || regrouping_.contains(pipeline)) absent_.insert(pipeline);
  regrouping_.erase(pipeline);
  stop_handing_out(pipeline);
}

std::shared_ptr<const Flow> Delivery::flow_of(const std::string& pipeline) const {
  const auto found = flows_.find(pipeline);
  return found == flows_.end() ? nullptr : found->second;
}

std::size_t Delivery::running_of(const std::string& pipeline) const {
  const auto found = running_of_.find(pipeline);
  return found == running_of_.end() ? 0 : found->second;
}

void Delivery::check_regrouping(const std::string& pipeline) {
  if (regrouping_.contains(pipeline) && running_of(pipeline) == 0) run_again(pipeline);
}

/// The journal hands out all open events of a pipeline.
void Delivery::run_again(const std::string& pipeline) {
  ModeChange change;
  change.state.pipeline = pipeline;
  change.state.since_ms = runtime_.clock().wall_ms();
  change_mode(std::move(change));
}

void Delivery::stop(runtime::Duration limit, Function<void()> done) {
  stopping_ = true;
  stopped_ = std::move(done);
  stop_timer_ = runtime_.delivery().after(limit, [this, alive = alive_] {
    if (!*alive) return;
    stop_timer_ = 0;
    // A cancelled run erases itself from the map: walk over a copy.
    const auto open = runs_;
    for (const auto& [id, event_run] : open) event_run->cancel();
  });
  runtime_.delivery().post([this, alive = alive_] {
    if (*alive) check_stopped();
  });
}

void Delivery::check_stopped() {
  if (!stopping_ || !runs_.empty() || !stopped_) return;
  runtime_.delivery().cancel(stop_timer_);
  auto done = std::exchange(stopped_, {});
  done();
}

}  // namespace tenon::delivery
