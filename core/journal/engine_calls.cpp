// The calls of the Journal that go straight to the Store.
#include <algorithm>

#include "journal/engine.hpp"
#include "runtime/crash_point.hpp"

namespace tenon::journal {
namespace {

constexpr std::uint32_t kListLimit = 1000;

}  // namespace

void Engine::append(Append request, Reply<Appended> reply) {
  std::size_t bytes = request.malformed ? request.malformed->data.size() : 0;
  for (const auto& each : request.events) bytes += each.event.data.size();
  push<Appended>(Call::Kind::append, bytes, std::move(reply),
                 [this, request = std::move(request)](Store& store) mutable -> Result<Appended> {
                   auto appended = store.append(request);
                   TENON_CRASH_POINT("journal.in_append");
                   if (appended && !appended->duplicate && !appended->seqs.empty()) appended_ = true;
                   return appended;
                 });
}

void Engine::on_appended(runtime::Executor& on, Function<void()> call) {
  auto feed = std::make_shared<Feed>();
  feed->on = &on;
  feed->call = std::move(call);
  const std::scoped_lock lock(queue_mutex_);
  feed_ = std::move(feed);
}

void Engine::look(std::vector<IdentityKey> identities, std::vector<AppliedKey> applied, Reply<Looked> reply) {
  push<Looked>(Call::Kind::read, 0, std::move(reply),
               [identities = std::move(identities), applied = std::move(applied)](Store& store) {
                 return store.look(identities, applied);
               });
}

void Engine::begin(Epoch epoch, Intent intent, Reply<bool> reply) {
  push_fenced<bool>(epoch, Call::Kind::write, 0, std::move(reply),
                    [intent = std::move(intent)](Store& store) {
                      auto begun = store.begin(intent);
                      TENON_CRASH_POINT("journal.in_begin");
                      return begun;
                    });
}

void Engine::learn(Epoch epoch, std::vector<IdentityKey> identities, std::string create_id,
                   std::string sink_id, Reply<bool> reply) {
  push_fenced<bool>(
      epoch, Call::Kind::write, 0, std::move(reply),
      [identities = std::move(identities), create_id = std::move(create_id),
       sink_id = std::move(sink_id)](Store& store) { return store.learn(identities, create_id, sink_id); });
}

void Engine::settle(Epoch epoch, std::vector<Settlement> batch, Reply<bool> reply) {
  std::size_t bytes = 0;
  for (const auto& each : batch)
    for (const auto& attempt : each.attempts) bytes += attempt.conversation.size() + attempt.fetched.size();
  push_fenced<bool>(epoch, Call::Kind::write, bytes, std::move(reply),
                    [batch = std::move(batch)](Store& store) {
                      auto settled = store.settle(batch);
                      TENON_CRASH_POINT("journal.in_settle");
                      return settled;
                    });
}

void Engine::watches(Reply<std::vector<Watch>> reply) {
  push<std::vector<Watch>>(Call::Kind::read, 0, std::move(reply),
                           [](Store& store) { return store.watches(); });
}

void Engine::watched(Seq seq, std::string action, Reply<std::optional<std::string>> reply) {
  using Record = std::optional<std::string>;
  push<Record>(Call::Kind::read, 0, std::move(reply),
               [seq, action = std::move(action)](Store& store) { return store.watched(seq, action); });
}

void Engine::unwatch(Epoch epoch, Seq seq, std::string action, std::optional<Note> note, Reply<bool> reply) {
  push_fenced<bool>(epoch, Call::Kind::write, 0, std::move(reply),
                    [seq, action = std::move(action), note = std::move(note)](Store& store) {
                      return store.unwatch(seq, action, note);
                    });
}

void Engine::requeue(std::vector<Seq> seqs, Reply<Requeued> reply) {
  reopen(std::move(seqs), std::nullopt, std::move(reply));
}

void Engine::replay(Replay replay, Reply<Requeued> reply) {
  std::vector<Seq> seqs = std::move(replay.seqs);
  reopen(std::move(seqs), std::move(replay), std::move(reply));
}

void Engine::reopen(std::vector<Seq> seqs, std::optional<Replay> replay, Reply<Requeued> reply) {
  std::sort(seqs.begin(), seqs.end());
  seqs.erase(std::unique(seqs.begin(), seqs.end()), seqs.end());
  push<Requeued>(
      Call::Kind::write, 0, std::move(reply),
      [this, seqs = std::move(seqs), replay = std::move(replay)](Store& store) -> Result<Requeued> {
        TENON_TRY(auto opened, store.requeue(seqs, replay ? &*replay : nullptr));
        for (auto& [pipeline, seq] : opened.second) opened_.emplace_back(std::move(pipeline), seq);
        return std::move(opened.first);
      });
}

void Engine::skip(std::vector<Seq> seqs, Reply<Skipped> reply) {
  std::sort(seqs.begin(), seqs.end());
  seqs.erase(std::unique(seqs.begin(), seqs.end()), seqs.end());
  push<Skipped>(Call::Kind::write, 0, std::move(reply),
                [seqs = std::move(seqs)](Store& store) { return store.skip(seqs); });
}

void Engine::set_pipeline(PipelineState state, Reply<PipelineState> reply) {
  push<PipelineState>(Call::Kind::write, 0, std::move(reply),
                      [this, state = std::move(state)](Store& store) -> Result<PipelineState> {
                        TENON_TRY(auto now, store.set_pipeline(state));
                        TENON_CRASH_POINT("journal.in_set_pipeline");
                        set_.push_back(now);
                        return now;
                      });
}

void Engine::overview(Reply<Overview> reply) {
  push<Overview>(Call::Kind::read, 0, std::move(reply), [](Store& store) -> Result<Overview> {
    Overview out;
    TENON_TRY(out.backlog, store.backlog());
    TENON_TRY(out.states, store.pipelines());
    out.bytes = store.bytes();
    return out;
  });
}

void Engine::list(Query query, Reply<Listed> reply) {
  query.limit = std::min(query.limit, kListLimit);
  push<Listed>(
      Call::Kind::read, 0, std::move(reply),
      [query = std::move(query), listed = Listed()](Store& store) mutable -> std::optional<Result<Listed>> {
        if (query.limit == 0) return Result<Listed>(std::move(listed));
        if (const Status status = store.list_some(query, listed); !status)
          return Result<Listed>(status.error());
        std::size_t bytes = 0;
        for (const EventRow& row : listed.rows) bytes += row.event.data.size();
        const bool full = listed.rows.size() >= query.limit || bytes >= kListBytes;
        if (listed.next != 0 && !full && listed.looked < query.look) return std::nullopt;
        return Result<Listed>(std::move(listed));
      });
}

void Engine::dead_groups(GroupBy by, Query query, Reply<std::vector<DeadGroup>> reply) {
  using Groups = Result<std::vector<DeadGroup>>;
  query.dead_only = true;
  push<std::vector<DeadGroup>>(Call::Kind::read, 0, std::move(reply),
                               [by, query = std::move(query), before = Seq{0},
                                groups = DeadGroups()](Store& store) mutable -> std::optional<Groups> {
                                 if (const Status status = store.group_some(by, query, before, groups);
                                     !status)
                                   return Groups(status.error());
                                 if (before != 0) return std::nullopt;
                                 return Groups(groups.take());
                               });
}

void Engine::show(std::string id, Reply<std::optional<EventDetail>> reply) {
  using Detail = Result<std::optional<EventDetail>>;
  push<std::optional<EventDetail>>(
      Call::Kind::read, 0, std::move(reply),
      [id = std::move(id), before = Seq{0}](Store& store) mutable -> std::optional<Detail> {
        const Result<std::optional<Seq>> found = store.find_some(id, before);
        if (!found) return Detail(found.error());
        if (*found) return store.detail(**found);
        if (before != 0) return std::nullopt;
        return Detail(std::nullopt);
      });
}

void Engine::counts(Reply<Counts> reply) {
  push<Counts>(Call::Kind::read, 0, std::move(reply), [](Store& store) -> Result<Counts> {
    TENON_TRY(Counts counts, store.counts());
    counts.has_space = store.has_space();
    return counts;
  });
}

void Engine::retain(std::int64_t before_ms, std::uint32_t limit, Reply<std::uint64_t> reply) {
  push<std::uint64_t>(Call::Kind::write, 0, std::move(reply), [before_ms, limit](Store& store) {
    auto gone = store.retain(before_ms, limit);
    TENON_CRASH_POINT("journal.in_retain");
    return gone;
  });
}

void Engine::range(RangeQuery query, Reply<Range> reply) {
  push<Range>(Call::Kind::read, 0, std::move(reply),
              [query, tally = RangeTally(query)](Store& store) mutable -> std::optional<Result<Range>> {
                const Result<bool> end = store.range_some(query, tally);
                if (!end) return Result<Range>(end.error());
                if (!*end) return std::nullopt;
                return Result<Range>(tally.range());
              });
}

void Engine::forget(ForgetQuery query, Reply<Forgotten> reply) {
  push<Forgotten>(Call::Kind::write, 0, std::move(reply),
                  [query = std::move(query)](Store& store) { return store.forget(query); });
}

void Engine::scrub(Reply<Scrubbed> reply) {
  // No batch may be open: a read's turn, again and again until it has one for itself.
  push<Scrubbed>(Call::Kind::read, 0, std::move(reply), [](Store& store) { return store.scrub(); });
}

void Engine::keep_below(std::uint64_t bytes) {
  const std::scoped_lock lock(link_->mutex);
  store_->keep_below(bytes);
}

void replay(Journal& journal, Replay replay, Journal::Reply<Requeued> reply) {
  static_cast<Engine&>(journal).replay(std::move(replay), std::move(reply));
}
void range(Journal& journal, RangeQuery query, Journal::Reply<Range> reply) {
  static_cast<Engine&>(journal).range(std::move(query), std::move(reply));
}
void forget(Journal& journal, ForgetQuery query, Journal::Reply<Forgotten> reply) {
  static_cast<Engine&>(journal).forget(std::move(query), std::move(reply));
}
void scrub(Journal& journal, Journal::Reply<Scrubbed> reply) {
  static_cast<Engine&>(journal).scrub(std::move(reply));
}
void keep_below(Journal& journal, std::uint64_t bytes) { static_cast<Engine&>(journal).keep_below(bytes); }

}  // namespace tenon::journal
