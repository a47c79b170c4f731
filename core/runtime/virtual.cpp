#include "runtime/virtual.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "runtime/http_check.hpp"

namespace tenon::runtime {

void VirtualExecutor::post(Function<void()> task) {
  posted_.push_back({runtime_.next_order_++, std::move(task)});
}

TimerId VirtualExecutor::after(Duration delay, Function<void()> task) {
  must_be_here();
  const TimerId id = runtime_.next_timer_++;
  // A timer that fires posts, to take its turn behind what waits already. Until then it can be cancelled.
  const TimerId place = runtime_.timers_.add(runtime_.now_ + std::max(delay, Duration::zero()), [this, id] {
    post([this, id] {
      if (auto timer = runtime_.pending_.extract(id)) timer.mapped().task();
    });
  });
  runtime_.pending_.emplace(id, VirtualRuntime::Pending{place, std::move(task)});
  return id;
}

void VirtualExecutor::cancel(TimerId timer) {
  must_be_here();
  if (auto cancelled = runtime_.pending_.extract(timer)) runtime_.timers_.cancel(cancelled.mapped().place);
}

bool VirtualExecutor::here() const { return runtime_.running_ == nullptr || runtime_.running_ == this; }

void VirtualExecutor::must_be_here() const {
  if (!here()) throw std::logic_error("an executor's timers were used from another executor's task");
}

ScriptedAnswer::ScriptedAnswer(int status, std::string body, Headers headers, Duration after) : delay(after) {
  result.response = HttpResponse{status, std::move(headers), std::move(body)};
  result.sent = RequestSent::yes;
}

ScriptedAnswer::ScriptedAnswer(Error error, RequestSent sent, Duration after) : delay(after) {
  result.error = std::move(error);
  result.sent = sent;
}

HttpClient::Handle VirtualHttp::start(HttpRequest request, Function<void(HttpResult)> done) {
  VirtualExecutor* const on = runtime_.running_delivery();
  if (on == nullptr) throw std::logic_error("an HTTP request from outside of the delivery executors");
  const Handle handle = next_++;
  open_[handle] = {std::move(done), 0, runtime_.now_, on};
  HttpResult result;
  if (auto target = check_request(request); !target) {
    result.error = target.error();
    complete(handle, std::move(result));
    return handle;
  }
  requests_.push_back({request, runtime_.now_});
  ScriptedAnswer answer(Error("connect_failed", "no script"), RequestSent::no);
  if (script_) answer = script_(request);
  if (answer.result.response && answer.result.response->body.size() > request.response_body_limit) {
    answer.result.response.reset();
    answer.result.error = {"response_too_large", "more body bytes than allowed"};
  }
  if (answer.delay > request.timeout) {
    const bool unsent = !answer.result.response && answer.result.sent == RequestSent::no;
    answer = ScriptedAnswer(Error("timeout", "no answer in time"),
                            unsent ? RequestSent::no : RequestSent::maybe, request.timeout);
  }
  open_[handle].timer = on->after(answer.delay, [this, handle, result = std::move(answer.result)]() mutable {
    complete(handle, std::move(result));
  });
  return handle;
}

void VirtualHttp::cancel(Handle handle) {
  const auto found = open_.find(handle);
  if (found == open_.end()) return;
  found->second.on->cancel(found->second.timer);
  HttpResult result;
  result.error = {"cancelled", "the request was cancelled"};
  result.sent = RequestSent::maybe;
  complete(handle, std::move(result));
}

void VirtualHttp::complete(Handle handle, HttpResult result) {
  const auto found = open_.find(handle);
  if (found == open_.end()) return;
  result.elapsed = runtime_.now_ - found->second.started;
  found->second.on->post([done = std::move(found->second.done), result = std::move(result)]() mutable {
    done(std::move(result));
  });
  open_.erase(found);
}

VirtualRuntime::VirtualRuntime(VirtualOptions options)
    : options_(options),
      order_(options.seed ^ 0x6f72646572ULL),
      clock_(*this),
      random_(options.seed),
      http_(*this),
      ingress_(*this),
      writer_(*this) {
  executors_ = {&ingress_};
  for (std::size_t i = 0; i < std::max<std::size_t>(options.deliveries, 1); ++i) {
    executors_.push_back(&deliveries_.emplace_back(*this));
    views_.emplace_back(*this, deliveries_.back(), http_);
  }
  executors_.push_back(&writer_);
}

VirtualRuntime::~VirtualRuntime() {
  // Tasks may hold what still calls the executors while it goes.
  timers_.clear();
  const auto pending = std::exchange(pending_, {});
  const auto open = std::exchange(http_.open_, {});
  for (auto* executor : executors_) {
    while (!executor->posted_.empty()) {
      const auto dropped = std::exchange(executor->posted_, {});
    }
  }
}

std::int64_t VirtualRuntime::VirtualClock::wall_ms() const {
  const Duration passed = runtime_.now_ + runtime_.wall_offset_ - Duration(std::chrono::seconds(1));
  return runtime_.options_.start_wall_ms + std::chrono::floor<std::chrono::milliseconds>(passed).count();
}

/// The one whose task runs; the first while none does: a test's own code. Null in tasks of others.
VirtualExecutor* VirtualRuntime::running_delivery() {
  const auto found = std::find_if(deliveries_.begin(), deliveries_.end(),
                                  [](const VirtualExecutor& each) { return each.here(); });
  return found == deliveries_.end() ? nullptr : &*found;
}

VirtualExecutor* VirtualRuntime::choose() {
  std::vector<VirtualExecutor*> ready;
  for (auto* executor : executors_) {
    if (!held_.contains(executor) && !executor->posted_.empty()) ready.push_back(executor);
  }
  if (ready.empty()) return nullptr;
  if (options_.shuffle) return ready[order_.next() % ready.size()];
  return *std::min_element(ready.begin(), ready.end(), [](const auto* a, const auto* b) {
    return a->posted_.front().order < b->posted_.front().order;
  });
}

void VirtualRuntime::wake_timers() {
  while (Function<void()> task = timers_.pop(now_)) task();
}

bool VirtualRuntime::step() {
  wake_timers();
  VirtualExecutor* const executor = choose();
  if (executor == nullptr) return false;
  Function<void()> task = std::move(executor->posted_.front().task);
  executor->posted_.pop_front();
  VirtualExecutor* const before = std::exchange(running_, executor);
  task();
  task = {};  // what it held goes while its executor is still the running one
  running_ = before;
  return true;
}

std::size_t VirtualRuntime::run_until_idle(std::size_t limit) {
  std::size_t ran = 0;
  while (step()) {
    if (++ran > limit) throw std::logic_error("run_until_idle: tasks without end");
  }
  return ran;
}

void VirtualRuntime::advance(Duration by) {
  const Duration end = now_ + by;
  run_until_idle();
  for (auto due = timers_.next_due(); due && *due <= end; due = timers_.next_due()) {
    now_ = std::max(now_, *due);
    run_until_idle();
  }
  now_ = end;
}

bool VirtualRuntime::run_until(const Function<bool()>& done, Duration at_most) {
  const Duration end = now_ + at_most;
  while (!done()) {
    if (step()) continue;
    const auto due = timers_.next_due();
    if (!due || *due > end) return false;
    now_ = std::max(now_, *due);
  }
  return true;
}

}  // namespace tenon::runtime
