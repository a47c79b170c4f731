#include "delivery/duplicate_watch.hpp"

#include "delivery/resolve.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"

namespace tenon::delivery {

DuplicateWatch::~DuplicateWatch() {
  for (const runtime::TimerId timer : timers_) runtime_.delivery().cancel(timer);
}

void DuplicateWatch::watch(plugin::Instance& sink, std::string operation, std::string record) {
  const plugin::Operation* declared = sink.manifest().operation(operation);
  if (declared == nullptr) return;
  const plugin::Capabilities& can = declared->capabilities;
  auto subject = std::make_shared<Subject>(Subject{sink, std::move(operation), std::move(record)});
  look_after(std::chrono::milliseconds(can.search_lag_ms + 1000), subject);
  look_after(std::chrono::milliseconds(quiet_ms(can)), subject);
}

void DuplicateWatch::look_after(runtime::Duration delay, std::shared_ptr<Subject> subject) {
  // The timer's number is known only once it is made; the task finds it here.
  auto timer = std::make_shared<runtime::TimerId>(0);
  *timer = runtime_.delivery().after(delay, [this, timer, subject = std::move(subject)] {
    timers_.erase(*timer);
    if (!subject->told) look(subject);
  });
  timers_.insert(*timer);
}

void DuplicateWatch::look(const std::shared_ptr<Subject>& subject) {
  plugin::CallOptions options;
  options.event_class = EventClass::reconcile;
  const auto answered = [subject](const plugin::CallResult& result) {
    if (subject->told || result.verdict != plugin::CallResult::Verdict::found || result.matches.size() < 2)
      return;
    subject->told = true;
    metrics::count("duplicate_at_sink", subject->operation);
    std::string ids;
    for (const auto& match : result.matches) ids += (ids.empty() ? "" : ", ") + match.id;
    log::error(
        codes::kDuplicateAtSink, "a create took effect after its time, beside the one that replaced it",
        {{"operation", subject->operation}, {"connection", subject->sink.connection().name}, {"ids", ids}});
  };
  subject->sink.find(subject->operation, subject->record, options, answered);
}

}  // namespace tenon::delivery
