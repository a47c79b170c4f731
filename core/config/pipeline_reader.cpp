#include "config/pipeline_reader.hpp"

#include <utility>

#include "config/actions_reader.hpp"
#include "config/delivery_reader.hpp"
#include "config/let_reader.hpp"
#include "config/reading.hpp"
#include "config/tables.hpp"
#include "config/trigger_reader.hpp"
#include "config/vars.hpp"

namespace tenon::config {
namespace {

const KeySet kTop = {{"tenon", "name", "connections", "vars", "tables", "let", "trigger", "mapping", "action",
                      "actions", "delivery"},
                     {"use", "reconcile", "classify", "mode", "tests"},
                     {"tenants"}};

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

}  // namespace

PipelineFile read_pipeline(const Node& root, const Environment& environment, const plugin::Registry& registry,
                           Report& report) {
  PipelineFile file;
  Fields top(report, root, "", kTop);
  if (!top.ok()) return file;
  Reading reading(root, environment, report);
  read_version(top);
  read_name(top, reading, file);
  if (const Node* section = top.need("connections", "a map of accounts")) {
    reading.connections = read_connections(*section, environment, registry, report);
    reading.connections_known = section->is_map();
  } else {
    reading.connections_known = false;
  }
  reading.names.connections = &reading.connections;
  reading.made.vars = read_vars(top.get("vars"), environment, report);
  reading.names.vars = reading.made.vars.root;
  reading.made.tables = read_tables(top.get("tables"), report);
  reading.names.tables = reading.made.tables.root;
  TriggerReader trigger(reading, top);
  trigger.declare();
  const Scope before_fetches = trigger.scope();
  read_lets(top.get("let"), before_fetches, reading);
  trigger.read();
  ActionsReader(reading, trigger.scope()).read(top);
  read_delivery(top.get("delivery"), before_fetches, reading);
  reading.made.file = report.source().name();
  file.connections = std::move(reading.connections);
  if (!report.has_errors()) file.pipeline = std::make_shared<const Pipeline>(std::move(reading.made));
  return file;
}

}  // namespace tenon::config
