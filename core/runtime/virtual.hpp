// The virtual runtime: one thread, a clock that is turned by hand, a network that is a script.
#pragma once

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/chance.hpp"
#include "runtime/runtime.hpp"
#include "runtime/timer_heap.hpp"

namespace tenon::runtime {

struct VirtualOptions {
  std::uint64_t seed = 1;  ///< of random(), and of the order if that is shuffled
  /// Which executor runs next is drawn by the seed (each still runs its own tasks in order), as threads would
  /// interleave. Off: the order of posting.
  bool shuffle = false;
  std::int64_t start_wall_ms = 1'767'225'600'000;  ///< 2026-01-01T00:00:00Z
  std::size_t deliveries = 1;                      ///< delivery executors
};

class VirtualRuntime;

/// One of several; tells apart whose task is running. Using one from another's task where the real runtime
/// would race is a programming error (std::logic_error).
class VirtualExecutor final : public Executor {
 public:
  explicit VirtualExecutor(VirtualRuntime& runtime) : runtime_(runtime) {}
  void post(Function<void()> task) override;
  TimerId after(Duration delay, Function<void()> task) override;
  void cancel(TimerId timer) override;
  /// Also true while no task runs: a test's own code stands for any thread.
  bool here() const override;

 private:
  friend class VirtualRuntime;
  struct Posted {
    std::uint64_t order;
    Function<void()> task;
  };
  void must_be_here() const;

  VirtualRuntime& runtime_;
  std::deque<Posted> posted_;
};

/// What the script answers: after `delay` the result. A delay beyond the request's timeout becomes a timeout.
struct ScriptedAnswer {
  Duration delay{};
  HttpResult result;

  ScriptedAnswer() = default;
  /// A response.
  ScriptedAnswer(int status, std::string body, Headers headers = {}, Duration after = {});
  /// A failure.
  ScriptedAnswer(Error error, RequestSent sent, Duration after = {});
};

/// A request that was made.
struct LoggedRequest {
  HttpRequest request;
  Duration at{};  ///< by the steady clock
};

/// Checks requests as the real client does, then asks the script. One for all delivery executors.
class VirtualHttp final : public HttpClient {
 public:
  using Script = Function<ScriptedAnswer(const HttpRequest&)>;
  explicit VirtualHttp(VirtualRuntime& runtime) : runtime_(runtime) {}
  /// Called when a request starts. Without a script every connection is refused.
  void on_request(Script script) { script_ = std::move(script); }
  const std::vector<LoggedRequest>& requests() const { return requests_; }
  void forget_requests() { requests_.clear(); }
  std::size_t open() const { return open_.size(); }

  /// From a delivery executor; `done` on the same.
  Handle start(HttpRequest request, Function<void(HttpResult)> done) override;
  void cancel(Handle handle) override;

 private:
  friend class VirtualRuntime;
  struct Open {
    Function<void(HttpResult)> done;
    TimerId timer = 0;
    Duration started{};
    VirtualExecutor* on = nullptr;
  };
  void complete(Handle handle, HttpResult result);

  VirtualRuntime& runtime_;
  Script script_;
  std::vector<LoggedRequest> requests_;
  std::unordered_map<Handle, Open> open_;
  Handle next_ = 1;
};

/// All from one thread. The same seed and the same calls give the same history.
class VirtualRuntime final : public Runtime {
 public:
  explicit VirtualRuntime(VirtualOptions options = {});
  ~VirtualRuntime() override;

  Executor& ingress() override { return ingress_; }
  Executor& delivery() override { return deliveries_.front(); }
  Executor& writer() override { return writer_; }
  Clock& clock() override { return clock_; }
  Random& random() override { return random_; }
  HttpClient& http() override { return http_; }
  std::size_t deliveries() const override { return deliveries_.size(); }
  Runtime& at_delivery(std::size_t i) override {
    if (i == 0) return *this;
    return views_[i];
  }
  VirtualHttp& network() { return http_; }

  /// Runs one task that is due now; false if there is none.
  bool step();
  /// Runs until nothing is due now. The clock stands. Returns how many tasks ran. More than `limit` is taken
  /// for a loop that never ends (std::logic_error).
  std::size_t run_until_idle(std::size_t limit = 10'000'000);
  /// Turns the clocks on by so much, stopping at each timer on the way and running what is due there.
  void advance(Duration by);
  /// Runs until `done()` holds, turning the clocks to the next timer whenever nothing is due. False if
  /// nothing is left to run or `at_most` has passed first.
  bool run_until(const Function<bool()>& done, Duration at_most = std::chrono::hours(24 * 30));
  /// The tasks of that executor wait until `let_go`, as if its thread were not scheduled.
  void hold(const Executor& executor) { held_.insert(&executor); }
  void let_go(const Executor& executor) { held_.erase(&executor); }
  /// Moves the wall clock alone, either way.
  void jump_wall(Duration by) { wall_offset_ += by; }
  /// When the next timer is due; nullopt without timers.
  std::optional<Duration> next_timer() const { return timers_.next_due(); }
  std::size_t timers() const { return timers_.size(); }

 private:
  friend class VirtualExecutor;
  friend class VirtualHttp;

  class VirtualClock final : public Clock {
   public:
    explicit VirtualClock(VirtualRuntime& runtime) : runtime_(runtime) {}
    Duration steady() const override { return runtime_.now_; }
    std::int64_t wall_ms() const override;

   private:
    VirtualRuntime& runtime_;
  };

  class VirtualRandom final : public Random {
   public:
    explicit VirtualRandom(std::uint64_t seed) : generator_(seed) {}
    std::uint64_t next() override { return generator_.next(); }

   private:
    Xoshiro256 generator_;
  };

  struct Pending {
    TimerId place;  ///< in timers_
    Function<void()> task;
  };

  VirtualExecutor* running_delivery();
  VirtualExecutor* choose();
  void wake_timers();

  VirtualOptions options_;
  Duration now_ = std::chrono::seconds(1);  ///< not 0: code that takes 0 for "never" shows
  Duration wall_offset_{};
  std::uint64_t next_order_ = 1;
  Xoshiro256 order_;
  TimerHeap timers_;
  std::unordered_map<TimerId, Pending> pending_;  ///< timers that have not run, by the id given out
  TimerId next_timer_ = 1;
  VirtualExecutor* running_ = nullptr;
  std::set<const Executor*> held_;
  VirtualClock clock_;
  VirtualRandom random_;
  VirtualHttp http_;
  VirtualExecutor ingress_;
  VirtualExecutor writer_;
  std::deque<VirtualExecutor> deliveries_;   ///< never empty
  std::deque<DeliveryView> views_;           ///< of them, in their order
  std::vector<VirtualExecutor*> executors_;  ///< all
};

}  // namespace tenon::runtime
