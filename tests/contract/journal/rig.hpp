// Rig: a journal on executors that run when the test says so, on a clock that the test turns.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "journal/journal.hpp"

namespace tenon::journal::test {

/// Tasks wait until `run_one`. All in the test's thread.
class ManualExecutor final : public runtime::Executor {
 public:
  void post(Function<void()> task) override {
    ++posts;
    tasks_.push_back(std::move(task));
  }
  runtime::TimerId after(runtime::Duration, Function<void()> task) override {
    timers_.emplace(++last_timer_, std::move(task));
    return last_timer_;
  }
  void cancel(runtime::TimerId timer) override { timers_.erase(timer); }
  bool here() const override { return running_; }

  bool run_one() {
    if (tasks_.empty()) return false;
    Function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    running_ = true;
    task();
    running_ = false;
    return true;
  }
  /// Turns all timers that are set now into tasks.
  void fire_timers() {
    for (auto& [id, task] : std::exchange(timers_, {})) tasks_.push_back(std::move(task));
  }
  void drop() {
    tasks_.clear();
    timers_.clear();
  }
  std::size_t posts = 0;

 private:
  std::deque<Function<void()>> tasks_;
  std::map<runtime::TimerId, Function<void()>> timers_;
  runtime::TimerId last_timer_ = 0;
  bool running_ = false;
};

class ManualRuntime final : public runtime::Runtime, runtime::Clock, runtime::Random {
 public:
  ManualExecutor& ingress() override { return ingress_; }
  ManualExecutor& delivery() override { return delivery_; }
  ManualExecutor& writer() override { return writer_; }
  runtime::Clock& clock() override { return *this; }
  runtime::Random& random() override { return *this; }
  runtime::HttpClient& http() override { std::abort(); }

  /// Runs everything on every executor until nothing waits.
  void run() {
    while (writer_.run_one() || ingress_.run_one() || delivery_.run_one()) {
    }
  }
  std::int64_t now_ms = 1'700'000'000'000;

 private:
  runtime::Duration steady() const override { return std::chrono::milliseconds(now_ms); }
  std::int64_t wall_ms() const override { return now_ms; }
  std::uint64_t next() override { return ++chance_; }

  ManualExecutor ingress_;
  ManualExecutor delivery_;
  ManualExecutor writer_;
  std::uint64_t chance_ = 0;
};

/// A folder of its own, gone at the end.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string path() const { return path_.string(); }
  std::string file() const { return (path_ / "journal.db").string(); }

 private:
  std::filesystem::path path_;
};

/// A Reply on the delivery executor that keeps the answer.
template <class T>
struct Asked {
  std::optional<Result<T>> answer;
};

Event event(const std::string& id, const std::string& key = "customer:1", const std::string& data = "{}");
NewEvent new_event(const std::string& id, const std::string& pipeline = "p",
                   const std::string& key = "customer:1", const std::string& data = "{}");
Append append_of(std::vector<NewEvent> events);
Append append_of(NewEvent event);
/// One event with a dedupe key.
Append signed_append(const std::string& delivery_id, const std::string& body, const std::string& id);
DedupeKey dedupe(const std::string& delivery_id, const std::string& body,
                 const std::string& connection = "store");
AttemptRecord attempt(std::uint32_t number, const std::string& conversation = "[]");
/// Ends the event.
Settlement ended(Seq seq, End end = End::delivered, const std::string& reason = "");
Settlement retried(Seq seq, std::int64_t next_ms, std::uint32_t attempts);
std::vector<Seq> seqs_of(const std::vector<Waiting>& waiting);

/// Synchronous calls: each runs the executors until all is quiet.
class Rig {
 public:
  Rig() = default;
  explicit Rig(std::unique_ptr<Journal> opened) : journal(std::move(opened)) {}

  Result<Appended> append(Append request);
  /// The seq of one appended event.
  Seq add(const std::string& id, const std::string& pipeline = "p", const std::string& key = "customer:1",
          const std::string& data = "{}");
  std::vector<Waiting> take(TakeQuery query = 100);
  Result<bool> park(const std::string& lane, std::vector<Seq> seqs);
  std::vector<Waiting> take_parked(const std::string& lane, std::uint32_t limit = 100);
  Result<std::vector<Waiting>> take_again(std::vector<Seq> seqs);
  Looked look(std::vector<IdentityKey> identities, std::vector<AppliedKey> applied = {});
  Result<bool> begin(Intent intent);
  std::vector<Watch> watches();
  std::optional<std::string> watched(Seq seq, const std::string& action);
  /// Whether there was one.
  bool unwatch(Seq seq, const std::string& action, std::optional<Note> note = std::nullopt);
  Result<bool> settle(std::vector<Settlement> batch);
  Result<bool> settle(Settlement one);
  std::vector<EventRow> list(Query query = {});
  Listed listed(Query query = {});
  Requeued requeue(std::vector<Seq> seqs);
  PipelineState set_pipeline(const std::string& pipeline, PipelineMode mode, const std::string& reason = "");
  Overview overview();
  std::vector<DeadGroup> dead_groups(GroupBy by, Query query = {});
  std::optional<EventDetail> show(const std::string& id);
  Counts counts();
  std::uint64_t retain(std::int64_t before_ms, std::uint32_t limit = 1000);

  template <class T, class Start>
  Result<T> ask(Start start) {
    auto asked = std::make_shared<Asked<T>>();
    start(reply(asked));
    runtime.run();
    if (!asked->answer) return Error("unanswered", "the journal did not answer");
    return std::move(*asked->answer);
  }
  template <class T>
  Journal::Reply<T> reply(std::shared_ptr<Asked<T>> asked) {
    return {&runtime.delivery(), [asked](Result<T> answer) {
              EXPECT_FALSE(asked->answer) << "answered twice";
              asked->answer.emplace(std::move(answer));
            }};
  }

  ManualRuntime runtime;
  std::unique_ptr<Journal> journal;
  std::vector<Error> failures;  ///< what on_failure was told

  Options options() {
    Options out;
    out.min_free_bytes = 0;
    out.on_failure = [this](Error error) { failures.push_back(std::move(error)); };
    return out;
  }
};

}  // namespace tenon::journal::test
