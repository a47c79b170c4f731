#include "config/pipeline_reader.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/digest.hpp"
#include "config/fields.hpp"
#include "config/record_check.hpp"
#include "config/scalar.hpp"
#include "config/templates.hpp"
#include "config/vars.hpp"

namespace tenon::config {
namespace {

const KeySet kTop = {
    {"tenon", "name", "connections", "vars", "trigger", "mapping", "action", "actions", "delivery"},
    {"use", "tables", "let", "reconcile", "tests"},
    {"tenants"}};
const KeySet kTrigger = {{"connection", "events", "when", "fetch"}, {}, {}};
const KeySet kAction = {{"connection", "operation", "when", "mapping"}, {"needs"}, {}};
const KeySet kShortAction = {{"connection", "operation", "when"}, {"needs"}, {}};
const KeySet kDelivery = {{"retry", "on_gone"}, {"order_by", "priority", "on_exhausted"}, {}};
const KeySet kRetry = {{"for", "attempts"}, {}, {}};

/// Names that expressions use for something else.
constexpr std::array<std::string_view, 12> kTakenNames = {"event",       "vars",    "tables",   "connection",
                                                          "connections", "item",    "index",    "results",
                                                          "since",       "request", "response", "let"};

class PipelineReader {
 public:
  PipelineReader(const Node& root, const Environment& environment, const plugin::Registry& registry,
                 Report& report)
      : root_(root),
        environment_(environment),
        registry_(registry),
        report_(report),
        templates_(report, names_) {}

  PipelineFile read() {
    Fields top(report_, root_, "", kTop);
    if (!top.ok()) return std::move(file_);
    version(top);
    name(top);
    if (const Node* section = top.need("connections", "a map of accounts")) {
      file_.connections = read_connections(*section, environment_, registry_, report_);
    }
    names_.connections = &file_.connections;
    made_->vars = read_vars(top.get("vars"), environment_, report_);
    names_.vars = made_->vars.root;
    trigger(top);
    all_actions(top);
    delivery(top);
    made_->file = report_.source().name();
    if (!report_.has_errors()) file_.pipeline = std::move(made_);
    return std::move(file_);
  }

 private:
  void version(Fields& top) {
    const Node* value = top.need("tenon", "the version of the language, `tenon: 1`");
    if (value == nullptr || (value->is_text() && !value->is_quoted() && value->text == "1")) return;
    top.error(value->at, "wrong_version", "tenon",
              "this tenon speaks version 1 of the language: expected `tenon: 1`");
  }

  void name(Fields& top) {
    const auto text = top.need_text("name", "the pipeline's name");
    if (!text || !check_name(report_, *root_.find("name"), "name")) return;
    made_->name = *text;
    file_.name = *text;
    file_.name_at = root_.find("name")->at;
  }

  /// The connection of that name, or nullptr and a report.
  const Connection* connection(Fields& fields, std::string_view key, const std::string& expected) {
    const auto wanted = fields.need_text(key, expected);
    if (!wanted) return nullptr;
    const auto found = file_.connections.find(*wanted);
    if (found != file_.connections.end()) return &found->second;
    const Node* section = root_.find("connections");
    if (section == nullptr || !section->is_map()) return nullptr;
    std::vector<std::string> known;
    for (const auto& [known_name, entry] : file_.connections) known.push_back(known_name);
    fields.error(node_of(fields, key)->at, "unknown_connection", key,
                 "there is no connection `" + *wanted + "` in this file" + suggestion(*wanted, known));
    return nullptr;
  }

  static const Node* node_of(Fields& fields, std::string_view key) { return fields.get(key); }

  void trigger(Fields& top) {
    const Node* section = top.need("trigger", "where events come from");
    scope_.unknown = true;
    if (section == nullptr) return;
    Fields fields(report_, *section, "trigger", kTrigger);
    if (!fields.ok()) return;
    scope_.unknown = false;
    names_.trigger = connection(fields, "connection", "the name of a connection");
    if (names_.trigger != nullptr) {
      made_->trigger_connection = names_.trigger->spec.name;
      check_receives(*names_.trigger, report_);
    }
    events(fields);
    scope_.roots = {"event"};
    if (const Node* when = fields.get("when"))
      made_->when = templates_.read_when(*when, scope_, "trigger.when");
    if (const Node* fetch = fields.get("fetch")) fetches(*fetch);
  }

  void events(Fields& fields) {
    const std::size_t before = report_.errors();
    event_types(fields);
    if (report_.errors() == before) names_.events = made_->events;
  }

  void event_types(Fields& fields) {
    const Node* list = fields.need("events", "a list of event types");
    if (list == nullptr) return;
    if (!list->is_list() || list->items.empty()) {
      const std::string found = list->is_list() ? "an empty list" : found_in(*list);
      return fields.error(list->at, "wrong_type", "events", "expected a list of event types, found " + found);
    }
    const plugin::ConnectorManifest* manifest = names_.trigger ? names_.trigger->manifest : nullptr;
    std::vector<std::string> known;
    if (manifest != nullptr) {
      for (const plugin::EventType& type : manifest->events) known.push_back(type.name);
    }
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      const Node& item = list->items[i];
      const std::string path = join("trigger.events", i);
      const auto type = text_of(report_, item, path);
      if (!type) continue;
      if (std::find(made_->events.begin(), made_->events.end(), *type) != made_->events.end()) {
        report_.error(item.at, "duplicate", path + ": `" + *type + "` stands here twice");
      } else if (manifest != nullptr && manifest->event(*type) == nullptr) {
        unknown_event(item, path, *manifest, known);
      } else {
        made_->events.push_back(*type);
      }
    }
  }

  void unknown_event(const Node& item, const std::string& path, const plugin::ConnectorManifest& manifest,
                     const std::vector<std::string>& known) {
    std::string hint = suggestion(item.text, known);
    if (hint.empty() && known.empty()) hint = "; it sends none";
    if (hint.empty()) {
      hint = "; there are";
      for (std::size_t i = 0; i < known.size(); ++i) hint += (i > 0 ? ", `" : " `") + known[i] + "`";
    }
    report_.error(item.at, "unknown_event",
                  path + ": " + manifest.name + " has no event type `" + item.text + "`" + hint);
  }

  void fetches(const Node& section) {
    if (!section.is_map()) {
      return report_.error(section.at, "wrong_type",
                           "trigger.fetch: expected a map of names, found " + found_in(section));
    }
    for (const NodeMember& entry : section.members) fetch(entry);
  }

  void fetch(const NodeMember& entry) {
    const std::string& name = entry.key.text;
    const std::string path = join("trigger.fetch", name);
    const bool taken = std::find(kTakenNames.begin(), kTakenNames.end(), name) != kTakenNames.end();
    if (taken || !is_variable_name(name)) {
      report_.error(entry.key.at, "bad_name",
                    path + (taken ? ": this name means something else in expressions: take another"
                                  : ": expressions could not name it: use letters, digits and `_`"));
    }
    if (!entry.value.is_map()) {
      return report_.error(entry.value.is_empty() ? entry.key.at : entry.value.at, "wrong_type",
                           path + ": expected a map of arguments, found " + found_in(entry.value));
    }
    FetchStep step{name, name, {}, report_.source().position(entry.key.at.offset)};
    Node arguments = entry.value;
    Span fetch_at = entry.key.at;
    take_fetch_keys(arguments, step, fetch_at, path);
    const plugin::Fetch* declared = declared_fetch(step, fetch_at, path);
    if (declared != nullptr && declared->arguments) {
      check_record(arguments, *declared->arguments, path, "fetch " + step.fetch, report_);
    }
    step.arguments = templates_.read(arguments, scope_, path);
    names_.fetches[name] = declared;
    scope_.roots.push_back(name);
    made_->fetches.push_back(std::move(step));
  }

  /// `fetch:` and `list:` are the host's; the rest are arguments.
  void take_fetch_keys(Node& arguments, FetchStep& step, Span& fetch_at, const std::string& path) {
    std::vector<NodeMember> rest;
    for (NodeMember& member : arguments.members) {
      if (member.key.text == "list") {
        report_.error(member.key.at, "not_built_yet", path + ".list: `list` is not built yet");
        step.fetch.clear();
      } else if (member.key.text == "fetch") {
        const auto wanted = text_of(report_, member.value, path + ".fetch");
        step.fetch = wanted.value_or("");
        fetch_at = member.value.at;
      } else {
        rest.push_back(std::move(member));
      }
    }
    arguments.members = std::move(rest);
  }

  const plugin::Fetch* declared_fetch(const FetchStep& step, Span at, const std::string& path) {
    const plugin::ConnectorManifest* manifest = names_.trigger ? names_.trigger->manifest : nullptr;
    if (manifest == nullptr || step.fetch.empty()) return nullptr;
    const plugin::Fetch* found = manifest->fetch(step.fetch);
    if (found != nullptr) return found;
    std::vector<std::string> known;
    for (const plugin::Fetch& fetch : manifest->fetches) known.push_back(fetch.name);
    std::string hint = suggestion(step.fetch, known);
    if (hint.empty() && known.empty()) hint = "; it has none";
    if (hint.empty()) {
      hint = "; another name than the fetch's own needs `fetch:` inside, one of";
      for (std::size_t i = 0; i < known.size(); ++i) hint += (i > 0 ? ", `" : " `") + known[i] + "`";
    }
    report_.error(at, "unknown_fetch",
                  path + ": " + manifest->name + " has no fetch `" + step.fetch + "`" + hint);
    return nullptr;
  }

  void all_actions(Fields& top) {
    const bool many = root_.find("actions") != nullptr;
    const bool one = root_.find("action") != nullptr || root_.find("mapping") != nullptr;
    if (many && one) {
      const char* other = root_.find("action") != nullptr ? "action" : "mapping";
      return top.error(top.key_span(other), "mixed_actions", other,
                       "stands beside `actions`: one or the other; `action` with `mapping` is short for one "
                       "action called `main`");
    }
    if (!many) return short_action(top);
    const Node* section = top.get("actions");
    if (section == nullptr) return;
    if (!section->is_map() || section->members.empty()) {
      return top.error(section->at, "wrong_type", "actions",
                       "expected a map of actions by name, found " +
                           (section->is_map() ? "an empty map" : found_in(*section)));
    }
    for (const NodeMember& entry : section->members) {
      const std::string path = join("actions", entry.key.text);
      check_name(report_, entry.key, path);
      Fields fields(report_, entry.value, path, kAction);
      if (fields.ok()) action(fields, entry.key.text, entry.key.at, path, fields.get("mapping"), fields);
    }
  }

  void short_action(Fields& top) {
    const Node* section =
        top.need("action", "what is written, as in `action: { connection: desk, operation: … }`");
    const Node* mapping = top.need("mapping", "the record that the action writes");
    if (section == nullptr) {
      // Its expressions can be checked all the same.
      if (mapping != nullptr) templates_.read(*mapping, scope_, "mapping");
      return;
    }
    Fields fields(report_, *section, "action", kShortAction);
    if (fields.ok()) action(fields, "main", top.key_span("action"), "action", mapping, top);
  }

  void action(Fields& fields, const std::string& name, Span at, const std::string& path, const Node* mapping,
              Fields& mapping_owner) {
    Action made;
    made.name = name;
    made.position = report_.source().position(at.offset);
    const Connection* sink = connection(fields, "connection", "the name of a connection");
    const auto operation = fields.need_text("operation", "what to do there");
    if (sink != nullptr) made.connection = sink->spec.name;
    made.operation = operation.value_or("");
    const plugin::Operation* declared =
        sink && operation ? declared_operation(fields, *sink, *operation) : nullptr;
    const Node* when = fields.get("when");
    if (when != nullptr) made.when = templates_.read_when(*when, scope_, join(path, "when"));
    if (mapping == nullptr && &fields == &mapping_owner) fields.need("mapping", "the record that is written");
    if (mapping != nullptr) {
      const std::string mapping_path = mapping_owner.path_of("mapping");
      if (!mapping->is_map()) {
        mapping_owner.error(mapping->at, "wrong_type", "mapping",
                            "expected a map, found " + found_in(*mapping));
      } else {
        if (declared != nullptr && declared->input) {
          check_record(*mapping, *declared->input, mapping_path, "operation " + declared->name, report_);
        }
        made.mapping = templates_.read(*mapping, scope_, mapping_path);
      }
      std::string definition = made.connection + "\n" + made.operation + "\n";
      if (when != nullptr) append_canonical(definition, *when);
      definition += '\n';
      append_canonical(definition, *mapping);
      made.mapping_digest = to_hex(bytes_of(sha256(definition)));
    }
    made_->actions.push_back(std::move(made));
  }

  const plugin::Operation* declared_operation(Fields& fields, const Connection& sink,
                                              const std::string& wanted) {
    if (sink.manifest == nullptr) return nullptr;
    const plugin::Operation* found = sink.manifest->operation(wanted);
    if (found != nullptr) return found;
    std::vector<std::string> known;
    for (const plugin::Operation& operation : sink.manifest->operations) known.push_back(operation.name);
    std::string hint = suggestion(wanted, known);
    if (hint.empty() && known.empty()) hint = "; it has none";
    if (hint.empty()) {
      hint = "; there are";
      for (std::size_t i = 0; i < known.size(); ++i) hint += (i > 0 ? ", `" : " `") + known[i] + "`";
    }
    fields.error(node_of(fields, "operation")->at, "unknown_operation", "operation",
                 sink.manifest->name + " has no operation `" + wanted + "`" + hint);
    return nullptr;
  }

  void delivery(Fields& top) {
    const Node* section = top.get("delivery");
    if (section == nullptr) return;
    Fields fields(report_, *section, "delivery", kDelivery);
    if (!fields.ok()) return;
    if (const Node* retry = fields.get("retry")) {
      Fields inner(report_, *retry, "delivery.retry", kRetry);
      if (inner.ok()) {
        made_->retry.for_ms = inner.duration("for").value_or(made_->retry.for_ms);
        if (const auto attempts = inner.integer("attempts", 1, 1'000'000)) {
          made_->retry.attempts = static_cast<std::uint32_t>(*attempts);
        }
      }
    }
    on_gone(fields);
  }

  void on_gone(Fields& fields) {
    const auto word = fields.text("on_gone");
    if (!word || *word == "skip") return;
    if (*word == "reject") {
      made_->on_gone = OnGone::reject;
    } else if (*word == "delete") {
      fields.error(node_of(fields, "on_gone")->at, "not_built_yet", "on_gone", "`delete` is not built yet");
    } else {
      fields.error(node_of(fields, "on_gone")->at, "wrong_type", "on_gone",
                   "expected `skip` or `reject`, found `" + *word + "`");
    }
  }

  const Node& root_;
  const Environment& environment_;
  const plugin::Registry& registry_;
  Report& report_;
  Names names_;
  Scope scope_;
  TemplateReader templates_;
  PipelineFile file_;
  std::shared_ptr<Pipeline> made_ = std::make_shared<Pipeline>();
};

}  // namespace

PipelineFile read_pipeline(const Node& root, const Environment& environment, const plugin::Registry& registry,
                           Report& report) {
  return PipelineReader(root, environment, registry, report).read();
}

}  // namespace tenon::config
