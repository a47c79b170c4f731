#include "delivery/feed.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace tenon::delivery {
namespace {

// Of a taker that does not come for them: its pipelines are passed by then.
constexpr std::size_t kMostKept = 256;

}  // namespace

struct Feed::State : std::enable_shared_from_this<Feed::State> {
  using Reply = journal::Ledger::Reply<journal::Taken>;
  struct Taker {
    runtime::Executor* on = nullptr;
    std::shared_ptr<Function<void()>> appended;
    std::set<std::string> full;
    std::uint32_t limit = 0;
    std::optional<Reply> reply;           ///< it waits
    std::deque<journal::Waiting> for_it;  ///< what came while another one asked
  };
  struct Answer {
    Reply reply;
    Result<journal::Taken> taken;
    std::uint64_t round = 0;  ///< when it was made
  };

  State(journal::Journal& of, runtime::Executor& on, std::size_t count)
      : journal(of), home(on), takers(count) {}

  Taker& taker_of(const std::string& pipeline) {
    const auto found = owners.find(pipeline);
    return takers[found == owners.end() ? 0 : found->second];
  }

  /// Of what was taken in that round: without what the journal was told since to hand out again.
  template <class Events>
  void drop_stale(Events& events, std::uint64_t taken_in) const {
    std::erase_if(events, [&](const journal::Waiting& waiting) {
      const auto found = again.find(waiting.pipeline);
      return found != again.end() && found->second > taken_in;
    });
  }

  Answer answer_of(Taker& taker, bool more) {
    journal::Taken taken;
    while (!taker.for_it.empty() && taken.events.size() < taker.limit) {
      taken.events.push_back(std::move(taker.for_it.front()));
      taker.for_it.pop_front();
    }
    taken.more = more || !taker.for_it.empty();
    Reply reply = std::move(*taker.reply);
    taker.reply.reset();
    return {std::move(reply), std::move(taken), round};
  }

  /// Asks the journal for whoever waits. Under the mutex: the journal answers in the order of its calls.
  void ask(Taker& taker) {
    asking = true;
    asked_in = round;
    std::set<std::string> full;
    for (const Taker& each : takers) full.insert(each.full.begin(), each.full.end());
    for (const auto& [pipeline, owner] : owners)
      if (takers[owner].for_it.size() >= kMostKept) full.insert(pipeline);
    journal.take(
        journal.epoch(), journal::TakeQuery(taker.limit, std::move(full)),
        {&home, [self = shared_from_this()](Result<journal::Taken> got) { self->answered(std::move(got)); }});
  }

  void answered(Result<journal::Taken> got) {
    std::vector<Answer> answers;
    {
      const std::scoped_lock lock(mutex);
      asking = false;
      if (got) {
        drop_stale(got->events, asked_in);
        for (auto& waiting : got->events) taker_of(waiting.pipeline).for_it.push_back(std::move(waiting));
      }
      Taker* waits = nullptr;
      for (Taker& taker : takers) {
        if (taker.reply && !got) {
          answers.push_back({std::move(*taker.reply), got.error(), round});
          taker.reply.reset();
        } else if (taker.reply && (!taker.for_it.empty() || !got->more)) {
          answers.push_back(answer_of(taker, got->more));
        } else if (taker.reply) {
          waits = &taker;
        } else if (!taker.for_it.empty()) {
          tell(taker);
        }
      }
      if (waits != nullptr) ask(*waits);
    }
    for (Answer& answer : answers) {
      if (answer.reply.on == &home) {
        deliver(std::move(answer));
      } else {
        post(std::move(answer));
      }
    }
  }

  /// On the taker's executor.
  void deliver(Answer answer) {
    if (answer.taken) {
      const std::scoped_lock lock(mutex);
      drop_stale(answer.taken->events, answer.round);
    }
    answer.reply.call(std::move(answer.taken));
  }

  void post(Answer answer) {
    runtime::Executor& on = *answer.reply.on;
    on.post([self = shared_from_this(), answer = std::move(answer)]() mutable {
      self->deliver(std::move(answer));
    });
  }

  static void tell(Taker& taker) {
    if (taker.on != nullptr) taker.on->post([call = taker.appended] { (*call)(); });
  }

  std::mutex mutex;  // guards all below
  journal::Journal& journal;
  runtime::Executor& home;
  std::vector<Taker> takers;
  std::map<std::string, std::size_t> owners;  ///< by pipeline
  bool asking = false;
  std::uint64_t round = 0;                     ///< counts calls of set_pipeline
  std::uint64_t asked_in = 0;                  ///< in which the answer under way was asked for
  std::map<std::string, std::uint64_t> again;  ///< by pipeline: in which it was told last
};

Feed::Feed(journal::Journal& journal, runtime::Executor& home, std::size_t takers)
    : state_(std::make_shared<State>(journal, home, takers)) {}

Feed::~Feed() = default;

void Feed::own(const std::string& pipeline, std::size_t taker) {
  const std::scoped_lock lock(state_->mutex);
  state_->owners[pipeline] = taker;
}

void Feed::on_appended(std::size_t taker, runtime::Executor& on, Function<void()> call) {
  const std::scoped_lock lock(state_->mutex);
  State::Taker& mine = state_->takers[taker];
  mine.on = &on;
  mine.appended = std::make_shared<Function<void()>>(std::move(call));
  if (taker != 0) return;
  state_->journal.on_appended(on, [weak = std::weak_ptr(state_)] {
    const auto state = weak.lock();
    if (!state) return;
    std::shared_ptr<Function<void()>> first;
    {
      const std::scoped_lock feed_lock(state->mutex);
      first = state->takers.front().appended;
      for (std::size_t i = 1; i < state->takers.size(); ++i) State::tell(state->takers[i]);
    }
    (*first)();
  });
}

void Feed::take(std::size_t taker, journal::TakeQuery query, journal::Ledger::Reply<journal::Taken> reply) {
  const std::scoped_lock lock(state_->mutex);
  State::Taker& mine = state_->takers[taker];
  mine.full = std::move(query.full);
  mine.limit = query.limit;
  mine.reply = std::move(reply);
  if (!mine.for_it.empty()) return state_->post(state_->answer_of(mine, true));
  if (!state_->asking) state_->ask(mine);
}

void Feed::set_pipeline(journal::PipelineState state, journal::Ledger::Reply<journal::PipelineState> reply) {
  const std::scoped_lock lock(state_->mutex);
  std::erase_if(state_->taker_of(state.pipeline).for_it,
                [&](const journal::Waiting& waiting) { return waiting.pipeline == state.pipeline; });
  state_->again[state.pipeline] = ++state_->round;
  state_->journal.set_pipeline(
      std::move(state),
      {&state_->home,
       [home = &state_->home, reply = std::move(reply)](Result<journal::PipelineState> now) mutable {
         if (reply.on == home) return reply.call(std::move(now));
         runtime::Executor& on = *reply.on;
         on.post([call = std::move(reply.call), now = std::move(now)]() mutable { call(std::move(now)); });
       }});
}

}  // namespace tenon::delivery
