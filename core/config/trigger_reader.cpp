#include "config/trigger_reader.hpp"

#include <algorithm>
#include <utility>

#include "config/language.hpp"
#include "config/record_check.hpp"
#include "config/scalar.hpp"

namespace tenon::config {
namespace {

const KeySet kTrigger = key_set(language::kTrigger);
const KeySet kList = key_set(language::kListStep);

}  // namespace

TriggerReader::TriggerReader(Reading& reading, Fields& top)
    : reading_(reading), section_(top.need("trigger", "where events come from")) {}

const plugin::ConnectorManifest* TriggerReader::manifest() const {
  return reading_.names.trigger != nullptr ? reading_.names.trigger->manifest : nullptr;
}

void TriggerReader::declare() {
  scope_.unknown = true;
  if (section_ == nullptr) return;
  Fields fields(reading_.report, *section_, "trigger", kTrigger);
  if (!fields.ok()) return;
  scope_.unknown = false;
  scope_.roots = {"event"};
  reading_.names.trigger = reading_.connection(fields, "connection");
  if (reading_.names.trigger != nullptr) {
    reading_.made.trigger_connection = reading_.names.trigger->spec.name;
    check_receives(*reading_.names.trigger);
    check_horizon(fields.key_span("connection"));
  }
  const std::size_t before = reading_.report.errors();
  events(fields);
  if (reading_.report.errors() == before) reading_.names.events = reading_.made.events;
  when_ = fields.get("when");
  const Node* fetch = fields.get("fetch");
  if (fetch == nullptr) return;
  if (!fetch->is_map()) {
    return reading_.report.error(fetch->at, "wrong_type",
                                 "trigger.fetch: expected a map of names, found " + found_in(*fetch));
  }
  for (const NodeMember& entry : fetch->members) declare_fetch(entry);
}

void TriggerReader::check_horizon(Span at) {
  constexpr std::uint64_t kHour = 3'600'000;
  if (manifest() == nullptr || manifest()->retry_horizon_ms < kDedupeWindowMs) return;
  reading_.report.warning(at, "dedupe_window",
                          "trigger.connection: " + manifest()->name + " repeats a delivery for up to " +
                              std::to_string(manifest()->retry_horizon_ms / kHour) +
                              " h, and one is known again for " + std::to_string(kDedupeWindowMs / kHour) +
                              " h only: a late repeat is taken as new");
}

void TriggerReader::events(Fields& fields) {
  const Node* list = fields.need("events", "a list of event types");
  if (list == nullptr) return;
  if (!list->is_list() || list->items.empty()) {
    const std::string found = list->is_list() ? "an empty list" : found_in(*list);
    return fields.error(list->at, "wrong_type", "events", "expected a list of event types, found " + found);
  }
  std::vector<std::string> known;
  if (manifest() != nullptr) {
    for (const plugin::EventType& type : manifest()->events) known.push_back(type.name);
  }
  std::vector<std::string>& events = reading_.made.events;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const Node& item = list->items[i];
    const std::string path = join("trigger.events", i);
    const auto type = text_of(reading_.report, item, path);
    if (!type) continue;
    if (std::find(events.begin(), events.end(), *type) != events.end()) {
      reading_.report.error(item.at, "duplicate", path + ": `" + *type + "` stands here twice");
    } else if (manifest() != nullptr && manifest()->event(*type) == nullptr) {
      unknown_event(item, path, *manifest(), known);
    } else {
      events.push_back(*type);
      if (manifest() != nullptr && manifest()->event(*type)->deletes)
        reading_.made.deletions.push_back(*type);
    }
  }
}

void TriggerReader::unknown_event(const Node& item, const std::string& path,
                                  const plugin::ConnectorManifest& manifest,
                                  const std::vector<std::string>& known) {
  const std::string hint = known.empty() ? "; it sends none" : hint_of(item.text, known, "; there are");
  reading_.report.error(item.at, "unknown_event",
                        path + ": " + manifest.name + " has no event type `" + item.text + "`" + hint);
}

void TriggerReader::declare_fetch(const NodeMember& entry) {
  const std::string& name = entry.key.text;
  Step made;
  made.entry = &entry;
  made.path = join("trigger.fetch", name);
  made.step = {name, name, false, {}, reading_.report.source().position(entry.key.at.offset)};
  const bool taken = is_taken_name(name);
  if (taken || !is_variable_name(name)) {
    reading_.report.error(
        entry.key.at, "bad_name",
        made.path + (taken ? ": this name means something else in expressions: take another"
                           : ": expressions could not name it: use letters, digits and `_`"));
  }
  if (!entry.value.is_map()) {
    return reading_.report.error(entry.value.is_empty() ? entry.key.at : entry.value.at, "wrong_type",
                                 made.path + ": expected a map of arguments, found " + found_in(entry.value));
  }
  reading_.names.answers[name] = nullptr;
  if (const Node* list = entry.value.find("list")) {
    list_keys(made, *list);
  } else {
    Span at = entry.key.at;
    fetch_keys(made, at);
    find_fetch(made, at);
  }
  made.ok = true;
  steps_.push_back(std::move(made));
}

/// `fetch:` is the host's; the rest are arguments.
void TriggerReader::fetch_keys(Step& made, Span& at) {
  made.arguments = made.entry->value;
  std::vector<NodeMember> rest;
  for (NodeMember& member : made.arguments.members) {
    if (member.key.text == "fetch") {
      made.step.fetch = text_of(reading_.report, member.value, made.path + ".fetch").value_or("");
      at = member.value.at;
    } else {
      rest.push_back(std::move(member));
    }
  }
  made.arguments.members = std::move(rest);
}

void TriggerReader::list_keys(Step& made, const Node& list) {
  Fields fields(reading_.report, made.entry->value, made.path, kList);
  made.step.list = true;
  made.step.fetch = fields.text("list").value_or("");
  made.arguments.kind = Node::Kind::map;
  made.arguments.at = list.at;
  if (const Node* query = fields.get("query")) {
    if (query->is_map()) {
      made.arguments = *query;
    } else {
      fields.error(query->at, "wrong_type", "query", "expected a map, found " + found_in(*query));
    }
  }
  made.path += ".query";
  find_list(made, list.at);
}

void TriggerReader::find_fetch(Step& made, Span at) {
  if (manifest() == nullptr || made.step.fetch.empty()) return;
  if (const plugin::Fetch* found = manifest()->fetch(made.step.fetch)) {
    reading_.names.answers[made.step.name] = found->answer.get();
    made.wanted = found->arguments;
    return;
  }
  std::vector<std::string> known;
  for (const plugin::Fetch& fetch : manifest()->fetches) known.push_back(fetch.name);
  reading_.report.error(at, "unknown_fetch",
                        made.path + ": " + manifest()->name + " has no fetch `" + made.step.fetch + "`" +
                            hint_of(made.step.fetch, known,
                                    "; another name than the fetch's own needs `fetch:` inside, one of"));
}

void TriggerReader::find_list(Step& made, Span at) {
  if (manifest() == nullptr || made.step.fetch.empty()) return;
  if (const plugin::List* found = manifest()->list(made.step.fetch)) {
    reading_.names.answers[made.step.name] = found->item.get();
    reading_.names.lists.insert(made.step.name);
    made.wanted = found->query;
    return;
  }
  std::vector<std::string> known;
  for (const plugin::List& list : manifest()->lists) known.push_back(list.name);
  reading_.report.error(at, "unknown_list",
                        join("trigger.fetch", made.step.name) + ".list: " + manifest()->name +
                            " has no list `" + made.step.fetch + "`" +
                            hint_of(made.step.fetch, known, "; there are"));
}

void TriggerReader::read() {
  if (when_ != nullptr) reading_.made.when = reading_.templates.read_when(*when_, scope_, "trigger.when");
  for (Step& made : steps_) {
    made.step.arguments = reading_.templates.read(made.arguments, scope_, made.path);
    if (made.wanted) {
      const std::string what = (made.step.list ? "list " : "fetch ") + made.step.fetch;
      check_record(made.arguments, *made.wanted, reading_.templates.types(), made.path, what,
                   reading_.report);
    }
    scope_.roots.push_back(made.step.name);
    reading_.made.fetches.push_back(std::move(made.step));
  }
}

}  // namespace tenon::config
