// The SQLite journal on real threads: acknowledged appends, and whole lives of events.
#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <mutex>
#include <random>

#include "journal/journal.hpp"
#include "runtime/real.hpp"

namespace {

using namespace tenon;  // NOLINT
using journal::Append;
using journal::Journal;
using journal::Settlement;
using journal::Waiting;

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * t.tv_usec; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// A host's threads and a journal in a new folder.
struct Setting {
  Setting() {
    std::string name = (std::filesystem::temp_directory_path() / "tenon-bench-XXXXXX").string();
    if (!::mkdtemp(name.data())) std::abort();
    folder = name;
    runtime::RealOptions options;
    options.watchdog = false;
    runtime = runtime::make_real(std::move(options)).value();
    runtime->start();
    store = journal::open_sqlite(*runtime, folder, {}).value();
  }
  ~Setting() {
    store->close();
    runtime->stop();
    runtime->join();
    store.reset();
    std::filesystem::remove_all(folder);
  }
  std::string folder;
  std::unique_ptr<runtime::RealRuntime> runtime;
  std::unique_ptr<Journal> store;
};

class Gate {
 public:
  void open() {
    const std::scoped_lock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

/// Keeps a number of appends in flight, as many connections of an ingress would.
class Producer {
 public:
  Producer(Setting& setting, std::size_t body_bytes)
      : setting_(setting), body_(body_bytes, 'x'), chance_(std::random_device()()) {}

  void run(std::uint64_t count, int in_flight, std::function<void()> done) {
    left_ = count;
    unanswered_ = count;
    done_ = std::move(done);
    setting_.runtime->ingress().post([this, in_flight] {
      for (int i = 0; i < in_flight; ++i) send();
    });
  }

 private:
  void send() {
    if (left_ == 0) return;
    --left_;
    Append request;
    journal::NewEvent one;
    char id[40];
    std::snprintf(id, sizeof id, "%016lx-%016lx", static_cast<unsigned long>(chance_()),
                  static_cast<unsigned long>(chance_()));
    one.pipeline = "blueprint";
    one.event.id = id;
    one.event.connection = "store";
    one.event.type = "bigcommerce.created";
    one.event.key = "customer:" + std::to_string(chance_() % 100'000);
    one.event.keys = {{"customer", one.event.key}};
    one.event.data = body_;
    one.event.received_ms = setting_.runtime->clock().wall_ms();
    Sha256 body{};
    for (auto& byte : body) byte = static_cast<std::uint8_t>(chance_());
    request.dedupe = journal::DedupeKey{"store", id, body};
    request.events.push_back(std::move(one));
    setting_.store->append(std::move(request),
                           {&setting_.runtime->ingress(), [this](Result<journal::Appended> appended) {
                              if (!appended) std::abort();
                              send();
                              if (--unanswered_ == 0) done_();
                            }});
  }

  Setting& setting_;
  std::string body_;
  std::mt19937_64 chance_;
  std::uint64_t left_ = 0;
  std::uint64_t unanswered_ = 0;
  std::function<void()> done_;
};

/// Takes what is appended and settles it, one settlement per event, with one attempt of 1.5 KiB.
class Consumer {
 public:
  Consumer(Setting& setting, bool upsert) : setting_(setting), upsert_(upsert) {}

  void run(std::uint64_t count, std::function<void()> done) {
    left_ = count;
    done_ = std::move(done);
    auto& on = setting_.runtime->delivery();
    setting_.store->on_appended(on, [this] { take(); });
    on.post([this] { take(); });
  }

 private:
  void take() {
    if (std::exchange(taking_, true)) return;
    setting_.store->take(setting_.store->epoch(), 256,
                         {&setting_.runtime->delivery(), [this](Result<journal::Taken> taken) {
                            taking_ = false;
                            if (!taken) std::abort();
                            for (auto& each : taken->events) look(std::move(each));
                            if (taken->more || !taken->events.empty()) take();
                          }});
  }

  void look(Waiting waiting) {
    if (!upsert_) {
      settle(waiting);
      return;
    }
    const journal::IdentityKey identity{"gorgias:acme", "customer", waiting.event.key};
    auto& on = setting_.runtime->delivery();
    setting_.store->look({identity}, {{identity, "blueprint", "main", waiting.event.key}},
                         {&on, [this, waiting = std::move(waiting)](const Result<journal::Looked>& looked) {
                            if (!looked) std::abort();
                            settle(waiting);
                          }});
  }

  void settle(const Waiting& waiting) {
    Settlement done;
    done.seq = waiting.seq;
    done.end = End::delivered;
    done.attempts_counted = 1;
    done.actions = {{"main", End::delivered, "", ""}};
    journal::AttemptRecord attempt;
    attempt.action = "main";
    attempt.number = 1;
    attempt.outcome = "delivered";
    attempt.conversation = std::string(1536, 'c');
    done.attempts.push_back(std::move(attempt));
    if (upsert_) {
      const journal::IdentityKey identity{"gorgias:acme", "customer", waiting.event.key};
      done.identities = {{identity, journal::IdentityState::known, "123456789", waiting.event.id, 1}};
      done.applied = {{{identity, "blueprint", "main", waiting.event.key},
                       "2024-01-01T00:00:00Z",
                       std::string(64, 'h'),
                       std::string(64, 'd')}};
    }
    std::vector<Settlement> batch;
    batch.push_back(std::move(done));
    setting_.store->settle(setting_.store->epoch(), std::move(batch),
                           {&setting_.runtime->delivery(), [this](Result<bool> settled) {
                              if (!settled) std::abort();
                              if (--left_ == 0) done_();
                            }});
  }

  Setting& setting_;
  bool upsert_;
  bool taking_ = false;
  std::uint64_t left_ = 0;
  std::function<void()> done_;
};

void report(benchmark::State& state, std::uint64_t events, double cpu) {
  state.SetItemsProcessed(static_cast<std::int64_t>(events));
  state.counters["cpu_us_per_event"] = 1e6 * cpu / static_cast<double>(events);
}

void appends(benchmark::State& state) {
  Setting setting;
  Producer producer(setting, 600);
  constexpr std::uint64_t kEvents = 20'000;
  const std::uint64_t count = state.range(0) == 1 ? 500 : kEvents;
  std::uint64_t events = 0;
  const double cpu = cpu_seconds();
  for (auto _ : state) {
    Gate gate;
    producer.run(count, static_cast<int>(state.range(0)), [&] { gate.open(); });
    gate.wait();
    events += count;
  }
  report(state, events, cpu_seconds() - cpu);
}
BENCHMARK(appends)->Arg(1)->Arg(64)->Arg(512)->UseRealTime()->MinTime(2)->Unit(benchmark::kMillisecond);

void lives(benchmark::State& state) {
  Setting setting;
  Producer producer(setting, 600);
  Consumer consumer(setting, state.range(1) != 0);
  constexpr std::uint64_t kEvents = 20'000;
  std::uint64_t events = 0;
  const double cpu = cpu_seconds();
  for (auto _ : state) {
    Gate acknowledged;
    Gate ended;
    consumer.run(kEvents, [&] { ended.open(); });
    producer.run(kEvents, static_cast<int>(state.range(0)), [&] { acknowledged.open(); });
    acknowledged.wait();
    ended.wait();
    events += kEvents;
  }
  report(state, events, cpu_seconds() - cpu);
}
BENCHMARK(lives)
    ->ArgNames({"in_flight", "upsert"})
    ->Args({64, 0})
    ->Args({64, 1})
    ->UseRealTime()
    ->MinTime(2)
    ->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
