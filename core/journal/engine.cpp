#include "journal/engine.hpp"

#include <algorithm>

namespace tenon::journal {
namespace {

// What one transaction takes at most, so that a pile of large bodies does not hold up small calls behind it.
constexpr std::size_t kBatchCalls = 2048;
constexpr std::size_t kBatchBytes = 4 * 1024 * 1024;
constexpr std::uint32_t kListLimit = 1000;
constexpr runtime::Duration kIdle = std::chrono::seconds(1);

}  // namespace

Engine::Engine(runtime::Runtime& runtime, std::unique_ptr<Store> store, Options options)
    : runtime_(runtime),
      link_(std::make_shared<Link>()),
      epoch_(store->epoch()),
      store_(std::move(store)),
      options_(std::move(options)) {
  link_->engine = this;
  // A store that cannot be read says so at the first take as well.
  if (const auto states = store_->pipelines()) {
    for (const PipelineState& state : *states) withheld_.insert(state.pipeline);
  }
}

Engine::~Engine() { close(); }

// --- the queue

void Engine::push(std::unique_ptr<Call> call) {
  {
    const std::scoped_lock lock(queue_mutex_);
    if (!closed_) {
      queue_.push_back(std::move(call));
      if (std::exchange(scheduled_, true)) return;
    }
  }
  if (!call) {
    schedule();
    return;
  }
  call->fail(Error(std::string(kStoreFailed), "the journal is closed"));
  Calls one;
  one.push_back(std::move(call));
  answer(std::move(one));
}

template <class T, class Work>
void Engine::push(Call::Kind kind, std::size_t bytes, Reply<T> reply, Work work) {
  push(make_call<T>(kind, bytes, std::move(reply), std::move(work)));
}

template <class T, class Work>
void Engine::push_fenced(Epoch epoch, Call::Kind kind, std::size_t bytes, Reply<T> reply, Work work) {
  push<T>(kind, bytes, std::move(reply),
          [this, epoch, work = std::move(work)](Store& store) mutable -> Result<T> {
            if (epoch != epoch_) return Error("stale_epoch", "the journal was opened again since");
            return work(store);
          });
}

void Engine::schedule() {
  runtime_.writer().post([link = link_] {
    const std::scoped_lock lock(link->mutex);
    if (link->engine) link->engine->drain_task();
  });
}

Calls Engine::next_batch() {
  const std::scoped_lock lock(queue_mutex_);
  Calls batch;
  batch.reserve(std::min(queue_.size(), kBatchCalls));
  for (std::size_t bytes = 0; !queue_.empty() && batch.size() < kBatchCalls && bytes < kBatchBytes;) {
    bytes += queue_.front()->bytes();
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return batch;
}

void Engine::drain_task() {
  drain();
  {
    const std::scoped_lock lock(queue_mutex_);
    scheduled_ = !queue_.empty() || !slices_.empty();
    if (!scheduled_) return;
  }
  schedule();
}

// --- one batch

void Engine::drain() {
  Calls early;
  Calls rest;
  std::vector<runtime::Executor*> writers;
  std::vector<Call*> writes;
  const auto is_in = [](const std::vector<runtime::Executor*>& all, const runtime::Executor* one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  };
  std::vector<runtime::Executor*> late_readers;
  for (auto& call : next_batch()) {
    runtime::Executor* on = call->on();
    // A read waits for the commit only where its own caller wrote before it.
    if (call->is_read() && !is_in(writers, on)) {
      early.push_back(std::move(call));
      continue;
    }
    if (call->is_read()) {
      if (!is_in(late_readers, on)) late_readers.push_back(on);
    } else {
      if (!is_in(writers, on)) writers.push_back(on);
      writes.push_back(call.get());
    }
    rest.push_back(std::move(call));
  }
  run_reads(early);
  answer(std::move(early));
  if (!writes.empty()) {
    run_writes(writes);
    Calls now;
    Calls after;
    for (auto& call : rest) (is_in(late_readers, call->on()) ? after : now).push_back(std::move(call));
    answer(std::move(now));
    tell_appended();
    watch_idle();
    run_reads(after);
    answer(std::move(after));
  }
  if (!slices_.empty()) {
    Calls slices = std::exchange(slices_, {});
    run_reads(slices);
    answer(std::move(slices));
  }
  bool pressed = false;
  {
    const std::scoped_lock lock(queue_mutex_);
    pressed = !queue_.empty();
  }
  maintain(pressed ? Store::Pace::pressed : Store::Pace::calm);
}

void Engine::run_writes(const std::vector<Call*>& writes) {
  Status status;
  if (failed_) {
    status = *failed_;
  } else {
    appended_ = false;
    set_.clear();
    opened_.clear();
    status = run_in_batch(writes);
    if (status) return apply_committed();
    appended_ = false;
    if (status.error().code == kStoreFailed) {
      fail_store(status.error());
    } else {
      store_->rollback();
    }
  }
  for (Call* call : writes) call->fail(status.error());
}

Status Engine::run_in_batch(const std::vector<Call*>& writes) {
  TENON_CHECK(store_->start(runtime_.clock().wall_ms()));
  const bool space = store_->has_space();
  for (Call* call : writes) {
    if (call->is_append() && !space) {
      call->fail(Error(std::string(kStoreFull), "the disk of the journal has too little space left"));
      continue;
    }
    call->run(*store_);
    if (call->failed() && undoes_batch(call->error())) return call->error();
  }
  return store_->commit();
}

/// Runs the reads among the calls; one that wants another turn leaves them.
void Engine::run_reads(Calls& calls) {
  const auto reads =
      std::count_if(calls.begin(), calls.end(), [](const auto& call) { return call->is_read(); });
  const bool together = reads > 1 && !failed_;
  if (together) {
    if (const Status status = store_->start_reads(); !status && status.error().code == kStoreFailed)
      fail_store(status.error());
  }
  for (auto& call : calls) {
    if (!call->is_read()) continue;
    if (failed_) {
      call->fail(*failed_);
    } else if (call->run(*store_) == Call::Ran::again) {
      slices_.push_back(std::move(call));
    } else if (call->failed() && call->error().code == kStoreFailed) {
      fail_store(call->error());
    }
  }
  if (together && !failed_) store_->end_reads();
}

void Engine::answer(Calls calls) {
  Answers answers;
  for (auto& call : calls)
    if (call) answers.add(std::move(call));
  answers.post();
}

void Engine::fail_store(const Error& error) {
  if (failed_) return;
  failed_ = error;
  // Posted, so that the callee may call the journal.
  if (options_.on_failure) {
    runtime_.writer().post([call = std::move(options_.on_failure), error] { call(error); });
  }
}

void Engine::maintain(Store::Pace pace) {
  if (failed_) return;
  if (const Status status = store_->maintain(pace); !status && status.error().code == kStoreFailed)
    fail_store(status.error());
}

void Engine::watch_idle() {
  wrote_since_watch_ = true;
  if (idle_watched_ || !store_->cares_for_idle() || !runtime_.writer().here()) return;
  idle_watched_ = true;
  wrote_since_watch_ = false;
  runtime_.writer().after(kIdle, [link = link_] {
    const std::scoped_lock lock(link->mutex);
    if (link->engine) link->engine->idle_fired();
  });
}

void Engine::idle_fired() {
  idle_watched_ = false;
  if (wrote_since_watch_) {
    watch_idle();
  } else {
    maintain(Store::Pace::idle);
  }
}

void Engine::tell_appended() {
  if (!appended_ || !feed_armed_) return;
  std::shared_ptr<Feed> feed;
  {
    const std::scoped_lock lock(queue_mutex_);
    feed = feed_;
  }
  if (!feed) return;
  feed_armed_ = false;
  feed->on->post([feed] { feed->call(); });
}

// --- the calls

void Engine::append(Append request, Reply<Appended> reply) {
  std::size_t bytes = request.malformed ? request.malformed->data.size() : 0;
  for (const auto& each : request.events) bytes += each.event.data.size();
  push<Appended>(Call::Kind::append, bytes, std::move(reply),
                 [this, request = std::move(request)](Store& store) mutable -> Result<Appended> {
                   auto appended = store.append(request);
                   if (appended && !appended->duplicate && !appended->seqs.empty()) appended_ = true;
                   return appended;
                 });
}

void Engine::on_appended(runtime::Executor& on, Function<void()> call) {
  auto feed = std::make_shared<Feed>();
  feed->on = &on;
  feed->call = std::move(call);
  const std::scoped_lock lock(queue_mutex_);
  feed_ = std::move(feed);
}

void Engine::take(Epoch epoch, std::uint32_t limit, Reply<Taken> reply) {
  push_fenced<Taken>(epoch, Call::Kind::read, 0, std::move(reply),
                     [this, limit](Store& store) { return take_now(store, limit); });
}

Result<Taken> Engine::take_now(Store& store, std::uint32_t limit) {
  Taken taken;
  TENON_CHECK(take_requeued(store, limit, taken));
  TENON_CHECK(catch_up(store, limit, taken));
  if (taken.events.size() < limit) {
    Scan scan;
    scan.after = taken_;
    scan.not_of = &withheld_;
    TENON_TRY(const bool end, store.open_some(scan, limit, taken.events));
    taken_ = scan.after;
    taken.more = taken.more || !end;
  }
  taken.more = taken.more || taken.events.size() >= limit;
  if (!taken.more) feed_armed_ = true;
  return taken;
}

Status Engine::take_requeued(Store& store, std::uint32_t limit, Taken& taken) {
  for (auto at = requeued_.begin(); at != requeued_.end() && taken.events.size() < limit;) {
    auto& [pipeline, waiting] = *at;
    if (withheld_.contains(pipeline) && !catching_up_.contains(pipeline)) {
      ++at;
      continue;
    }
    const auto count = std::min<std::size_t>(limit - taken.events.size(), waiting.size());
    const auto last = std::next(waiting.begin(), static_cast<std::ptrdiff_t>(count));
    const std::vector<Seq> seqs(waiting.begin(), last);
    TENON_TRY(auto open, store.open_of(seqs));
    std::move(open.begin(), open.end(), std::back_inserter(taken.events));
    waiting.erase(waiting.begin(), last);
    at = waiting.empty() ? requeued_.erase(at) : std::next(at);
  }
  if (!requeued_.empty() && taken.events.size() >= limit) taken.more = true;
  return {};
}

/// Events that were passed by, of pipelines that run again. Until they are all out, newer ones are still
/// passed by: nothing of a key overtakes.
Status Engine::catch_up(Store& store, std::uint32_t limit, Taken& taken) {
  for (auto at = catching_up_.begin(); at != catching_up_.end() && taken.events.size() < limit;) {
    Scan scan;
    scan.only = at->first;
    scan.after = at->second;
    scan.until = taken_;
    TENON_TRY(const bool end, store.open_some(scan, limit, taken.events));
    at->second = scan.after;
    if (end) {
      withheld_.erase(at->first);
      at = catching_up_.erase(at);
    } else {
      ++at;
    }
  }
  if (!catching_up_.empty()) taken.more = true;
  return {};
}

void Engine::apply_committed() {
  for (const PipelineState& state : set_) {
    forget_handed_out(state.pipeline);
    withheld_.insert(state.pipeline);
    catching_up_.erase(state.pipeline);
    if (state.mode == PipelineMode::running) {
      catching_up_[state.pipeline] = 0;
      appended_ = true;  // there is something to take
    }
  }
  for (const auto& [pipeline, seq] : opened_) {
    const auto behind = catching_up_.find(pipeline);
    const bool passed_by = withheld_.contains(pipeline) && behind == catching_up_.end();
    // What a walk will still come upon is left to it.
    if (passed_by || seq > taken_ || (behind != catching_up_.end() && seq > behind->second)) continue;
    requeued_[pipeline].insert(seq);
  }
  if (!opened_.empty()) appended_ = true;
}

void Engine::forget_handed_out(const std::string& pipeline) {
  requeued_.erase(pipeline);
  // Lanes are named by delivery: the pipeline, a NUL, the key.
  const std::string lanes = pipeline + '\0';
  std::erase_if(parked_, [&](const auto& parked) { return parked.first.starts_with(lanes); });
}

void Engine::park(Epoch epoch, std::string lane, std::vector<Seq> seqs, Reply<bool> reply) {
  push_fenced<bool>(
      epoch, Call::Kind::read, 0, std::move(reply),
      [this, lane = std::move(lane), seqs = std::move(seqs)](Store&) { return park_now(lane, seqs); });
}

Result<bool> Engine::park_now(const std::string& lane, const std::vector<Seq>& seqs) {
  if (seqs.empty()) return true;
  if (*std::max_element(seqs.begin(), seqs.end()) > taken_)
    return Error("not_taken", "only events that were taken can be parked");
  auto& parked = parked_[lane];
  for (const Seq seq : seqs) {
    // Nearly always the newest of its lane.
    const auto at = parked.empty() || parked.back() < seq
                        ? parked.end()
                        : std::lower_bound(parked.begin(), parked.end(), seq);
    if (at == parked.end() || *at != seq) parked.insert(at, seq);
  }
  return true;
}

void Engine::take_parked(Epoch epoch, std::string lane, std::uint32_t limit,
                         Reply<std::vector<Waiting>> reply) {
  push_fenced<std::vector<Waiting>>(
      epoch, Call::Kind::read, 0, std::move(reply),
      [this, lane = std::move(lane), limit](Store& store) { return take_parked_now(store, lane, limit); });
}

Result<std::vector<Waiting>> Engine::take_parked_now(Store& store, const std::string& lane,
                                                     std::uint32_t limit) {
  std::vector<Waiting> taken;
  const auto found = parked_.find(lane);
  if (found == parked_.end()) return taken;
  auto& parked = found->second;
  // Some may have ended while they were parked: go on until the answer is full or the lane is empty.
  while (taken.size() < limit && !parked.empty()) {
    const auto count = static_cast<std::ptrdiff_t>(std::min(limit - taken.size(), parked.size()));
    const std::vector<Seq> seqs(parked.begin(), parked.begin() + count);
    auto open = store.open_of(seqs);
    if (!open) return open;
    parked.erase(parked.begin(), parked.begin() + count);
    std::move(open->begin(), open->end(), std::back_inserter(taken));
  }
  if (parked.empty()) parked_.erase(found);
  return taken;
}

void Engine::look(std::vector<IdentityKey> identities, std::vector<AppliedKey> applied, Reply<Looked> reply) {
  push<Looked>(Call::Kind::read, 0, std::move(reply),
               [identities = std::move(identities), applied = std::move(applied)](Store& store) {
                 return store.look(identities, applied);
               });
}

void Engine::begin(Epoch epoch, Intent intent, Reply<bool> reply) {
  push_fenced<bool>(epoch, Call::Kind::write, 0, std::move(reply),
                    [intent = std::move(intent)](Store& store) { return store.begin(intent); });
}

void Engine::settle(Epoch epoch, std::vector<Settlement> batch, Reply<bool> reply) {
  std::size_t bytes = 0;
  for (const auto& each : batch)
    for (const auto& attempt : each.attempts) bytes += attempt.conversation.size() + attempt.fetched.size();
  push_fenced<bool>(epoch, Call::Kind::write, bytes, std::move(reply),
                    [batch = std::move(batch)](Store& store) { return store.settle(batch); });
}

void Engine::requeue(std::vector<Seq> seqs, Reply<Requeued> reply) {
  std::sort(seqs.begin(), seqs.end());
  seqs.erase(std::unique(seqs.begin(), seqs.end()), seqs.end());
  push<Requeued>(Call::Kind::write, 0, std::move(reply),
                 [this, seqs = std::move(seqs)](Store& store) -> Result<Requeued> {
                   TENON_TRY(auto opened, store.requeue(seqs));
                   for (auto& [pipeline, seq] : opened.second) opened_.emplace_back(std::move(pipeline), seq);
                   return std::move(opened.first);
                 });
}

void Engine::set_pipeline(PipelineState state, Reply<PipelineState> reply) {
  push<PipelineState>(Call::Kind::write, 0, std::move(reply),
                      [this, state = std::move(state)](Store& store) -> Result<PipelineState> {
                        TENON_TRY(auto now, store.set_pipeline(state));
                        set_.push_back(now);
                        return now;
                      });
}

void Engine::overview(Reply<Overview> reply) {
  push<Overview>(Call::Kind::read, 0, std::move(reply), [](Store& store) -> Result<Overview> {
    Overview out;
    TENON_TRY(out.backlog, store.backlog());
    TENON_TRY(out.states, store.pipelines());
    out.bytes = store.bytes();
    return out;
  });
}

void Engine::list(Query query, Reply<Listed> reply) {
  query.limit = std::min(query.limit, kListLimit);
  push<Listed>(
      Call::Kind::read, 0, std::move(reply),
      [query = std::move(query), listed = Listed()](Store& store) mutable -> std::optional<Result<Listed>> {
        if (query.limit == 0) return Result<Listed>(std::move(listed));
        if (const Status status = store.list_some(query, listed); !status)
          return Result<Listed>(status.error());
        std::size_t bytes = 0;
        for (const EventRow& row : listed.rows) bytes += row.event.data.size();
        const bool full = listed.rows.size() >= query.limit || bytes >= kListBytes;
        if (listed.next != 0 && !full && listed.looked < query.look) return std::nullopt;
        return Result<Listed>(std::move(listed));
      });
}

void Engine::dead_groups(GroupBy by, Query query, Reply<std::vector<DeadGroup>> reply) {
  using Groups = Result<std::vector<DeadGroup>>;
  query.dead_only = true;
  push<std::vector<DeadGroup>>(Call::Kind::read, 0, std::move(reply),
                               [by, query = std::move(query), before = Seq{0},
                                groups = DeadGroups()](Store& store) mutable -> std::optional<Groups> {
                                 if (const Status status = store.group_some(by, query, before, groups);
                                     !status)
                                   return Groups(status.error());
                                 if (before != 0) return std::nullopt;
                                 return Groups(groups.take());
                               });
}

void Engine::show(std::string id, Reply<std::optional<EventDetail>> reply) {
  using Detail = Result<std::optional<EventDetail>>;
  push<std::optional<EventDetail>>(
      Call::Kind::read, 0, std::move(reply),
      [id = std::move(id), before = Seq{0}](Store& store) mutable -> std::optional<Detail> {
        const Result<std::optional<Seq>> found = store.find_some(id, before);
        if (!found) return Detail(found.error());
        if (*found) return store.detail(**found);
        if (before != 0) return std::nullopt;
        return Detail(std::nullopt);
      });
}

void Engine::counts(Reply<Counts> reply) {
  push<Counts>(Call::Kind::read, 0, std::move(reply), [](Store& store) -> Result<Counts> {
    TENON_TRY(Counts counts, store.counts());
    counts.has_space = store.has_space();
    return counts;
  });
}

void Engine::retain(std::int64_t before_ms, std::uint32_t limit, Reply<std::uint64_t> reply) {
  push<std::uint64_t>(Call::Kind::write, 0, std::move(reply),
                      [before_ms, limit](Store& store) { return store.retain(before_ms, limit); });
}

void Engine::close() {
  {
    const std::scoped_lock lock(queue_mutex_);
    if (std::exchange(closed_, true)) return;
  }
  const std::scoped_lock lock(link_->mutex);
  const auto waiting = [this] {
    const std::scoped_lock queue_lock(queue_mutex_);
    return !queue_.empty() || !slices_.empty();
  };
  while (waiting()) drain();
  store_->close(!failed_);
  link_->engine = nullptr;
}

}  // namespace tenon::journal
