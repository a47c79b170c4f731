// Lanes: one event at a time per key and pipeline, in receive order; and which lane runs next.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/function.hpp"
#include "config/pipeline.hpp"
#include "journal/journal.hpp"

namespace tenon::delivery {

/// How it is served: a live event that was tried before counts as a retry.
EventClass class_of(const journal::Waiting& waiting);

/// The events of one host that wait in memory. A lane is idle, ready (its head may run), running, or resting
/// (its head waits for a time). Ready lanes are picked per pipeline in turn, within a pipeline by class, then
/// by priority, then by age, so that no pipeline and no hot key starves another. One thread; no clock of its
/// own.
class Lanes {
 public:
  /// Asked each time an event becomes the head of its lane.
  using PriorityOf = Function<config::Priority(const journal::Waiting&)>;
  /// How many events a lane of the pipeline may hold in memory now; absent: `kMostInLane`.
  using MostOf = Function<std::size_t(const std::string& pipeline)>;
  explicit Lanes(PriorityOf priority_of = {}, MostOf most_of = {})
      : priority_of_(std::move(priority_of)), most_of_(std::move(most_of)) {}

  /// A lane holds at most this many events in memory, fewer where memory is short; `add` answers false for
  /// the rest, which the caller parks.
  static constexpr std::size_t kMostInLane = 1000;

  struct Head {
    std::string lane;
    journal::Waiting waiting;
  };

  /// Name of the lane of an event: its pipeline, and its key or what `order_by` gives.
  static std::string name(std::string_view pipeline, std::string_view key);

  /// Queues an event behind its lane. False: the lane is full or blocked, or its older events are parked:
  /// park this one too. `passes`: it may run in a blocked lane.
  bool add(const std::string& lane, journal::Waiting waiting, bool passes = false);

  /// The next head to run, for whose pipeline and class `admits` is true; its lane is running from now on.
  template <class Admits>
  std::optional<Head> next(Admits&& admits) {
    for (std::size_t i = 0; i < turns_.size(); ++i) {
      const std::string pipeline = turns_.front();
      turns_.pop_front();
      turns_.push_back(pipeline);
      Ready& ready = ready_[pipeline];
      if (ready.count == 0 || !admits(pipeline, ready.next_class())) continue;
      return pop(ready);
    }
    return std::nullopt;
  }

  enum class Look : std::uint8_t { take, pass, stop };
  struct Behind {
    std::list<journal::Waiting> taken;  ///< oldest first
    std::size_t passed = 0;             ///< others that stay in the lane before the newest of them
  };
  /// Takes events behind the running head, from the oldest on, as `look` says, which sees each and the newest
  /// taken so far (null: none). Past others it looks no further than to what waited when the first event of
  /// this batch became the head: so whoever steps back behind others does so once, and never starves.
  template <class LookAt>
  Behind take_behind(const std::string& lane, journal::Seq head, LookAt&& look) {
    Lane& of = lanes_.at(lane);
    if (head > of.batch_end) of.batch_end = of.queue.empty() ? head : of.queue.back().seq;
    Behind out;
    std::size_t passed = 0;
    for (auto at = of.queue.begin(); at != of.queue.end();) {
      if (passed > 0 && at->seq > of.batch_end) break;
      const auto here = at++;
      const Look what = look(std::as_const(*here), out.taken.empty() ? nullptr : &out.taken.back());
      if (what == Look::stop) break;
      if (what == Look::pass) {
        ++passed;
        continue;
      }
      count(*here, -1);
      out.taken.splice(out.taken.end(), of.queue, here);
      out.passed = passed;
    }
    return out;
  }
  /// The running head and what was taken go back into the lane, behind those that were passed; the first of
  /// these is the head instead.
  journal::Waiting step_back(const std::string& lane, journal::Waiting head, Behind behind);

  /// The running head ended: the next event of the lane becomes ready. True if the caller should fetch parked
  /// ones, and hand them to `unpark`.
  bool finish(const std::string& lane);
  /// The running head has to wait: the lane rests until `wake` with what this answers.
  std::uint64_t rest(const std::string& lane, journal::Waiting head);
  struct DiskRest {
    std::uint64_t rest = 0;
    std::vector<journal::Seq> seqs;  ///< the head and those behind it: park them, and note it
  };
  /// The same where memory is short: all of the lane waits on disk meanwhile.
  DiskRest rest_on_disk(const std::string& lane, journal::Seq head);
  /// The running head has to wait, and the caller remembers the lane from now on: gives the head and those
  /// behind it. Nothing where the lane has to stay: it is blocked, some of it is parked, or it has more than
  /// `most`.
  std::optional<std::vector<journal::Seq>> leave(const std::string& lane, journal::Seq head,
                                                 std::size_t most);
  /// A lane that is not known rests on disk until `wake` with what this answers; note what is parked of it.
  std::uint64_t rest_parked(const std::string& lane);
  /// A lane that still has that rest becomes ready. True if the caller should fetch parked ones, and hand
  /// them to `unpark`.
  bool wake(const std::string& lane, std::uint64_t rest);
  /// From now on only events that pass run in that lane. Gives those that waited in memory: park them, and
  /// note it. Nothing where it was blocked before.
  std::vector<journal::Seq> block(const std::string& lane);
  /// It goes on. True if the caller should fetch parked ones, and hand them to `unpark`.
  bool unblock(const std::string& lane);
  bool blocked(const std::string& lane) const;
  /// Forgets the pipeline's events, parked ones too, and that lanes are blocked; lanes whose head runs stay,
  /// empty.
  void drop(const std::string& pipeline);
  /// `count` more of the lane's newest events stand on disk.
  void note_parked(const std::string& lane, std::size_t count);
  /// The oldest parked events of the lane are back from disk.
  void unpark(const std::string& lane, std::vector<journal::Waiting> waiting);

  std::size_t size() const { return size_; }                 ///< events in memory, running ones excepted
  std::size_t live_of(const std::string& pipeline) const;    ///< of them, the live ones of the pipeline
  std::size_t others_of(const std::string& pipeline) const;  ///< those of other classes
  bool knows(const std::string& lane) const { return lanes_.contains(lane); }
  /// Its head rests on disk, or its events are being fetched from there.
  bool rests_on_disk(const std::string& lane) const;
  static std::string pipeline_of(const std::string& lane) { return lane.substr(0, lane.find('\0')); }
  std::size_t lanes() const { return lanes_.size(); }

 private:
  enum class State : std::uint8_t { idle, ready, running, resting };
  struct Lane {
    std::list<journal::Waiting> queue;  ///< a list, since an empty one takes no memory
    State state = State::idle;
    std::size_t parked = 0;  ///< events on disk behind the queue
    bool unparking = false;
    bool blocked = false;
    journal::Seq batch_end = 0;  ///< newest of those among which events may step back
    std::uint64_t rest = 0;
  };
  static constexpr std::size_t kClasses = 4;
  static constexpr std::size_t kPriorities = 3;
  struct Ready {
    std::array<std::deque<std::string>, kClasses * kPriorities> by_rank;
    std::size_t count = 0;
    EventClass next_class() const {
      const auto first =
          std::find_if(by_rank.begin(), by_rank.end(), [](const auto& queue) { return !queue.empty(); });
      return static_cast<EventClass>(static_cast<std::size_t>(first - by_rank.begin()) / kPriorities);
    }
  };

  std::optional<Head> pop(Ready& ready);
  bool wants_parked(const std::string& name, Lane& lane) const;
  std::size_t most_of(const std::string& pipeline) const {
    return most_of_ ? most_of_(pipeline) : kMostInLane;
  }
  void count(const journal::Waiting& waiting, int by);
  void drop_queue(Lane& lane);
  void make_ready(const std::string& name, Lane& lane);

  PriorityOf priority_of_;
  MostOf most_of_;
  std::unordered_map<std::string, Lane> lanes_;
  std::map<std::string, Ready> ready_;
  std::deque<std::string> turns_;
  std::size_t size_ = 0;
  struct Sizes {
    std::size_t live = 0;
    std::size_t others = 0;
  };
  std::unordered_map<std::string, Sizes> size_of_;  ///< by pipeline
  std::uint64_t rests_ = 0;
};

}  // namespace tenon::delivery
