#include "app/replay_diff.hpp"

#include <algorithm>
#include <optional>

#include "app/cells.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace tenon::app {
namespace {

constexpr std::size_t kMostGroups = 1000;
constexpr std::size_t kMostExample = 120;

/// A boolean is told by its value: there are only two.
std::string kind_of(Value value) {
  if (value.is_missing()) return "nothing";
  if (value.is_boolean()) return value.as_boolean() ? "true" : "false";
  return std::string(name_of(value.kind()));
}

std::string shortened(std::string text) {
  if (text.size() <= kMostExample) return text;
  text.resize(kMostExample);
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0U) == 0x80U) text.pop_back();
  if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0U) text.pop_back();
  return text + "…";
}

std::string example_of(Value value) { return value.is_missing() ? "nothing" : shortened(to_json(value)); }

/// Reasons that name versions or numbers would make a group of each event.
bool tells_reason(const std::string& state) { return state != "superseded" && state != "delivered"; }

/// The last request that may have had an effect, and had one or was withheld.
Value write_in(Value said, bool withheld) {
  Value found;
  for (const Value exchange : said.items()) {
    const std::string method = cell(exchange.get("method"));
    if (method.empty() || method == "GET" || method == "HEAD" || method == "OPTIONS") continue;
    const Value status = exchange.get("status");
    const bool worked = status.is_number() && status.as_double() >= 200 && status.as_double() < 300;
    if (withheld ? !status.is_number() : worked) found = exchange;
  }
  return found;
}

}  // namespace

std::string DiffGroup::text() const {
  const std::string whose = action.empty() ? "" : action + ": ";
  if (path.empty()) return whose + before + (after.empty() ? "" : " -> " + after);
  const std::string field = whose + "\"" + path + "\"";
  if (another_value) return field + ": another " + after;
  return field + " from " + before + " to " + after;
}

ReplayDiff::Side ReplayDiff::side_of(Value side, std::string_view action) {
  Side out;
  // What ended before its actions ended all of them so.
  const std::string whole = cell(side.get("state"));
  for (const Value each : side.get("actions").items()) {
    if (cell(each.get("action")) != action) continue;
    out.there = true;
    out.state = cell(each.get("state"));
    out.how = cell(each.get("how"));
    out.reason = cell(each.get("reason"));
    out.operation = cell(each.get("operation"));
    out.account = cell(each.get("account"));
    out.record = each.get("record");
    out.said = each.get("said");
    return out;
  }
  if (whole.empty() || side.get("actions").size() > 0) return out;
  out.there = true;
  out.state = whole;
  out.reason = cell(side.get("reason"));
  return out;
}

std::string ReplayDiff::words_of(const Side& side, bool then) {
  if (!side.there) return "no such action";
  if (side.state == "send") return "would be sent";
  if (side.state == "done" && then) return "delivered already, not done again";
  if (then && side.state == "delivered") return "was sent";
  // Two definitions are compared by what they make; whether it is newer than what was written is told beside.
  if (!then && side.makes_record()) return "would be sent";
  return side.state +
         (tells_reason(side.state) && !side.reason.empty() ? " (" + side.reason + ")" : std::string());
}

void ReplayDiff::add(Value event) {
  event_ = event;
  noted_.clear();
  cut_ = false;
  ++events_;
  const bool then = sides_ == DiffSides::then_and_now;
  const Value before = event.get(then ? "then" : "now");
  const Value after = event.get(then ? "now" : "with");
  std::set<std::string> actions;
  for (const Value side : {before, after}) {
    for (const Value each : side.get("actions").items()) actions.insert(cell(each.get("action")));
  }
  if (actions.empty()) actions.insert("");
  for (const std::string& action : actions) {
    const Side was = side_of(before, action);
    const Side is = side_of(after, action);
    count_would(action, is);
    compare(action, was, is);
  }
  if (cut_) ++not_compared_;
  if (noted_.empty() && !cut_) ++unchanged_;
  event_ = Value();
}

void ReplayDiff::compare(const std::string& action, const Side& before, const Side& after) {
  const bool then = sides_ == DiffSides::then_and_now;
  for (const Side* side : {&before, &after}) {
    if (side->state != "unknown") continue;
    note(action, "", "could not be told: " + side->reason, "", "", "");
    // The records stand, if only the sink could not be asked.
    if (before.makes_record() && after.makes_record())
      compare_values(action, "", before.record, after.record);
    return;
  }
  if (then) return compare_with_then(action, before, after);
  if (!before.makes_record() || !after.makes_record()) {
    const std::string from = words_of(before, false);
    const std::string to = words_of(after, false);
    if (from != to) note(action, "", from, to, before.reason, after.reason);
    return;
  }
  if (before.operation != after.operation)
    note(action, "", "to " + before.operation, after.operation, "", "");
  if (before.account != after.account)
    note(action, "", "of the account " + before.account, after.account, "", "");
  const auto verb = [](const Side& side) { return side.how.substr(0, side.how.find(' ')); };
  if (!before.how.empty() && !after.how.empty() && verb(before) != verb(after))
    note(action, "", "would " + verb(before), "would " + verb(after), before.how, after.how);
  compare_values(action, "", before.record, after.record);
}

void ReplayDiff::compare_with_then(const std::string& action, const Side& before, const Side& after) {
  if (before.state == "delivered" && after.state == "send") return compare_said(action, before, after);
  // A call that was made then is not made again: that is no other outcome.
  if (before.state == "delivered" && after.state == "done") return;
  const std::string from = words_of(before, true);
  const std::string to = words_of(after, true);
  if (from != to) note(action, "", from, to, before.reason, after.reason);
}

void ReplayDiff::compare_said(const std::string& action, const Side& before, const Side& after) {
  const Value was = write_in(before.said, false).get("request_body");
  const Value is = write_in(after.said, true).get("request_body");
  JsonLimits limits;
  limits.members = 1'000'000;
  const auto text = [](Value body) { return body.is_string() ? body.as_string() : std::string_view(); };
  const auto parsed_was = parse_json(text(was), limits);
  const auto parsed_is = parse_json(text(is), limits);
  // Cut off, or not kept at all.
  if (!parsed_was || !parsed_is) {
    cut_ = true;
    return;
  }
  compare_values(action, "", parsed_was->root, parsed_is->root);
}

void ReplayDiff::compare_values(const std::string& action, const std::string& path, Value before,
                                Value after) {
  const std::string shown = path.empty() ? "(all)" : path;
  if (before.is_object() && after.is_object()) {
    const auto below = [&](std::string_view name) {
      return (path.empty() ? "" : path + ".") + std::string(name);
    };
    for (const Member& member : before.members())
      compare_values(action, below(member.name), member.value, after.get(member.name));
    for (const Member& member : after.members()) {
      if (before.get(member.name).is_missing())
        compare_values(action, below(member.name), Value(), member.value);
    }
    return;
  }
  if (before.is_array() && after.is_array() && before.size() == after.size()) {
    for (std::size_t i = 0; i < before.size(); ++i)
      compare_values(action, path + "[]", before.items()[i], after.items()[i]);
    return;
  }
  if (equal(before, after)) return;
  const bool lists = before.is_array() && after.is_array();
  const bool same_kind = kind_of(before) == kind_of(after);
  note(action, shown, kind_of(before), lists ? "number of items" : kind_of(after), example_of(before),
       example_of(after), same_kind);
}

void ReplayDiff::count_would(const std::string& action, const Side& side) {
  std::string word = words_of(side, true);
  if (side.state == "send") word = "would " + side.how.substr(0, side.how.find(' '));
  ++would_[action][side.there ? word : "no such action"];
}

void ReplayDiff::note(const std::string& action, const std::string& path, std::string before,
                      std::string after, std::string before_example, std::string after_example,
                      bool another_value) {
  DiffGroup fresh;
  fresh.action = action;
  fresh.path = path;
  fresh.before = std::move(before);
  fresh.after = std::move(after);
  fresh.another_value = another_value;
  std::string key = fresh.text();
  if (!groups_.contains(key) && groups_.size() >= kMostGroups - 1) {
    key = "(others)";
    fresh = DiffGroup();
    fresh.before = "other differences";
  }
  // Several items of one list are one difference of the event.
  if (!noted_.insert(key).second) return;
  DiffGroup& group = groups_.try_emplace(key, fresh).first->second;
  if (group.events++ > 0) return;
  group.seq = cell(event_.get("seq"));
  group.id = cell(event_.get("id"));
  group.before_example = std::move(before_example);
  group.after_example = std::move(after_example);
}

std::vector<DiffGroup> ReplayDiff::groups() const {
  std::vector<DiffGroup> out;
  for (const auto& [key, group] : groups_) out.push_back(group);
  std::stable_sort(out.begin(), out.end(),
                   [](const DiffGroup& a, const DiffGroup& b) { return a.events > b.events; });
  return out;
}

}  // namespace tenon::app
