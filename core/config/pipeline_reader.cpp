#include "config/pipeline_reader.hpp"

#include <algorithm>
#include <utility>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "config/actions_reader.hpp"
#include "config/classify_reader.hpp"
#include "config/delivery_reader.hpp"
#include "config/files.hpp"
#include "config/language.hpp"
#include "config/let_reader.hpp"
#include "config/reading.hpp"
#include "config/scalar.hpp"
#include "config/secret_reach.hpp"
#include "config/tables.hpp"
#include "config/templates.hpp"
#include "config/tests_reader.hpp"
#include "config/trigger_reader.hpp"
#include "config/vars.hpp"

namespace tenon::config {
namespace {

const KeySet kTop = key_set(language::kPipeline);

void read_version(Fields& top) {
  const Node* value = top.need("tenon", "the version of the language, `tenon: 1`");
  if (value == nullptr || (value->is_text() && !value->is_quoted() && value->text == "1")) return;
  top.error(value->at, "wrong_version", "tenon",
            "this tenon speaks version 1 of the language: expected `tenon: 1`");
}

void read_name(Fields& top, Reading& reading, PipelineFile& file) {
  const auto text = top.need_text("name", "the pipeline's name");
  const Node* node = reading.root.find("name");
  if (!text || !check_name(reading.report, *node, "name")) return;
  reading.made.name = *text;
  file.name = *text;
  file.name_at = node->at;
}

void read_mode(Fields& top, Pipeline& made) {
  const auto word = top.text("mode");
  if (!word || *word == "live") return;
  made.shadow = *word == "shadow";
  if (made.shadow) return;
  const Span at = top.get("mode")->at;
  top.error(at, "wrong_type", "mode", "expected `live` or `shadow`, found `" + *word + "`");
}

std::string place_of(const Connection& connection) {
  const Source& source = connection.report->source();
  return source.name() + ":" + std::to_string(source.position(connection.key.offset).line);
}

/// `use:`; a connection of the file itself or of one named before keeps its place.
void read_use(Fields& top, const UseFile& use, Reading& reading) {
  const Node* list = top.get("use");
  if (list == nullptr) return;
  if (!list->is_list()) {
    return top.error(list->at, "wrong_type", "use",
                     "expected a list of files, as in [accounts.yaml], found " + found_in(*list));
  }
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const Node& item = list->items[i];
    const std::string path = join("use", i);
    const auto name = text_of(reading.report, item, path);
    if (!name) continue;
    const Connections* used = use(path_beside(reading.report.source().name(), *name));
    if (used == nullptr) {
      reading.report.error(item.at, "use_file",
                           path + ": `" + *name + "` cannot be read; it is looked for beside this file");
      reading.connections_known = false;
      continue;
    }
    for (const auto& [connection_name, connection] : *used) {
      const auto [first, fresh] = reading.connections.emplace(connection_name, connection);
      if (fresh || !first->second.ok || !connection.ok) continue;
      if (same_definition(first->second.spec, connection.spec)) continue;
      first->second.report->error(first->second.key, "connection_differs",
                                  "connections." + connection_name + ": defined with other settings at " +
                                      place_of(connection) + ": one name is one account");
    }
  }
}

/// A fetch costs a request for each event; a `let` that nobody reads is a slip.
void warn_of_unused(const Reading& reading) {
  const auto warn = [&](const Node* section, const std::string& path, const char* why) {
    if (section == nullptr || !section->is_map()) return;
    for (const NodeMember& entry : section->members) {
      if (reading.templates.reads().contains(entry.key.text)) continue;
      reading.report.warning(entry.key.at, "unused", join(path, entry.key.text) + ": " + why);
    }
  };
  const Node* trigger = reading.root.find("trigger");
  if (trigger != nullptr && trigger->is_map()) {
    warn(trigger->find("fetch"), "trigger.fetch",
         "nothing reads what this fetches, and it costs a request for each event");
  }
  warn(reading.root.find("let"), "let", "nothing reads this");
}

}  // namespace

bool is_connections_file(const Node& root) {
  if (root.find("connections") == nullptr) return false;
  return std::all_of(root.members.begin(), root.members.end(), [](const NodeMember& member) {
    return language::kConnectionsFile.find(member.key.text) != nullptr;
  });
}

Connections read_connections_file(const Node& root, const Environment& environment,
                                  const plugin::Registry& registry, Report& report) {
  Fields top(report, root, "", key_set(language::kConnectionsFile));
  if (!top.ok()) return {};
  if (root.find("tenon") != nullptr) read_version(top);
  const Node* section = top.need("connections", "a map of accounts");
  if (section == nullptr) return {};
  Connections connections = read_connections(*section, environment, registry, report);
  check_secret_reach(root, connections, report);
  return connections;
}

namespace {

std::string version_of(const Node& root, const Reading& reading) {
  constexpr std::size_t kShown = 12;
  std::string text;
  append_canonical(text, root);
  text += to_json(reading.made.vars.root) + to_json(reading.made.tables.root);
  for (const auto& [name, connection] : reading.connections) text += name + connection.spec.settings;
  return to_hex(bytes_of(sha256(text))).substr(0, kShown);
}

}  // namespace

PipelineFile read_pipeline(const Node& root, const Environment& environment, const plugin::Registry& registry,
                           const UseFile& use, Report& report) {
  PipelineFile file;
  Fields top(report, root, "", kTop);
  if (!top.ok()) return file;
  Reading reading(root, environment, report);
  read_version(top);
  read_name(top, reading, file);
  read_mode(top, reading.made);
  const bool uses = root.find("use") != nullptr;
  const Node* section = uses ? top.get("connections")
                             : top.need("connections", "a map of accounts, or `use` of files with them");
  if (section != nullptr) reading.connections = read_connections(*section, environment, registry, report);
  reading.connections_known = section != nullptr ? section->is_map() : uses;
  read_use(top, use, reading);
  reading.names.connections = &reading.connections;
  reading.made.vars = read_vars(top.get("vars"), environment, report);
  reading.names.vars = reading.made.vars.root;
  check_secret_reach(root, reading.connections, report);
  reading.made.tables = read_tables(top.get("tables"), report);
  reading.names.tables = reading.made.tables.root;
  TriggerReader trigger(reading, top);
  trigger.declare();
  const Scope before_fetches = trigger.scope();
  read_lets(top.get("let"), before_fetches, reading);
  trigger.read();
  ActionsReader(reading, trigger.scope()).read(top);
  read_delivery(top.get("delivery"), before_fetches, reading);
  read_classify(top.get("classify"), before_fetches, reading);
  if (const Node* tests = top.get("tests")) {
    const Connection* source = reading.names.trigger;
    const TestNames names{reading.made, reading.connections, source != nullptr ? source->manifest : nullptr};
    reading.made.tests = read_tests(*tests, names, report);
  }
  if (!report.has_errors()) warn_of_unused(reading);
  reading.made.file = report.source().name();
  reading.made.version = version_of(root, reading);
  file.connections = std::move(reading.connections);
  if (!report.has_errors()) file.pipeline = std::make_shared<const Pipeline>(std::move(reading.made));
  return file;
}

}  // namespace tenon::config
