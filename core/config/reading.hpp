// Reading: what the readers of one file's sections share.
#pragma once

#include "config/connections.hpp"
#include "config/environment.hpp"
#include "config/fields.hpp"
#include "config/names.hpp"
#include "config/pipeline.hpp"
#include "config/templates.hpp"

namespace tenon::config {

/// One file while it becomes a pipeline. All references outlive it.
struct Reading {
  Reading(const Node& root_node, const Environment& environment_of, Report& report_to)
      : root(root_node), environment(environment_of), report(report_to), templates(report_to, names) {}
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  /// The connection that `fields` names under `key`, or nullptr and a report.
  const Connection* connection(Fields& fields, std::string_view key);

  const Node& root;
  const Environment& environment;
  Report& report;
  Names names;
  TemplateReader templates;
  Connections connections;
  bool connections_known = true;  ///< false: which there are cannot be told
  Pipeline made;
};

/// "; did you mean `x`?", or " …`a`, `b`" behind `otherwise`, or `; it has none`.
std::string hint_of(std::string_view name, const std::vector<std::string>& known,
                    const std::string& otherwise);

/// Names that expressions use for something else: no fetch and no let is called so.
bool is_taken_name(std::string_view name);

}  // namespace tenon::config
