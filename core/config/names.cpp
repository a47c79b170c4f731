#include "config/names.hpp"

#include <algorithm>
#include <optional>

#include "config/fields.hpp"

namespace tenon::config {
namespace {

using Schemas = std::vector<const Schema*>;

const std::vector<std::string> kEventFields = {"id",   "type",        "key",   "keys", "version",
                                               "time", "received_at", "class", "data", "connection"};

/// What an array of a type holds, since paths go through arrays.
const Schema* element_of(const Schema* schema) {
  while (schema != nullptr && schema->types.array && schema->items) schema = schema->items.get();
  return schema;
}

class UseChecker {
 public:
  UseChecker(const Node& text, const Scope& scope, const Names& names, const std::string& path,
             Report& report)
      : text_(text), scope_(scope), names_(names), path_(path), report_(report) {}

  void check(const mapping::RootUse& use) {
    use_ = &use;
    const std::string& root = use.path.front();
    if (root == "event" && in_scope(root)) return event();
    if (in_scope(root)) {
      const auto answer = names_.answers.find(root);
      if (answer == names_.answers.end() || answer->second == nullptr) return;
      return fields({answer->second}, 1);
    }
    if (scope_.unknown) return;
    if (!use.variable) return unknown_root();
    if (names_.lets.contains(root)) return;
    if (root == "vars") return members(names_.vars);
    if (root == "tables") return tables();
    if (root == "results") return results();
    if (root == "connections") return connections();
    if (root == "connection" && names_.trigger != nullptr) settings(*names_.trigger, 1);
  }

 private:
  bool in_scope(const std::string& root) const {
    return std::find(scope_.roots.begin(), scope_.roots.end(), root) != scope_.roots.end();
  }

  /// The path as written up to step `last`, for messages.
  std::string shown(std::size_t last) const {
    std::string out = use_->variable ? "$" : "";
    for (std::size_t i = 0; i <= last; ++i) out += (i > 0 ? "." : "") + use_->path[i];
    return out;
  }

  void error(std::string code, const std::string& message) {
    report_.error(text_.span(use_->offset, use_->length), std::move(code), path_ + ": " + message);
  }

  void no_field(std::size_t step, const std::vector<std::string>& known) {
    error("unknown_field",
          shown(step - 1) + " has no field `" + use_->path[step] + "`" + suggestion(use_->path[step], known));
  }

  void unknown_root() {
    const std::string& root = use_->path.front();
    std::string hint = suggestion(root, scope_.roots);
    const bool variable = root == "vars" || root == "connection" || root == "connections" ||
                          root == "tables" || root == "results" || names_.lets.contains(root);
    if (variable) {
      hint = "; it is a variable: `$" + root + "`";
    } else if (hint.empty()) {
      hint = "; known here:";
      for (const std::string& known : scope_.roots) hint += " `" + known + "`";
    }
    error("unknown_root", "there is no `" + root + "` here" + hint);
  }

  void event() {
    if (use_->path.size() < 2) return;
    const std::string& field = use_->path[1];
    if (std::find(kEventFields.begin(), kEventFields.end(), field) == kEventFields.end()) {
      return no_field(1, kEventFields);
    }
    if (names_.trigger == nullptr || names_.trigger->manifest == nullptr || names_.events.empty() ||
        use_->path.size() < 3)
      return;
    Schemas data;
    std::vector<std::string> keys;
    for (const std::string& name : names_.events) {
      const plugin::EventType* type = names_.trigger->manifest->event(name);
      if (type == nullptr) return;
      data.push_back(type->schema.get());
      keys.insert(keys.end(), type->keys.begin(), type->keys.end());
    }
    if (field == "data") fields(std::move(data), 2);
    if (field == "keys" && std::find(keys.begin(), keys.end(), use_->path[2]) == keys.end())
      no_field(2, keys);
  }

  /// Follows the path from `step` on through schemas of which any may hold. Unknown in a closed schema is an
  /// error, in an open one a warning if it looks like a slip.
  void fields(Schemas schemas, std::size_t step) {
    for (; step < use_->path.size(); ++step) {
      Schemas next;
      std::vector<std::string> known;
      bool open = false;
      for (const Schema* schema : schemas) {
        schema = element_of(schema);
        if (schema == nullptr) return;
        for (const auto& [name, property] : schema->properties) known.push_back(name);
        open = open || schema->additional_properties;
        if (const Schema* property = schema->property(use_->path[step])) next.push_back(property);
      }
      if (next.empty()) return unknown_field(step, known, open);
      schemas = std::move(next);
    }
  }

  void unknown_field(std::size_t step, const std::vector<std::string>& known, bool open) {
    if (!open) return no_field(step, known);
    const std::string hint = suggestion(use_->path[step], known);
    if (hint.empty()) return;
    report_.warning(text_.span(use_->offset, use_->length), "unknown_field",
                    path_ + ": " + shown(step - 1) + " has no field `" + use_->path[step] +
                        "` that the connector knows" + hint);
  }

  /// The step behind the first against an object that is known whole.
  void members(Value object, std::size_t step = 1) {
    if (use_->path.size() <= step || !object.is_object()) return;
    std::vector<std::string> known;
    for (const Member& member : object.members()) known.emplace_back(member.name);
    if (std::find(known.begin(), known.end(), use_->path[step]) == known.end()) no_field(step, known);
  }

  void tables() {
    const std::size_t before = report_.errors();
    members(names_.tables);
    if (report_.errors() == before && use_->path.size() > 2) members(names_.tables.get(use_->path[1]), 2);
  }

  void results() {
    if (use_->path.size() < 2) return;
    const std::string& action = use_->path[1];
    const auto in = [&](const std::vector<std::string>& list) {
      return std::find(list.begin(), list.end(), action) != list.end();
    };
    if (!in(names_.actions)) return no_field(1, names_.actions);
    if (!in(scope_.results)) {
      return error("not_needed",
                   "`$results." + action + "` is there for an action with `needs: [" + action + "]` only");
    }
    if (use_->path.size() > 2 && use_->path[2] != "id") no_field(2, {"id"});
  }

  void connections() {
    if (use_->path.size() < 2 || names_.connections == nullptr) return;
    const auto found = names_.connections->find(use_->path[1]);
    if (found != names_.connections->end()) return settings(found->second, 2);
    std::vector<std::string> known;
    for (const auto& [name, connection] : *names_.connections) known.push_back(name);
    no_field(1, known);
  }

  void settings(const Connection& connection, std::size_t step) {
    if (connection.manifest == nullptr || use_->path.size() <= step) return;
    const Schema& schema = *connection.manifest->settings;
    const Schema* property = schema.property(use_->path[step]);
    if (property == nullptr) {
      std::vector<std::string> known;
      for (const auto& [name, setting] : schema.properties) {
        if (!setting->secret) known.push_back(name);
      }
      return no_field(step, known);
    }
    if (property->secret) error("secret", shown(step) + " is a secret: expressions never see those");
  }

  const Node& text_;
  const Scope& scope_;
  const Names& names_;
  const std::string& path_;
  Report& report_;
  const mapping::RootUse* use_ = nullptr;
};

}  // namespace

bool Scope::has(const LetNames& let) const { return lacks(let).empty(); }

std::string Scope::lacks(const LetNames& let) const {
  for (const std::string& fetch : let.fetches) {
    if (std::find(roots.begin(), roots.end(), fetch) == roots.end()) return fetch;
  }
  return {};
}

mapping::ParseOptions Scope::options(const Names& names) const {
  mapping::ParseOptions options;
  options.variables = roots;
  options.any_variable = unknown;
  for (const char* name : {"vars", "tables", "connection", "connections"})
    options.variables.emplace_back(name);
  if (!results.empty()) options.variables.emplace_back("results");
  for (const auto& [name, let] : names.lets) {
    if (has(let)) options.variables.push_back(name);
  }
  if (item) {
    options.variables.emplace_back("item");
    options.variables.emplace_back("index");
  }
  return options;
}

void check_uses(const mapping::Expression& expression, const Node& text, const Scope& scope,
                const Names& names, const std::string& path, Report& report) {
  UseChecker checker(text, scope, names, path, report);
  for (const mapping::RootUse& use : expression.uses()) checker.check(use);
}

}  // namespace tenon::config
