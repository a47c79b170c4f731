#include "config/actions_reader.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/digest.hpp"
#include "config/language.hpp"
#include "config/record_check.hpp"
#include "config/scalar.hpp"

namespace tenon::config {
namespace {

const KeySet kAction = key_set(language::kAction);
const KeySet kShortAction = key_set(language::kShortAction);

}  // namespace

void ActionsReader::read(Fields& top) {
  const Node& root = reading_.root;
  const bool named = root.find("actions") != nullptr;
  const bool short_form = root.find("action") != nullptr || root.find("mapping") != nullptr;
  if (named && short_form) {
    const char* other = root.find("action") != nullptr ? "action" : "mapping";
    return top.error(top.key_span(other), "mixed_actions", other,
                     "stands beside `actions`: one or the other; `action` with `mapping` is short for one "
                     "action called `main`");
  }
  if (!named) return one(top);
  const Node* section = top.get("actions");
  if (section == nullptr) return;
  if (!section->is_map() || section->members.empty()) {
    return top.error(section->at, "wrong_type", "actions",
                     "expected a map of actions by name, found " +
                         (section->is_map() ? "an empty map" : found_in(*section)));
  }
  many(*section);
}

void ActionsReader::many(const Node& section) {
  for (const NodeMember& entry : section.members) reading_.names.actions.push_back(entry.key.text);
  for (const NodeMember& entry : section.members) {
    const std::string path = join("actions", entry.key.text);
    check_name(reading_.report, entry.key, path);
    Fields fields(reading_.report, entry.value, path, kAction);
    if (fields.ok()) action(fields, entry.key.text, entry.key.at, fields.get("mapping"), fields);
  }
  sort();
}

void ActionsReader::one(Fields& top) {
  const Node* section =
      top.need("action", "what is written, as in `action: { connection: desk, operation: … }`");
  const Node* mapping = top.need("mapping", "the record that the action writes");
  if (section == nullptr) {
    // Its expressions can be checked all the same.
    if (mapping != nullptr) reading_.templates.read(*mapping, scope_, "mapping");
    return;
  }
  reading_.names.actions = {"main"};
  Fields fields(reading_.report, *section, "action", kShortAction);
  if (fields.ok()) action(fields, "main", top.key_span("action"), mapping, top);
}

void ActionsReader::action(Fields& fields, const std::string& name, Span at, const Node* mapping,
                           Fields& mapping_owner) {
  Action made;
  made.name = name;
  made.position = reading_.report.source().position(at.offset);
  const Connection* sink = reading_.connection(fields, "connection");
  const auto operation = fields.need_text("operation", "what to do there");
  if (sink != nullptr) made.connection = sink->spec.name;
  made.operation = operation.value_or("");
  const plugin::Operation* declared =
      sink && operation ? declared_operation(fields, *sink, *operation) : nullptr;
  if (declared != nullptr) warn_of_repeats(fields, *sink, *declared);
  made.needs = needs(fields, name);
  Scope scope = scope_;
  scope.action = true;
  scope.results = made.needs;
  const Node* when = fields.get("when");
  if (when != nullptr) made.when = reading_.templates.read_when(*when, scope, fields.path_of("when"));
  if (mapping == nullptr && &fields == &mapping_owner) fields.need("mapping", "the record that is written");
  if (mapping != nullptr) read_mapping(made, scope, when, *mapping, declared, mapping_owner);
  reading_.made.actions.push_back(std::move(made));
}

void ActionsReader::read_mapping(Action& made, const Scope& scope, const Node* when, const Node& mapping,
                                 const plugin::Operation* declared, Fields& owner) {
  const std::string path = owner.path_of("mapping");
  if (!mapping.is_map()) {
    return owner.error(mapping.at, "wrong_type", "mapping", "expected a map, found " + found_in(mapping));
  }
  made.mapping = reading_.templates.read(mapping, scope, path);
  if (declared != nullptr && declared->input) {
    check_record(mapping, *declared->input, reading_.templates.types(), path, "operation " + declared->name,
                 reading_.report);
  }
  made.mapping_digest = digest(made, when, mapping);
}

std::string ActionsReader::digest(const Action& made, const Node* when, const Node& mapping) const {
  std::string definition = made.connection + "\n" + made.operation + "\n";
  if (when != nullptr) append_canonical(definition, *when);
  definition += '\n';
  append_canonical(definition, mapping);
  std::set<std::string> lets;
  const auto collect = [&](const mapping::Template& tree) {
    for (const mapping::Template::Use& use : tree.expressions()) {
      for (const std::string& name : use.expression.free_variables()) {
        const auto let = reading_.names.lets.find(name);
        if (let == reading_.names.lets.end()) continue;
        lets.insert(name);
        lets.insert(let->second.lets.begin(), let->second.lets.end());
      }
    }
  };
  collect(made.mapping);
  if (made.when) collect(made.when->tree);
  for (const std::string& name : lets) {
    definition += "\n" + name + ":" + reading_.names.lets.at(name).canonical;
  }
  return to_hex(bytes_of(sha256(definition)));
}

std::vector<std::string> ActionsReader::needs(Fields& fields, const std::string& name) {
  std::vector<std::string> needed;
  const Node* list = fields.get("needs");
  if (list == nullptr) return needed;
  needs_at_.emplace(name, fields.key_span("needs"));
  if (!list->is_list()) {
    fields.error(list->at, "wrong_type", "needs",
                 "expected a list of actions, as in [ticket], found " + found_in(*list));
    return needed;
  }
  const std::vector<std::string>& all = reading_.names.actions;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const Node& item = list->items[i];
    const std::string path = join(fields.path_of("needs"), i);
    const auto wanted = text_of(reading_.report, item, path);
    if (!wanted) continue;
    if (*wanted == name) {
      reading_.report.error(item.at, "needs_cycle", path + ": an action cannot need itself");
    } else if (std::find(all.begin(), all.end(), *wanted) == all.end()) {
      std::vector<std::string> others;
      std::copy_if(all.begin(), all.end(), std::back_inserter(others),
                   [&](const std::string& each) { return each != name; });
      reading_.report.error(item.at, "unknown_action",
                            path + ": there is no action `" + *wanted + "`" +
                                (others.empty() ? "" : hint_of(*wanted, others, "; there are")));
    } else if (std::find(needed.begin(), needed.end(), *wanted) != needed.end()) {
      reading_.report.error(item.at, "duplicate", path + ": `" + *wanted + "` stands here twice");
    } else {
      needed.push_back(*wanted);
    }
  }
  return needed;
}

const plugin::Operation* ActionsReader::declared_operation(Fields& fields, const Connection& sink,
                                                           const std::string& wanted) {
  if (sink.manifest == nullptr) return nullptr;
  const plugin::Operation* found = sink.manifest->operation(wanted);
  if (found != nullptr) return found;
  std::vector<std::string> known;
  for (const plugin::Operation& operation : sink.manifest->operations) known.push_back(operation.name);
  fields.error(
      fields.get("operation")->at, "unknown_operation", "operation",
      sink.manifest->name + " has no operation `" + wanted + "`" + hint_of(wanted, known, "; there are"));
  return nullptr;
}

/// Of a call there is nothing to search for: what the sink promises must do.
void ActionsReader::warn_of_repeats(Fields& fields, const Connection& sink,
                                    const plugin::Operation& operation) {
  const plugin::Capabilities& can = operation.capabilities;
  if (operation.shape != plugin::Operation::Shape::call || can.idempotency_key_ttl_ms > 0 || can.marker ||
      can.idempotent)
    return;
  reading_.report.warning(fields.get("operation")->at, "no_lookup",
                          fields.path_of("operation") + ": nothing tells whether " + sink.manifest->name +
                              " did `" + operation.name +
                              "` when its answer is lost: it is then done again, perhaps a second time");
}

/// Puts each action behind what it needs, else in the order written.
void ActionsReader::sort() {
  std::vector<Action>& actions = reading_.made.actions;
  std::vector<Action> sorted;
  std::set<std::string> placed;
  std::set<std::string> unread(reading_.names.actions.begin(), reading_.names.actions.end());
  for (const Action& action : actions) unread.erase(action.name);
  const auto ready = [&](const Action& action) {
    return std::all_of(action.needs.begin(), action.needs.end(), [&](const std::string& need) {
      return placed.contains(need) || unread.contains(need);
    });
  };
  while (!actions.empty()) {
    const auto next = std::find_if(actions.begin(), actions.end(), ready);
    if (next == actions.end()) break;
    placed.insert(next->name);
    sorted.push_back(std::move(*next));
    actions.erase(next);
  }
  if (!actions.empty()) {
    // Walk from any of them along what is not placed: the walk comes back to where it was.
    std::vector<std::string> walk;
    std::string at = actions.front().name;
    while (std::find(walk.begin(), walk.end(), at) == walk.end()) {
      walk.push_back(at);
      const auto here = std::find_if(actions.begin(), actions.end(),
                                     [&](const Action& action) { return action.name == at; });
      at = *std::find_if(here->needs.begin(), here->needs.end(),
                         [&](const std::string& need) { return !placed.contains(need); });
    }
    std::string shown;
    for (auto each = std::find(walk.begin(), walk.end(), at); each != walk.end(); ++each) {
      shown += "`" + *each + "` needs ";
    }
    reading_.report.error(needs_at_.at(at), "needs_cycle",
                          "actions." + at + ".needs: " + shown + "`" + at + "`: none can be first");
  }
  std::move(actions.begin(), actions.end(), std::back_inserter(sorted));
  actions = std::move(sorted);
}

}  // namespace tenon::config
