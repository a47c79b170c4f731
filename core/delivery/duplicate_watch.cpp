#include "delivery/duplicate_watch.hpp"

#include <algorithm>
#include <array>

#include "delivery/resolve.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"

namespace tenon::delivery {
namespace {

using std::chrono::milliseconds;

/// Behind the quiet time, for a create that a proxy or a queue held up.
constexpr std::array<runtime::Duration, 4> kLaterLooks = {std::chrono::minutes(10), std::chrono::hours(1),
                                                          std::chrono::hours(6), std::chrono::hours(24)};
/// No failed search is repeated after that.
constexpr runtime::Duration kGiveUpAfter = kLaterLooks.back() + std::chrono::hours(1);
constexpr runtime::Duration kFirstRepeat = std::chrono::minutes(1);
constexpr std::uint32_t kMostDoublings = 6;

}  // namespace

DuplicateWatch::DuplicateWatch(runtime::Runtime& runtime, journal::Journal& journal, FlowOf flow_of)
    : runtime_(runtime), journal_(journal), flow_of_(std::move(flow_of)) {}

DuplicateWatch::~DuplicateWatch() {
  *alive_ = false;
  for (const auto& [key, entry] : entries_) runtime_.delivery().cancel(entry.timer);
}

DuplicateWatch::Target DuplicateWatch::target_of(const Flow& flow, const std::string& action) {
  Target target;
  for (const config::Action& each : flow.pipeline->actions) {
    if (each.name != action) continue;
    plugin::Instance* sink = flow.sinks.at(each.connection);
    const plugin::Operation* declared = sink->manifest().operation(each.operation);
    if (declared == nullptr || declared->shape != plugin::Operation::Shape::upsert) return target;
    target.sink = sink;
    target.operation = each.operation;
    target.lag_ms = static_cast<std::int64_t>(declared->capabilities.search_lag_ms);
    target.quiet_ms = quiet_ms(declared->capabilities);
  }
  return target;
}

void DuplicateWatch::load() {
  journal_.watches({&runtime_.delivery(), [this, alive = alive_](Result<std::vector<journal::Watch>> got) {
                      if (!*alive || !got) return;
                      const std::int64_t now = runtime_.clock().wall_ms();
                      for (journal::Watch& each : *got) {
                        const auto flow = flow_of_(each.pipeline);
                        const Key key(each.seq, each.action);
                        if (flow == nullptr || entries_.contains(key)) continue;
                        // A clock that was set back must not put it off for ever.
                        const runtime::Duration passed = std::clamp<runtime::Duration>(
                            milliseconds(now - each.since_ms), runtime::Duration(), kLaterLooks.back());
                        Entry entry;
                        entry.pipeline = std::move(each.pipeline);
                        entry.begun = runtime_.clock().steady() - passed;
                        // It was answered, or cut off, within an exchange.
                        entry.first = milliseconds(kExchangeMs + target_of(*flow, each.action).quiet_ms);
                        entry.quiet = entry.first;
                        put(key, std::move(entry));
                      }
                    }});
}

void DuplicateWatch::watch(const std::string& pipeline, journal::Seq seq, const std::string& action) {
  const auto flow = flow_of_(pipeline);
  if (flow == nullptr) return;
  const Target target = target_of(*flow, action);
  Entry entry;
  entry.pipeline = pipeline;
  entry.begun = runtime_.clock().steady();
  entry.first = milliseconds(target.lag_ms + 1000);
  entry.quiet = milliseconds(target.quiet_ms);
  put({seq, action}, std::move(entry));
}

void DuplicateWatch::put(const Key& key, Entry entry) {
  Entry& kept = entries_[key];
  kept.pipeline = std::move(entry.pipeline);
  kept.begun = entry.begun;
  kept.first = entry.first;
  kept.quiet = entry.quiet;
  look_after(key, next_look(kept).value_or(runtime::Duration()));
}

/// From now; nothing: it was looked for to the end.
std::optional<runtime::Duration> DuplicateWatch::next_look(const Entry& entry) const {
  const runtime::Duration passed = runtime_.clock().steady() - entry.begun;
  std::optional<runtime::Duration> next;
  const auto consider = [&](runtime::Duration at) {
    if (at > passed && (!next || at - passed < *next)) next = at - passed;
  };
  consider(entry.first);
  consider(entry.quiet);
  for (const runtime::Duration at : kLaterLooks) consider(at);
  return next;
}

void DuplicateWatch::look_after(const Key& key, runtime::Duration delay) {
  Entry& entry = entries_.at(key);
  runtime_.delivery().cancel(entry.timer);
  entry.timer = runtime_.delivery().after(delay, [this, key] {
    entries_.at(key).timer = 0;
    look(key);
  });
}

void DuplicateWatch::look(const Key& key) {
  Entry& entry = entries_.at(key);
  auto flow = flow_of_(entry.pipeline);
  if (flow == nullptr || entry.call != 0) {
    // A reload took the pipeline away; one that brings it back, or the next start, finds it in the journal.
    if (flow == nullptr) entries_.erase(key);
    return;
  }
  journal_.watched(key.first, key.second,
                   {&runtime_.delivery(), [this, alive = alive_, key, flow = std::move(flow)](
                                              Result<std::optional<std::string>> record) mutable {
                      if (!*alive || !record || !entries_.contains(key)) return;
                      if (!*record) {
                        entries_.erase(key);
                        return;
                      }
                      // Put again while this was read: the other look may be ahead.
                      if (entries_.at(key).call == 0) search(key, std::move(flow), std::move(**record));
                    }});
}

void DuplicateWatch::search(const Key& key, std::shared_ptr<const Flow> flow, std::string record) {
  const Target target = target_of(*flow, key.second);
  if (target.sink == nullptr) return tell_unchecked(key, "its pipeline writes nothing of that name any more");
  Entry& entry = entries_.at(key);
  plugin::CallOptions options;
  options.event = key.first;
  options.rank = EventClass::reconcile;
  entry.flow = std::move(flow);
  entry.sink = target.sink;
  entry.call = target.sink->find(
      target.operation, std::move(record), options,
      [this, alive = alive_, key, operation = target.operation](const plugin::CallResult& result) {
        if (*alive) searched(key, operation, result);
      });
}

void DuplicateWatch::searched(const Key& key, const std::string& operation,
                              const plugin::CallResult& result) {
  Entry& entry = entries_.at(key);
  entry.call = 0;
  entry.sink = nullptr;
  // The instance that answers must not end within its own answer.
  runtime_.delivery().post([flow = std::move(entry.flow)] {});
  if (result.verdict != plugin::CallResult::Verdict::found) return repeat(key, result.message);
  if (result.matches.size() > 1) return tell(key, operation, result);
  entry.failed = 0;
  const auto next = next_look(entry);
  if (!next) return conclude(key, std::nullopt);
  look_after(key, *next);
}

void DuplicateWatch::repeat(const Key& key, const std::string& why) {
  Entry& entry = entries_.at(key);
  if (runtime_.clock().steady() - entry.begun >= kGiveUpAfter) return tell_unchecked(key, why);
  look_after(key, kFirstRepeat * (1 << std::min(entry.failed++, kMostDoublings)));
}

void DuplicateWatch::tell(const Key& key, const std::string& operation, const plugin::CallResult& result) {
  metrics::count("duplicate_at_sink", operation);
  std::string ids;
  for (const auto& match : result.matches) ids += (ids.empty() ? "" : ", ") + match.id;
  log::error(codes::kDuplicateAtSink, "a create took effect after its time, beside the one that replaced it",
             {{"pipeline", entries_.at(key).pipeline},
              {"event", std::to_string(key.first)},
              {"operation", operation},
              {"ids", ids}});
  conclude(key, journal::Note{0, "duplicate_at_sink", ids});
}

void DuplicateWatch::tell_unchecked(const Key& key, const std::string& why) {
  log::error(codes::kDuplicateUnchecked, "whether a create took effect twice could not be found out",
             {{"pipeline", entries_.at(key).pipeline},
              {"event", std::to_string(key.first)},
              {"action", key.second},
              {"why", why}});
  conclude(key, journal::Note{0, "duplicate_unchecked", why});
}

void DuplicateWatch::conclude(const Key& key, std::optional<journal::Note> note) {
  const auto [seq, action] = key;
  entries_.erase(key);
  journal_.unwatch(journal_.epoch(), seq, action, std::move(note),
                   {&runtime_.delivery(), [](const Result<bool>&) {}});
}

}  // namespace tenon::delivery
