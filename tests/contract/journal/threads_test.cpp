// Both backends on the real runtime's threads, called from many at once.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "rig.hpp"
#include "runtime/real.hpp"

namespace tenon::journal::test {
namespace {

constexpr int kCallers = 4;
constexpr int kEach = 400;
constexpr int kAll = kCallers * kEach;

class Latch {
 public:
  void open() {
    const std::scoped_lock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60), [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

std::unique_ptr<runtime::RealRuntime> started() {
  runtime::RealOptions options;
  options.watchdog = false;
  auto made = runtime::make_real(std::move(options));
  EXPECT_TRUE(made);
  (*made)->start();
  return std::move(*made);
}

/// On the delivery executor: takes, settles and remembers.
struct Consumer {
  Consumer(runtime::Runtime& host, Journal& store) : runtime(host), journal(store) {}

  void take() {
    if (std::exchange(taking, true)) return;
    journal.take(journal.epoch(), 64, {&runtime.delivery(), [this](Result<Taken> taken) {
                                         taking = false;
                                         ASSERT_TRUE(taken);
                                         for (const auto& each : taken->events) settle(each.seq);
                                         if (taken->more || !taken->events.empty()) take();
                                       }});
  }
  void settle(Seq seq) {
    EXPECT_GT(seq, last) << "in order, each once";
    last = seq;
    journal.settle(journal.epoch(), {ended(seq)}, {&runtime.delivery(), [this](Result<bool> settled) {
                                                     ASSERT_TRUE(settled) << settled.error().text();
                                                     if (++done == kAll) all.open();
                                                   }});
  }
  runtime::Runtime& runtime;
  Journal& journal;
  bool taking = false;
  Seq last = 0;
  int done = 0;
  Latch all;
};

void run_threads(runtime::RealRuntime& runtime, Journal& journal) {
  Consumer consumer(runtime, journal);
  journal.on_appended(runtime.delivery(), [&] { consumer.take(); });
  // Touched on the ingress executor only.
  std::set<Seq> acknowledged;
  std::array<Seq, kCallers> last_of{};
  Latch answered;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = 0; i < kEach; ++i) {
        Append request = append_of(new_event(std::to_string(caller) + "-" + std::to_string(i)));
        request.dedupe = dedupe(request.events[0].event.id, "body");
        journal.append(std::move(request), {&runtime.ingress(), [&, caller](Result<Appended> appended) {
                                              ASSERT_TRUE(appended);
                                              const Seq seq = appended->seqs.at(0);
                                              EXPECT_GT(seq, last_of[static_cast<std::size_t>(caller)]);
                                              last_of[static_cast<std::size_t>(caller)] = seq;
                                              acknowledged.insert(seq);
                                              if (acknowledged.size() == kAll) answered.open();
                                            }});
        if (i % 50 == 0)
          journal.counts({&runtime.ingress(), [](const Result<Counts>& counts) { EXPECT_TRUE(counts); }});
      }
    });
  }
  for (auto& caller : callers) caller.join();
  EXPECT_TRUE(answered.wait());
  EXPECT_TRUE(consumer.all.wait());
  journal.close();
  runtime.stop();
  runtime.join();
  EXPECT_EQ(acknowledged.size(), static_cast<std::size_t>(kAll));
  EXPECT_EQ(consumer.done, kAll);
}

TEST(JournalThreads, MemoryFromManyThreads) {
  auto runtime = started();
  auto journal = open_memory(*runtime, {});
  run_threads(*runtime, *journal);
}

TEST(JournalThreads, SqliteFromManyThreads) {
  TempFolder folder;
  auto runtime = started();
  auto journal = open_sqlite(*runtime, folder.path(), {});
  ASSERT_TRUE(journal);
  run_threads(*runtime, **journal);
}

TEST(JournalThreads, ClosingUnderLoadKeepsWhatWasAnswered) {
  TempFolder folder;
  std::set<Seq> acknowledged;
  {
    auto runtime = started();
    auto journal = open_sqlite(*runtime, folder.path(), {});
    ASSERT_TRUE(journal);
    std::atomic<bool> stop{false};
    std::atomic<int> sent{0};
    std::thread caller([&] {
      while (!stop) {
        (*journal)->append(append_of(new_event("e")), {&runtime->ingress(), [&](Result<Appended> appended) {
                                                         if (appended) acknowledged.insert(appended->seqs[0]);
                                                       }});
        if (++sent % 64 == 0) std::this_thread::yield();
      }
    });
    while (sent < 2000) std::this_thread::yield();
    (*journal)->close();
    stop = true;
    caller.join();
    runtime->stop();
    runtime->join();
  }
  EXPECT_FALSE(acknowledged.empty());
  Rig rig;
  auto opened = open_sqlite(rig.runtime, folder.path(), rig.options());
  ASSERT_TRUE(opened);
  rig.journal = std::move(*opened);
  std::set<Seq> kept;
  for (auto taken = rig.take(1000); !taken.empty(); taken = rig.take(1000)) {
    for (const auto& each : taken) kept.insert(each.seq);
  }
  for (const Seq seq : acknowledged) EXPECT_TRUE(kept.contains(seq)) << seq;
}

}  // namespace
}  // namespace tenon::journal::test
