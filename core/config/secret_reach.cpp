#include "config/secret_reach.hpp"

#include <map>
#include <string>

#include "config/fields.hpp"

namespace tenon::config {
namespace {

/// Calls `see` for each NAME of `${NAME}` or `${NAME:-…}`.
template <class See>
void each_variable(const std::string& text, const See& see) {
  for (auto at = text.find("${"); at != std::string::npos; at = text.find("${", at + 2)) {
    if (at > 0 && text[at - 1] == '$') continue;
    const auto end = text.find_first_of(":}", at + 2);
    if (end != std::string::npos && text[at + 2] != '{') see(text.substr(at + 2, end - at - 2), at);
  }
}

class SecretReach {
 public:
  explicit SecretReach(Report& report) : report_(report) {}

  void collect(const Node& connection, const Connection& known, const std::string& path) {
    for (const auto& [key, value] : connection.members) {
      const Schema* setting = known.manifest->settings->property(key.text);
      if (setting == nullptr || !setting->secret || !value.is_text()) continue;
      each_variable(value.text, [&, &key = key](const std::string& name, std::size_t) {
        owners_.emplace(name, join(path, key.text));
      });
    }
  }

  void check_settings(const Node& connection, const Connection& known, const std::string& path) {
    for (const auto& [key, value] : connection.members) {
      const Schema* setting = known.manifest->settings->property(key.text);
      if (setting != nullptr && !setting->secret)
        check(value, join(path, key.text), "logs and `$connection`");
    }
  }

  void check(const Node& node, const std::string& path, const std::string& who) {
    for (std::size_t i = 0; i < node.items.size(); ++i) check(node.items[i], join(path, i), who);
    for (const auto& [key, value] : node.members) check(value, join(path, key.text), who);
    if (!node.is_text()) return;
    each_variable(node.text, [&](const std::string& name, std::size_t at) {
      const auto owner = owners_.find(name);
      if (owner == owners_.end()) return;
      report_.error(node.span(at, name.size() + 3), "secret",
                    path + ": ${" + name + "} is the secret of " + owner->second + ", and " + who +
                        " would see it here");
    });
  }

 private:
  Report& report_;
  std::map<std::string, std::string> owners_;  ///< variable to the first secret setting that it fills
};

}  // namespace

void check_secret_reach(const Node& root, const Connections& connections, Report& report) {
  const Node* section = root.find("connections");
  if (section == nullptr || !section->is_map()) return;
  SecretReach reach(report);
  const auto each = [&](const auto& see) {
    for (const auto& [key, value] : section->members) {
      const auto known = connections.find(key.text);
      if (known == connections.end() || known->second.manifest == nullptr || !value.is_map()) continue;
      see(value, known->second, join("connections", key.text));
    }
  };
  each([&](const Node& node, const Connection& known, const std::string& path) {
    reach.collect(node, known, path);
  });
  each([&](const Node& node, const Connection& known, const std::string& path) {
    reach.check_settings(node, known, path);
  });
  if (const Node* vars = root.find("vars")) reach.check(*vars, "vars", "mappings");
}

}  // namespace tenon::config
