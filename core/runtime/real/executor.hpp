// RealExecutor: a thread with an Asio loop.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "runtime/clock.hpp"
#include "runtime/timer_heap.hpp"

namespace tenon::runtime {

class RealExecutor final : public Executor {
 public:
  /// `name` is the thread's, at most 15 bytes.
  RealExecutor(std::string name, const Clock& clock);
  ~RealExecutor() override;

  void post(Function<void()> task) override;
  TimerId after(Duration delay, Function<void()> task) override;
  void cancel(TimerId timer) override;
  bool here() const override;

  void start();
  void stop();
  void join();
  /// After join(): drops all tasks and the loop. What the tasks held may still call post, after and cancel of
  /// this executor and of others; those do nothing.
  void shut();
  boost::asio::io_context& io() { return loop_->io; }
  const std::string& name() const { return name_; }

 private:
  void run();
  void arm();
  void fire();

  std::string name_;
  const Clock& clock_;
  TimerHeap heap_;
  std::atomic<bool> stopped_{false};
  struct Loop {
    boost::asio::io_context io{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
    boost::asio::steady_timer timer{io};
  };
  std::unique_ptr<Loop> loop_;
  std::optional<Duration> armed_;  ///< when timer_ fires; may be earlier than needed, never later
  std::thread thread_;
};

}  // namespace tenon::runtime
