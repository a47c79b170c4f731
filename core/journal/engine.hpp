// Engine: the Journal over a Store. Calls gather in a queue; one task on the writer executor takes all that
// wait, commits them as one transaction and sends the answers, while the next ones gather.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>
#include <utility>

#include "journal/call.hpp"
#include "journal/seq_queue.hpp"

namespace tenon::journal {

class Engine final : public Journal {
 public:
  Engine(runtime::Runtime& runtime, std::unique_ptr<Store> store, Options options);
  ~Engine() override;

  Epoch epoch() const override { return epoch_; }
  std::int64_t opened_ms() const override { return opened_ms_; }
  std::int64_t restored_ms() const override { return restored_ms_; }
  void append(Append request, Reply<Appended> reply) override;
  void on_appended(runtime::Executor& on, Function<void()> call) override;
  void take(Epoch epoch, TakeQuery query, Reply<Taken> reply) override;
  void park(Epoch epoch, std::string lane, std::vector<Seq> seqs, Reply<bool> reply) override;
  void take_parked(Epoch epoch, std::string lane, std::uint32_t limit,
                   Reply<std::vector<Waiting>> reply) override;
  void take_again(Epoch epoch, std::vector<Seq> seqs, Reply<std::vector<Waiting>> reply) override;
  void look(std::vector<IdentityKey> identities, std::vector<AppliedKey> applied,
            Reply<Looked> reply) override;
  void begin(Epoch epoch, Intent intent, Reply<bool> reply) override;
  void learn(Epoch epoch, std::vector<IdentityKey> identities, std::string create_id, std::string sink_id,
             Reply<bool> reply) override;
  void settle(Epoch epoch, std::vector<Settlement> batch, Reply<bool> reply) override;
  void watches(Reply<std::vector<Watch>> reply) override;
  void watched(Seq seq, std::string action, Reply<std::optional<std::string>> reply) override;
  void unwatch(Epoch epoch, Seq seq, std::string action, std::optional<Note> note,
               Reply<bool> reply) override;
  void requeue(std::vector<Seq> seqs, Reply<Requeued> reply) override;
  void skip(std::vector<Seq> seqs, Reply<Skipped> reply) override;
  void set_pipeline(PipelineState state, Reply<PipelineState> reply) override;
  void overview(Reply<Overview> reply) override;
  void list(Query query, Reply<Listed> reply) override;
  void dead_groups(GroupBy by, Query query, Reply<std::vector<DeadGroup>> reply) override;
  void show(std::string id, Reply<std::optional<EventDetail>> reply) override;
  void counts(Reply<Counts> reply) override;
  void retain(std::int64_t before_ms, std::uint32_t limit, Reply<std::uint64_t> reply) override;
  void close() override;

  // journal/upkeep.hpp has these.
  void replay(Replay replay, Reply<Requeued> reply);
  void range(RangeQuery query, Reply<Range> reply);
  void forget(ForgetQuery query, Reply<Forgotten> reply);
  void scrub(Reply<Scrubbed> reply);
  void keep_below(std::uint64_t bytes);

 private:
  /// What tasks on other executors hold of the engine; `engine` is null once it is closed. The mutex is also
  /// what makes the Store's callers one at a time.
  struct Link {
    std::mutex mutex;
    Engine* engine = nullptr;
  };
  struct Feed {
    runtime::Executor* on = nullptr;
    Function<void()> call;
  };

  void reopen(std::vector<Seq> seqs, std::optional<Replay> replay, Reply<Requeued> reply);
  template <class T, class Work>
  void push(Call::Kind kind, std::size_t bytes, Reply<T> reply, Work work);
  template <class T, class Work>
  void push_fenced(Epoch epoch, Call::Kind kind, std::size_t bytes, Reply<T> reply, Work work);
  void push(std::unique_ptr<Call> call);
  void schedule();

  Calls next_batch();
  void drain_task();
  void drain();
  void run_writes(const std::vector<Call*>& writes);
  Status run_in_batch(const std::vector<Call*>& writes);
  void run_reads(Calls& reads);
  void answer(Calls calls);
  void run_slices();
  void fail_store(const Error& error);
  void maintain(Store::Pace pace);
  void watch_idle();
  void idle_fired();
  void tell_appended();

  /// What became true with a commit.
  void apply_committed();
  void forget_handed_out(const std::string& pipeline);

  Result<Taken> take_now(Store& store, const TakeQuery& query);
  void pass_by(const std::set<std::string>& full);
  Status take_requeued(Store& store, std::uint32_t limit, Taken& taken);
  Status catch_up(Store& store, std::uint32_t limit, Taken& taken);
  Result<bool> park_now(const std::string& lane, const std::vector<Seq>& seqs);
  Result<std::vector<Waiting>> take_parked_now(Store& store, const std::string& lane, std::uint32_t limit);

  runtime::Runtime& runtime_;
  std::shared_ptr<Link> link_;
  Epoch epoch_;
  const std::int64_t opened_ms_;
  const std::int64_t restored_ms_;

  std::mutex queue_mutex_;  // guards the next four
  std::deque<std::unique_ptr<Call>> queue_;
  bool scheduled_ = false;
  std::shared_ptr<Feed> feed_;
  bool closed_ = false;

  // Below: under link_->mutex.
  std::unique_ptr<Store> store_;
  Options options_;
  std::optional<Error> failed_;
  Calls slices_;  ///< reads that want another turn
  Seq taken_ = 0;
  std::unordered_map<std::string, std::deque<Seq>> parked_;
  std::set<std::string> withheld_;  ///< pipelines that `take` passes by: they do not run, or catch up
  /// Pipelines that were set to running: their events up to here were handed out again.
  std::map<std::string, Seq> catching_up_;
  /// Pipelines that the taker is full of: their events up to here were handed out.
  std::map<std::string, Seq> left_at_;
  std::map<std::string, SeqQueue> requeued_;  ///< by pipeline: to be handed out
  // Of the batch that runs; they count once it is committed.
  std::vector<PipelineState> set_;
  std::vector<std::pair<std::string, Seq>> opened_;
  bool feed_armed_ = true;  ///< the last take came back short and nobody was told since
  bool appended_ = false;   ///< the batch that runs wrote events
  bool full_ = false;       ///< the batch that ran found no room
  bool idle_watched_ = false;
  bool wrote_since_watch_ = false;
};

template <class T, class Work>
void Engine::push(Call::Kind kind, std::size_t bytes, Reply<T> reply, Work work) {
  push(make_call<T>(kind, bytes, std::move(reply), std::move(work)));
}

template <class T, class Work>
void Engine::push_fenced(Epoch epoch, Call::Kind kind, std::size_t bytes, Reply<T> reply, Work work) {
  push<T>(kind, bytes, std::move(reply),
          [this, epoch, work = std::move(work)](Store& store) mutable -> Result<T> {
            if (epoch != epoch_) return Error("stale_epoch", "the journal was opened again since");
            return work(store);
          });
}

}  // namespace tenon::journal
