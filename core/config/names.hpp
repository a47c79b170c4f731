// Names: what the expressions of a pipeline can know of the world, for checks before anything runs.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/connections.hpp"
#include "mapping/jsonata/expression.hpp"

namespace tenon::config {

/// Filled while the file is read, in the order of the places that see it.
struct Names {
  const Connections* connections = nullptr;
  const Connection* trigger = nullptr;                  ///< null if the file names none that is known
  std::vector<std::string> events;                      ///< types that it triggers on; empty: not known
  std::map<std::string, const plugin::Fetch*> fetches;  ///< by root; null: what it answers is not known
  Value vars;                                           ///< an object; strings that came from ${} included
};

/// What one place sees beside `$vars`, `$connection` and `$connections`.
struct Scope {
  std::vector<std::string> roots;  ///< `event`, fetches; also as variables
  bool item = false;               ///< inside `$item:`
  bool unknown = false;            ///< what there is cannot be told: no name is refused

  mapping::ParseOptions options() const;
};

/// Reports what an expression reads and nobody gives. `text` is the scalar that the offsets count in.
void check_uses(const mapping::Expression& expression, const Node& text, const Scope& scope,
                const Names& names, const std::string& path, Report& report);

}  // namespace tenon::config
