#include "runtime/watchdog.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "observe/log.hpp"
#include "runtime/attempts.hpp"
#include "runtime/real/thread.hpp"

namespace tenon::runtime {

struct Watchdog::Shared {
  struct Dog {
    std::string name;
    Executor* executor;
    std::atomic<bool> answered{true};
    std::mutex mutex;
    std::shared_ptr<StuckNote> note;  ///< of its thread, once it ran; guarded by mutex
    Duration waited{};
  };

  WatchdogOptions options;
  std::vector<std::shared_ptr<Dog>> dogs;
  std::mutex mutex;
  std::condition_variable wake;
  bool stop = false;
  std::thread thread;

  void run();
  void look(const std::shared_ptr<Dog>& dog, Duration passed);
};

Watchdog::Watchdog(std::vector<std::pair<std::string, Executor*>> executors, WatchdogOptions options)
    : shared_(std::make_unique<Shared>()) {
  shared_->options = std::move(options);
  for (auto& [name, executor] : executors) {
    auto dog = std::make_shared<Shared::Dog>();
    dog->name = std::move(name);
    dog->executor = executor;
    // Before anything else can hang there.
    executor->post([dog] {
      const std::lock_guard lock(dog->mutex);
      dog->note = share_current_note();
    });
    shared_->dogs.push_back(std::move(dog));
  }
  shared_->thread = start_thread("tenon-watchdog", [shared = shared_.get()] { shared->run(); });
}

Watchdog::~Watchdog() {
  stop();
  shared_->thread.join();
}

void Watchdog::stop() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stop = true;
  }
  shared_->wake.notify_all();
}

void Watchdog::Shared::run() {
  std::unique_lock lock(mutex);
  auto before = std::chrono::steady_clock::now();
  while (!wake.wait_for(lock, options.interval, [this] { return stop; })) {
    const auto now = std::chrono::steady_clock::now();
    // Were we ourselves not running for long, the executors were probably stopped with us.
    const Duration passed = std::min<Duration>(now - before, 2 * options.interval);
    before = now;
    for (const auto& dog : dogs) look(dog, passed);
  }
}

void Watchdog::Shared::look(const std::shared_ptr<Dog>& dog, Duration passed) {
  if (dog->answered.exchange(false)) {
    dog->waited = Duration::zero();
    dog->executor->post([dog] {
      {
        const std::lock_guard lock(dog->mutex);
        if (!dog->note) dog->note = share_current_note();
      }
      dog->answered = true;
    });
    return;
  }
  dog->waited += passed;
  if (dog->waited < options.limit) return;
  dog->waited = Duration::zero();
  std::string doing;
  {
    const std::lock_guard lock(dog->mutex);
    if (dog->note) doing = dog->note->text();
    if (dog->note && !options.on_stuck) dog->note->mark(static_cast<std::uint32_t>(Died::stuck));
  }
  if (doing.empty()) doing = "the host's own work";
  if (options.on_stuck) {
    options.on_stuck(dog->name, doing);
    return;
  }
  log::error(codes::kExecutorStuck, "an executor hangs; the process ends itself",
             {{"executor", dog->name}, {"doing", doing}});
  log::flush();
  std::abort();
}

}  // namespace tenon::runtime
