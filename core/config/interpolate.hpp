// `${NAME}` and `${NAME:-default}`: the environment, put into scalars after parsing and never scanned again.
#pragma once

#include <string>

#include "config/environment.hpp"
#include "config/node.hpp"

namespace tenon::config {

struct Interpolated {
  std::string text;
  bool from_environment = false;  ///< it holds at least one `${}`
  bool only_variable =
      false;       ///< it is one `${NAME}` or `${NAME:-}` and nothing else: no secret stands in the file
  bool ok = true;  ///< false: reported
};

/// The final text of a scalar under `connections:` or `vars:`. Reports a variable that is not set, or empty
/// without a default, by name; `$${` is a literal `${`; `${{ }}` is refused here. `secret`: no default is
/// advised.
Interpolated interpolate(const Node& scalar, const Environment& environment, Report& report,
                         const std::string& path, bool secret = false);

/// True if the scalar is one `${NAME}` or `${NAME:-}` and nothing else.
bool is_only_variable(const Node& scalar);

/// Reports `${NAME}` in a text where the environment does not reach: outside `${{ }}` and not `$${`.
void refuse_variables(const Node& scalar, Report& report, const std::string& path);

}  // namespace tenon::config
