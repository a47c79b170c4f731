#include "runtime/real/executor.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <stdexcept>

#include "runtime/asio_access.hpp"
#include "runtime/real/thread.hpp"

namespace tenon::runtime {

namespace {
thread_local const RealExecutor* current_executor = nullptr;
}  // namespace

RealExecutor::RealExecutor(std::string name, const Clock& clock)
    : name_(std::move(name)), clock_(clock), loop_(std::make_unique<Loop>()) {}

RealExecutor::~RealExecutor() {
  stop();
  join();
  shut();
}

void RealExecutor::post(Function<void()> task) {
  if (stopped_.load(std::memory_order_relaxed)) return;
  boost::asio::post(loop_->io, std::move(task));
}

TimerId RealExecutor::after(Duration delay, Function<void()> task) {
  if (stopped_.load(std::memory_order_relaxed)) return 0;
  const TimerId id = heap_.add(clock_.steady() + std::max(delay, Duration::zero()), std::move(task));
  arm();
  return id;
}

void RealExecutor::cancel(TimerId timer) { heap_.cancel(timer); }

bool RealExecutor::here() const { return current_executor == this; }

void RealExecutor::start() {
  thread_ = start_thread(name_, [this] { run(); });
}

void RealExecutor::run() {
  current_executor = this;
  loop_->io.run();
  current_executor = nullptr;
}

void RealExecutor::stop() {
  stopped_ = true;
  if (loop_) loop_->io.stop();
}

void RealExecutor::join() {
  if (thread_.joinable()) thread_.join();
}

void RealExecutor::shut() {
  heap_.clear();
  loop_.reset();
}

void RealExecutor::arm() {
  const auto due = heap_.next_due();
  // An earlier wake-up than needed only looks and arms again: cheaper than moving the timer on each change.
  if (!due || (armed_ && *armed_ <= *due)) return;
  armed_ = due;
  loop_->timer.expires_at(std::chrono::steady_clock::time_point(*due));
  loop_->timer.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    armed_.reset();
    fire();
  });
}

void RealExecutor::fire() {
  constexpr int kBatch = 256;  // then the sockets have their turn
  const Duration now = clock_.steady();
  for (int i = 0; i < kBatch; ++i) {
    Function<void()> task = heap_.pop(now);
    if (!task) break;
    task();
  }
  arm();
}

boost::asio::io_context& io_context_of(Executor& executor) {
  auto* real = dynamic_cast<RealExecutor*>(&executor);
  if (real == nullptr) throw std::logic_error("io_context_of: not an executor of the real runtime");
  return real->io();
}

}  // namespace tenon::runtime
