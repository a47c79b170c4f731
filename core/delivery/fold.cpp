#include "delivery/fold.hpp"

#include <algorithm>
#include <map>

#include "delivery/version.hpp"
#include "mapping/check/reads.hpp"

namespace tenon::delivery {
namespace {

using mapping::check::MemberReads;

/// All that a lane holds in memory, by ids of 255 bytes; it stands in one attempt of one event.
constexpr std::size_t kMostNamed = std::size_t{256} << 10;

bool unbegun(const journal::Waiting& waiting) {
  return waiting.event.thin && waiting.attempts == 0 && waiting.ended_actions.empty() && !waiting.next_ms &&
         !waiting.requeued_ms;
}

bool is_deletion(const Flow& flow, const journal::Waiting& waiting) {
  const auto& types = flow.pipeline->deletions;
  return std::find(types.begin(), types.end(), waiting.event.type) != types.end();
}

bool of_one_object(const Event& a, const Event& b) {
  return a.connection == b.connection && a.event_class == b.event_class && a.key == b.key && a.keys == b.keys;
}

/// The newer may be written wherever the older may: versions of what was written before decide that too.
bool in_order(const Event& older, const Event& newer) {
  if (older.version == newer.version) return true;
  return older.version && newer.version && !strictly_older(*newer.version, *older.version);
}

/// The run of the newer does all that the older's would have done.
bool comes_to_the_same(const Folding& folding, const Event& older, const Event& newer) {
  return (!folding.data || older.data == newer.data) && (!folding.type || older.type == newer.type) &&
         (!folding.received || older.received_ms == newer.received_ms) &&
         (!folding.time || older.time_ms == newer.time_ms) && (newer.time_ms || !older.time_ms) &&
         (!folding.version || older.version == newer.version) && in_order(older, newer);
}

/// What expressions of a pipeline read of `event`, lets that they name included.
class Readings {
 public:
  explicit Readings(const config::Pipeline& pipeline) {
    for (const config::Let& let : pipeline.lets) lets_[let.name] = of(let.value);
  }

  MemberReads of(const mapping::Template& tree) const {
    MemberReads out;
    for (const auto& use : tree.expressions()) out.add(of(use.expression));
    return out;
  }

  MemberReads of(const mapping::Expression& expression) const {
    MemberReads out = mapping::check::member_reads(expression, "event");
    for (const std::string& variable : expression.free_variables()) {
      if (const auto let = lets_.find(variable); let != lets_.end()) out.add(let->second);
    }
    return out;
  }

 private:
  std::map<std::string, MemberReads, std::less<>> lets_;
};

}  // namespace

Folding folding_of(const Flow& flow) {
  const config::Pipeline& pipeline = *flow.pipeline;
  // How often a call is made may mean something; an upsert is the state of its object, and a fetch makes that
  // the state at the time of the run.
  if (pipeline.fetches.empty()) return {};
  const Readings readings(pipeline);
  MemberReads any;
  for (const auto* formula : {&pipeline.when, &pipeline.order_by, &pipeline.priority})
    if (*formula) any.add(readings.of((*formula)->tree));
  for (const config::FetchStep& step : pipeline.fetches) any.add(readings.of(step.arguments));
  for (const config::ClassRule& rule : pipeline.classify)
    if (rule.when) any.add(readings.of(rule.when->tree));
  for (const config::Action& action : pipeline.actions) {
    const auto* operation = flow.sinks.at(action.connection)->manifest().operation(action.operation);
    if (operation->shape != plugin::Operation::Shape::upsert) return {};
    if (action.when) any.add(readings.of(action.when->tree));
    any.add(readings.of(action.mapping));
  }
  Folding out;
  // Of an id, and of what is made by chance from it, there is one for each event.
  out.folds = !any.all && !any.random && !any.members.contains("id");
  // An action of its own kind may need what the folded one would have written before it, and with
  // `block_key` a dead letter between must not hold up what is older.
  out.past_others = pipeline.actions.size() == 1 && !pipeline.block_key;
  // A field may be there or not by what is read, and an upsert leaves what is not there: so any reading
  // counts.
  out.type = any.members.contains("type");
  out.data = any.members.contains("data");
  out.version = any.members.contains("version");
  out.time = any.members.contains("time");
  out.received = any.clock || any.members.contains("received_at");
  return out;
}

/// Why nothing is lost: the state is fetched after the claim, so the newest's run writes what each folded
/// one's would have written, or something newer. Where others stand between, they run first, in their order,
/// and then the newest, as they would have done anyway; that the folded one is not written before them makes
/// no difference to them, for they are of the same object, and each writes all of it by the one action.
/// Deletions leave a mark that what is written later is measured by (guard.hpp): nothing else folds with
/// them, and nothing is moved past them.
Lanes::Look look_at(const Flow& flow, const journal::Waiting& head, const journal::Waiting& newest,
                    const journal::Waiting& next) {
  using Look = Lanes::Look;
  if (!unbegun(head) || !unbegun(next) || !of_one_object(head.event, next.event)) return Look::stop;
  const bool deletion =
      !flow.pipeline->deletions.empty() && (is_deletion(flow, head) || is_deletion(flow, next));
  if (comes_to_the_same(flow.folding, newest.event, next.event) &&
      (!deletion || head.event.type == next.event.type))
    return Look::take;
  return flow.folding.past_others && !deletion ? Look::pass : Look::stop;
}

namespace {

journal::AttemptRecord noted(std::string outcome, std::string reason, std::int64_t now_ms) {
  journal::AttemptRecord attempt;
  attempt.started_ms = attempt.finished_ms = now_ms;
  attempt.outcome = std::move(outcome);
  attempt.reason = std::move(reason);
  return attempt;
}

}  // namespace

std::vector<journal::Settlement> fold_into(const journal::Waiting& newest,
                                           const std::vector<journal::Waiting>& folded, std::int64_t now_ms) {
  std::vector<journal::Settlement> batch;
  std::string names;
  std::size_t named = 0;
  for (const journal::Waiting& each : folded) {
    journal::Settlement one;
    one.seq = each.seq;
    one.end = End::superseded;
    one.reason = "folded into " + newest.event.id + ", which is newer and comes to the same";
    one.attempts.push_back(noted(std::string(name_of(End::superseded)), one.reason, now_ms));
    batch.push_back(std::move(one));
    if (names.size() + each.event.id.size() > kMostNamed) continue;
    names += (named == 0 ? "" : ", ") + each.event.id;
    ++named;
  }
  if (named < folded.size()) names += " and " + std::to_string(folded.size() - named) + " more";
  journal::Settlement note;
  note.seq = newest.seq;
  note.attempts.push_back(
      noted("folded", "stands for " + std::to_string(folded.size()) + ": " + names, now_ms));
  batch.push_back(std::move(note));
  return batch;
}

}  // namespace tenon::delivery
