// `${NAME}`, `${NAME:-default}`, `${file:/path}` and `${cred:NAME}`: put into scalars after parsing and never
// scanned again.
#pragma once

#include <string>
#include <vector>

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

/// Where a scalar stands: variables take no files or credentials, and for a secret no default is advised.
enum class Place : std::uint8_t { vars, setting, secret };

/// The final text of a scalar under `connections:` or `vars:`. Reports a variable that is not set, or empty
/// without a default, by name, and a file or credential that cannot be taken, with why; `$${` is a literal
/// `${`; `${{ }}` is refused here. Credentials are files in the folder that the variable
/// CREDENTIALS_DIRECTORY names, as systemd sets it. Blocks while it reads files.
Interpolated interpolate(const Node& scalar, const Environment& environment, Report& report,
                         const std::string& path, Place place);

/// What the `${…}` in it without a default are called in an Environment, in order. A file or credential has a
/// name that no variable can have: a value under it stands in for what it holds.
std::vector<std::string> variables_without_default(const Node& scalar);

/// One `${…}` in a scalar: what it is called in an Environment, and where it stands.
struct VariableAt {
  std::string name;
  std::size_t offset = 0;
  std::size_t length = 0;
  std::string shown;  ///< as it is written, without a default
};
std::vector<VariableAt> variables_in(const Node& scalar);

/// True if the scalar is one `${NAME}`, `${NAME:-}`, `${file:…}` or `${cred:…}` and nothing else.
bool is_only_variable(const Node& scalar);

/// Reports `${NAME}` in a text where the environment does not reach: outside `${{ }}` and not `$${`.
void refuse_variables(const Node& scalar, Report& report, const std::string& path);

}  // namespace tenon::config
