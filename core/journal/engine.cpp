#include "journal/engine.hpp"
#include "runtime/crash_point.hpp"

#include <algorithm>

namespace tenon::journal {
namespace {

// What one transaction takes at most, so that a pile of large bodies does not hold up small calls behind it.
constexpr std::size_t kBatchCalls = 2048;
constexpr std::size_t kBatchBytes = 4 * 1024 * 1024;
constexpr runtime::Duration kIdle = std::chrono::seconds(1);

}  // namespace

Engine::Engine(runtime::Runtime& runtime, std::unique_ptr<Store> store, Options options)
    : runtime_(runtime),
      link_(std::make_shared<Link>()),
      epoch_(store->epoch()),
      opened_ms_(runtime.clock().wall_ms()),
      restored_ms_(store->restored_ms()),
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
  // Once nothing fits any more, copying the log back may make room in it.
  const bool full = std::exchange(full_, false);
  maintain(full ? Store::Pace::idle : pressed ? Store::Pace::pressed : Store::Pace::calm);
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
      full_ = status.error().code == kStoreFull;
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
  TENON_CRASH_POINT("journal.before_commit");
  TENON_CHECK(store_->commit());
  TENON_CRASH_POINT("journal.after_commit");
  return {};
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
