#include "delivery/rehearsal.hpp"

#include <algorithm>

namespace tenon::delivery {
namespace {

constexpr const char* kUnknown = "unknown";

/// The flow, asking through what it is told.
std::shared_ptr<const Flow> reading_through(SharedReads& reads, const Flow& real) {
  auto flow = std::make_shared<Flow>(real);
  flow->source = reads.of(real.source);
  for (auto& [connection, sink] : flow->sinks) sink = reads.of(sink);
  return flow;
}

}  // namespace

Rehearsal::Rehearsal(runtime::Runtime& runtime, journal::Journal& journal, SharedReads& reads,
                     std::shared_ptr<const Flow> flow, const journal::EventDetail& detail, bool force)
    : runtime_(runtime),
      journal_(journal),
      flow_(reading_through(reads, *flow)),
      locks_(runtime.delivery()),
      duplicates_(runtime, journal, [](const std::string&) { return nullptr; }) {
  journal::Waiting waiting = waiting_for(detail, force);
  RunServices services{runtime_, *this, locks_, duplicates_, doubts_, this, nullptr, true};
  event_run_ = std::make_unique<EventRun>(services, flow_, std::move(waiting));
}

/// The event as a replay hands it out, but that calls that are not made again are shown too.
journal::Waiting Rehearsal::waiting_for(const journal::EventDetail& detail, bool force) {
  journal::Waiting waiting;
  waiting.seq = detail.row.seq;
  waiting.event = detail.row.event;
  waiting.event.event_class = EventClass::replay;
  waiting.pipeline = flow_->pipeline->name;
  waiting.requeued_ms = runtime_.clock().wall_ms();
  waiting.forced = force;
  for (const journal::ActionEnd& end : detail.actions) {
    if (force || end.end != End::delivered || !is_call(*flow_, end.action)) continue;
    done_before_.push_back(end.action);
    if (!end.id.empty()) waiting.written.emplace_back(end.action, end.id);
  }
  return waiting;
}

runtime::Task<Rehearsed> Rehearsal::run() {
  RunEnd end = co_await event_run_->run();
  Rehearsed out;
  out.version = flow_->pipeline->version;
  for (const journal::Settlement& settlement : settled_) {
    for (const journal::AttemptRecord& attempt : settlement.attempts) {
      // Of the event as a whole: its condition, its lane, its data.
      if (!attempt.action.empty()) continue;
      out.state = attempt.outcome;
      out.reason = attempt.reason;
    }
  }
  if (out.state.empty()) {
    for (const config::Action& action : flow_->pipeline->actions) out.actions.push_back(would_do(action));
  }
  if (end.abandoned && !cancelled_) out.reason = "the journal could not be read";
  co_return out;
}

void Rehearsal::cancel() {
  cancelled_ = true;
  event_run_->cancel();
}

WouldDo Rehearsal::would_do(const config::Action& action) const {
  WouldDo out;
  out.action = action.name;
  out.operation = action.connection + "." + action.operation;
  out.account = flow_->sinks.at(action.connection)->connection().account;
  if (const auto record = records_.find(action.name); record != records_.end()) out.record = record->second;
  out.state = kUnknown;
  out.reason = cancelled_ ? "the remotes did not answer in time" : "it was not come to";
  for (const journal::Settlement& settlement : settled_) {
    for (const journal::AttemptRecord& attempt : settlement.attempts) {
      if (attempt.action != action.name) continue;
      out.conversation = attempt.conversation;
      out.reason = attempt.reason;
    }
    for (const journal::ActionEnd& end : settlement.actions) {
      if (end.action != action.name) continue;
      out.state = name_of(end.end);
      out.reason = end.reason;
      if (!out.reason.starts_with(kShadowWould)) continue;
      out.state = "send";
      out.how = out.reason.substr(kShadowWould.size());
      out.reason.clear();
    }
  }
  if (std::find(done_before_.begin(), done_before_.end(), action.name) != done_before_.end())
    out.state = "done";
  return out;
}

void Rehearsal::look(std::vector<journal::IdentityKey> identities, std::vector<journal::AppliedKey> applied,
                     Reply<journal::Looked> reply) {
  journal_.look(std::move(identities), std::move(applied), std::move(reply));
}

void Rehearsal::begin(journal::Epoch, journal::Intent, Reply<bool> reply) {
  reply.on->post([reply = std::move(reply)] {
    reply.call(Error("internal", "a rehearsal was about to create something"));
  });
}

void Rehearsal::learn(journal::Epoch epoch, std::vector<journal::IdentityKey> identities,
                      std::string create_id, std::string sink_id, Reply<bool> reply) {
  journal_.learn(epoch, std::move(identities), std::move(create_id), std::move(sink_id), std::move(reply));
}

void Rehearsal::settle(journal::Epoch, std::vector<journal::Settlement> batch, Reply<bool> reply) {
  std::move(batch.begin(), batch.end(), std::back_inserter(settled_));
  reply.on->post([reply = std::move(reply)] { reply.call(true); });
}

void Rehearsal::on_record(const journal::Waiting&, const config::Action& action, std::string_view record) {
  records_[action.name] = record;
}

}  // namespace tenon::delivery
