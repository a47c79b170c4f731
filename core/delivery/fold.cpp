#include "delivery/fold.hpp"

#include <algorithm>

namespace tenon::delivery {
namespace {

/// Enough to recognise a burst; each folded event names the one that ran.
constexpr std::size_t kMostNamed = 100;

bool unbegun(const journal::Waiting& waiting) {
  return waiting.event.thin && waiting.attempts == 0 && waiting.ended_actions.empty() && !waiting.next_ms &&
         !waiting.requeued_ms;
}

journal::AttemptRecord noted(std::string outcome, std::string reason, std::int64_t now_ms) {
  journal::AttemptRecord attempt;
  attempt.started_ms = attempt.finished_ms = now_ms;
  attempt.outcome = std::move(outcome);
  attempt.reason = std::move(reason);
  return attempt;
}

}  // namespace

bool folds(const Flow& flow) {
  const config::Pipeline& pipeline = *flow.pipeline;
  return !pipeline.fetches.empty() &&
         std::all_of(pipeline.actions.begin(), pipeline.actions.end(), [&](const config::Action& action) {
           const auto* operation = flow.sinks.at(action.connection)->manifest().operation(action.operation);
           return operation->shape == plugin::Operation::Shape::upsert;
         });
}

bool says_the_same(const journal::Waiting& a, const journal::Waiting& b) {
  return unbegun(a) && unbegun(b) && a.event.event_class == b.event.event_class &&
         a.event.connection == b.event.connection && a.event.type == b.event.type &&
         a.event.key == b.event.key && a.event.keys == b.event.keys && a.event.data == b.event.data;
}

std::vector<journal::Settlement> fold_into(const journal::Waiting& newest,
                                           const std::vector<journal::Waiting>& folded, std::int64_t now_ms) {
  std::vector<journal::Settlement> batch;
  std::string names;
  for (std::size_t i = 0; i < folded.size(); ++i) {
    journal::Settlement one;
    one.seq = folded[i].seq;
    one.end = End::superseded;
    one.reason = "folded into " + newest.event.id + ", which is newer and says the same";
    one.attempts.push_back(noted(std::string(name_of(End::superseded)), one.reason, now_ms));
    batch.push_back(std::move(one));
    if (i < kMostNamed) names += (i == 0 ? "" : ", ") + folded[i].event.id;
  }
  if (folded.size() > kMostNamed) names += " and " + std::to_string(folded.size() - kMostNamed) + " more";
  journal::Settlement note;
  note.seq = newest.seq;
  note.attempts.push_back(noted("folded", "stands for " + names, now_ms));
  batch.push_back(std::move(note));
  return batch;
}

}  // namespace tenon::delivery
