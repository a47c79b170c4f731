// Explain: where each field of a record comes from, and what made it missing.
#pragma once

#include <string>
#include <vector>

#include "plugin/instance.hpp"
#include "trial/bench.hpp"

namespace tenon::trial {

/// A path that an expression read.
struct Read {
  std::string path;   ///< as written: `customer.email`
  std::string value;  ///< JSON; empty: missing
  std::string type;   ///< "string", "missing", ...
};

struct ExplainedField {
  std::string field;       ///< of the output: `lines[0].sku`; `when` of a condition
  int line = 0;            ///< 0: not known
  std::string expression;  ///< on one line; empty: a plain value of the file
  std::vector<Read> reads;
  std::string value;  ///< JSON; empty: missing
  std::string why;    ///< what made it null, missing or fail; empty otherwise
};

struct ExplainedAction {
  std::string action;
  std::string outcome;  ///< `a record`, or why there is none
  bool record = false;
  std::vector<ExplainedField> fields;
};

struct Explanation {
  std::vector<ExplainedField> trigger;  ///< its condition, if it has one
  std::vector<ExplainedAction> actions;
};

/// The bench is one of a pipeline; `registry` knows its connectors.
Explanation explain(Bench& bench, const config::Config& config, const plugin::Registry& registry);

/// {"trigger": [field], "actions": [{"action", "outcome", "fields": [{"field", "line", "expression"?,
/// "value"?, "type", "why"?, "reads": [{"path", "type", "value"?}]}]}]}
std::string render_json(const Explanation& explanation);

}  // namespace tenon::trial
