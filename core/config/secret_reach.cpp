#include "config/secret_reach.hpp"

#include <map>
#include <string>

#include "config/fields.hpp"
#include "config/interpolate.hpp"

namespace tenon::config {
namespace {

/// A secret setting, and the file that it stands in.
struct Owner {
  std::string path;
  const Report* report = nullptr;
};

class SecretReach {
 public:
  SecretReach(const Connections& connections, Report& report) : report_(report) {
    for (const auto& [name, connection] : connections) {
      for (const VariableUse& use : connection.variables)
        if (use.secret) owners_.emplace(use.name, Owner{use.path, connection.report});
    }
  }

  void check_settings(const Connection& connection) {
    for (const VariableUse& use : connection.variables) {
      const auto owner = owners_.find(use.name);
      if (use.secret || owner == owners_.end()) continue;
      // Both in one file of `use:`: told when that file was read.
      if (connection.report != &report_ && connection.report == owner->second.report) continue;
      tell(*connection.report, use.at, use.path, use.shown, owner->second, "logs and `$connection`");
    }
  }

  void check_vars(const Node& node, const std::string& path) {
    for (std::size_t i = 0; i < node.items.size(); ++i) check_vars(node.items[i], join(path, i));
    for (const auto& [key, value] : node.members) check_vars(value, join(path, key.text));
    if (!node.is_text()) return;
    for (const VariableAt& found : variables_in(node)) {
      const auto owner = owners_.find(found.name);
      if (owner != owners_.end())
        tell(report_, node.span(found.offset, found.length), path, found.shown, owner->second, "mappings");
    }
  }

 private:
  static void tell(Report& report, Span at, const std::string& path, const std::string& shown,
                   const Owner& owner, const std::string& who) {
    const bool elsewhere = owner.report != nullptr && owner.report != &report;
    report.error(at, "secret",
                 path + ": " + shown + " is the secret of " + owner.path +
                     (elsewhere ? " in " + owner.report->source().name() : "") + ", and " + who +
                     " would see it here");
  }

  Report& report_;
  std::map<std::string, Owner> owners_;  ///< variable to the first secret setting that it fills
};

}  // namespace

void check_secret_reach(const Node& root, const Connections& connections, Report& report) {
  SecretReach reach(connections, report);
  for (const auto& [name, connection] : connections) reach.check_settings(connection);
  if (const Node* vars = root.find("vars")) reach.check_vars(*vars, "vars");
}

}  // namespace tenon::config
