#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <memory>
#include <vector>

#include "runtime/chance.hpp"
#include "runtime/real.hpp"
#include "runtime/real/curl_http.hpp"
#include "runtime/real/executor.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define TENON_LEAK_CHECK
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TENON_LEAK_CHECK
#endif
#endif

namespace tenon::runtime {

namespace {

class RealClock final : public Clock {
 public:
  Duration steady() const override { return std::chrono::steady_clock::now().time_since_epoch(); }
  std::int64_t wall_ms() const override {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  }
};

std::uint64_t seed_from_kernel() {
  std::uint64_t seed = 0;
  while (getrandom(&seed, sizeof seed, 0) != static_cast<ssize_t>(sizeof seed)) {
  }  // interrupted: ask again
  return seed;
}

class RealRandom final : public Random {
 public:
  std::uint64_t next() override {
    thread_local Xoshiro256 generator(seed_from_kernel());  // one a thread: no lock, no shared cache line
    return generator.next();
  }
};

sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  return set;
}

class RealRuntimeImpl final : public RealRuntime {
 public:
  explicit RealRuntimeImpl(RealOptions options)
      : options_(std::move(options)), ingress_("tenon-ingress", clock_), writer_("tenon-writer", clock_) {
    // "tenon-delivery", "tenon-delivr-2": a thread's name has 15 bytes.
    const std::size_t count = std::max<std::size_t>(options_.deliveries, 1);
    for (std::size_t i = 0; i < count; ++i) {
      std::string name = i == 0 ? "tenon-delivery" : "tenon-delivr-" + std::to_string(i + 1);
      deliveries_.push_back(std::make_unique<RealExecutor>(std::move(name), clock_));
    }
    executors_ = {&ingress_};
    for (const auto& each : deliveries_) executors_.push_back(each.get());
    executors_.push_back(&writer_);
  }

  ~RealRuntimeImpl() override {
    RealRuntimeImpl::stop();
    RealRuntimeImpl::join();
    watchdog_.reset();  // not in join(): a stop() on one of the threads may still hold it
    // The client lets go of its loop first; dropped tasks may still hold on to the client and the executors.
    for (const auto& client : clients_) client->close();
    for (auto* executor : executors_) executor->shut();
    if (stop_event_ >= 0) ::close(stop_event_);
  }

  Status open() {
    ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
    stop_event_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (stop_event_ < 0) return Error("runtime_failed", "no descriptor for an eventfd");
    for (const auto& delivery : deliveries_) {
      TENON_TRY(auto client, make_curl_http(*delivery, delivery->io(), clock_, options_));
      clients_.push_back(std::move(client));
      views_.emplace_back(*this, *delivery, *clients_.back());
    }
    return {};
  }

  Executor& ingress() override { return ingress_; }
  Executor& delivery() override { return *deliveries_.front(); }
  Executor& writer() override { return writer_; }
  Clock& clock() override { return clock_; }
  Random& random() override { return random_; }
  HttpClient& http() override { return *clients_.front(); }
  std::size_t deliveries() const override { return deliveries_.size(); }
  Runtime& at_delivery(std::size_t i) override {
    if (i == 0) return *this;
    return views_[i];
  }

  void start() override {
    for (auto* executor : executors_) executor->start();
    if (!options_.watchdog) return;
    std::vector<std::pair<std::string, Executor*>> watched;
    for (auto* executor : executors_) watched.emplace_back(executor->name().substr(6), executor);
    watchdog_.emplace(std::move(watched), std::move(options_.watch));
  }

  void stop() override {
    if (watchdog_) watchdog_->stop();
    for (auto* executor : executors_) executor->stop();
    const std::uint64_t one = 1;
    if (stop_event_ >= 0) (void)!::write(stop_event_, &one, sizeof one);
  }

  void join() override {
    for (auto* executor : executors_) executor->join();
  }

  void wait_for_signal(std::initializer_list<int> signals, Function<void(int)> on_signal) override {
    hold_signals(signals);
    const sigset_t set = set_of(signals);
    const int source = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    for (;;) {
      pollfd ready[] = {{stop_event_, POLLIN, 0}, {source, POLLIN, 0}};
      if (poll(ready, 2, -1) < 0 && errno != EINTR) break;
      if (ready[0].revents != 0) break;
      signalfd_siginfo info{};
      if (read(source, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
        on_signal(static_cast<int>(info.ssi_signo));
      }
    }
    if (source >= 0) ::close(source);
  }

 private:
  RealOptions options_;
  RealClock clock_;
  RealRandom random_;
  int stop_event_ = -1;
  std::vector<std::unique_ptr<CurlHttp>> clients_;  ///< of the delivery executors, in their order
  std::deque<DeliveryView> views_;                  ///< the same
  RealExecutor ingress_;
  RealExecutor writer_;
  std::vector<std::unique_ptr<RealExecutor>> deliveries_;  ///< never empty
  std::vector<RealExecutor*> executors_;                   ///< all
  std::optional<Watchdog> watchdog_;
};

}  // namespace

void hold_signals(std::initializer_list<int> signals) {
  const sigset_t set = set_of(signals);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void keep_memory_private() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
#if !defined(TENON_LEAK_CHECK)
  prctl(PR_SET_DUMPABLE, 0);  // LeakSanitizer attaches to its own process
#endif
}

void give_memory_back() {
  constexpr int kLargeBlock = 128 * 1024;
  mallopt(M_MMAP_THRESHOLD, kLargeBlock);  // setting it also keeps it from growing
}

Result<std::unique_ptr<RealRuntime>> make_real(RealOptions options) {
  auto runtime = std::make_unique<RealRuntimeImpl>(std::move(options));
  TENON_CHECK(runtime->open());
  return std::unique_ptr<RealRuntime>(std::move(runtime));
}

}  // namespace tenon::runtime
