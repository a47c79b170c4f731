#include "journal/store.hpp"

#include <algorithm>
#include <charconv>

#include "base/digest.hpp"
#include "base/json.hpp"

namespace tenon::journal {

std::optional<Seq> seq_of(const std::string& text) {
  Seq seq = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seq);
  if (error != std::errc() || stop != end || seq > INT64_MAX) return std::nullopt;
  return seq;
}

std::string_view state_name(const std::optional<End>& end, const std::optional<std::int64_t>& next_ms) {
  if (end) return name_of(*end);
  return next_ms ? "retrying" : "waiting";
}

std::string_view name_of(PipelineMode mode) {
  switch (mode) {
    case PipelineMode::paused:
      return "paused";
    case PipelineMode::held:
      return "held";
    case PipelineMode::running:
      break;
  }
  return "running";
}

bool matches(const Query& query, const RowView& row) {
  if (query.dead_only && !(row.end && is_dead(*row.end))) return false;
  if (!query.pipeline.empty() && query.pipeline != row.pipeline) return false;
  if (!query.connection.empty() && query.connection != row.connection) return false;
  if (!query.key.empty() && query.key != row.key) return false;
  if (!query.reason.empty() && row.reason.find(query.reason) == std::string_view::npos) return false;
  if (query.since_ms && row.received_ms < *query.since_ms) return false;
  if (query.until_ms && row.received_ms >= *query.until_ms) return false;
  return query.state.empty() || query.state == state_name(row.end, row.next_ms);
}

std::string last_status(const std::string& conversation) {
  JsonLimits limits;
  limits.members = 1'000'000;
  const auto parsed = parse_json(conversation, limits);
  if (!parsed) return "-";
  std::string status = "-";
  for (const Value exchange : parsed->root.items()) {
    if (const Value answered = exchange.get("status"); answered.is_number()) status = to_json(answered);
  }
  return status;
}

std::string calls_of(Seq seq) { return std::to_string(seq) + "/"; }

IdentityKey key_of_call(Seq seq, std::string_view action) {
  return {"", "", calls_of(seq) + std::string(action)};
}

std::string taken_back(End end, std::string_view reason) {
  std::string text(name_of(end));
  if (!reason.empty()) text += ": " + std::string(reason);
  return text;
}

std::string replayed_from(End end, std::string_view reason, bool force,
                          const std::vector<std::string>& kept) {
  std::string text = taken_back(end, reason);
  for (const std::string& action : kept)
    text += (&action == &kept.front() ? "; delivered already, not done again: " : ", ") + action;
  if (force) text += "; forced: also over newer state";
  return text;
}

std::string_view why_not(std::optional<End> end, std::string_view pipeline, const Replay* replay) {
  if (replay != nullptr) return !end ? "not_ended" : pipeline != replay->pipeline ? "other_pipeline" : "";
  if (!end || !is_dead(*end)) return "not_dead";
  // Without a pipeline there is nothing that could run it.
  return pipeline.empty() ? "malformed_event" : "";
}

bool stays(std::string_view action, End end, const Replay* replay) {
  if (end != End::delivered) return false;
  return replay == nullptr ||
         std::find(replay->keep.begin(), replay->keep.end(), action) != replay->keep.end();
}

/// Numbers that are missing between two events count unless both stand on one side of the range.
void RangeTally::gap(Seq seq, std::int64_t received_ms) {
  const bool outside = (before(at_ms_) && before(received_ms)) || (behind(at_ms_) && behind(received_ms));
  if (!outside && seq > at_ + 1) range_.gone += seq - at_ - 1;
}

bool RangeTally::add(Seq seq, std::int64_t received_ms, std::string_view pipeline, bool open) {
  // Numbers grow as events are received, but for a clock that was set back: a row of later ones ends it.
  constexpr int kBehindInARow = 256;
  gap(seq, received_ms);
  at_ = seq;
  at_ms_ = received_ms;
  behind_in_a_row_ = behind(received_ms) ? behind_in_a_row_ + 1 : 0;
  if (behind_in_a_row_ == kBehindInARow) return false;
  if (before(received_ms) || behind(received_ms) || pipeline != query_.pipeline) return true;
  if (open) {
    ++range_.open;
    return true;
  }
  ++range_.events;
  if (range_.first == 0) range_.first = seq;
  range_.last = seq;
  return true;
}

void RangeTally::end(Seq last) { gap(last + 1, INT64_MAX); }

std::string forgotten_subject(const ForgetQuery& query, const Forgotten& done) {
  std::string text = "key sha256:" + to_hex(bytes_of(sha256(query.key)));
  if (!query.pipeline.empty()) text += " of " + query.pipeline;
  return text + ": " + std::to_string(done.events) + " deleted, " + std::to_string(done.waiting) +
         " to be deleted when they end, " + std::to_string(done.identities) + " identities";
}

std::string_view key_of_source_object(std::string_view source_object) {
  // Names of connections hold no slash.
  const auto slash = source_object.find('/');
  return slash == std::string_view::npos ? std::string_view() : source_object.substr(slash + 1);
}

void DeadGroups::add(std::string_view name, Seq seq, std::int64_t received_ms) {
  constexpr std::size_t kMost = 999;
  auto found = groups_.find(name);
  if (found == groups_.end()) {
    const std::string under(groups_.size() < kMost ? name : "(others)");
    found = groups_.try_emplace(under).first;
  }
  DeadGroup& group = found->second;
  if (group.count++ == 0) {
    group.name = found->first;
    group.oldest_ms = group.newest_ms = received_ms;
  }
  group.newest = std::max(group.newest, seq);
  group.oldest_ms = std::min(group.oldest_ms, received_ms);
  group.newest_ms = std::max(group.newest_ms, received_ms);
}

std::vector<DeadGroup> DeadGroups::take() {
  std::vector<DeadGroup> out;
  for (auto& [name, group] : groups_) out.push_back(std::move(group));
  std::stable_sort(out.begin(), out.end(),
                   [](const DeadGroup& a, const DeadGroup& b) { return a.count > b.count; });
  return out;
}

}  // namespace tenon::journal
