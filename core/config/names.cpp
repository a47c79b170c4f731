#include "config/names.hpp"

#include <algorithm>
#include <utility>

namespace tenon::config {
namespace {

namespace check = mapping::check;
using check::Type;
using Fields = std::vector<std::pair<std::string, Type>>;

Type text_type(std::string format = {}) {
  Type made = check::of_kinds(check::kString);
  made.format = std::move(format);
  return made;
}

Type one_of(const std::vector<std::string>& words) {
  Type made = text_type();
  for (const std::string& word : words) made.values.push_back("\"" + word + "\"");
  return made;
}

/// `event.keys`: texts; one that only some of the events have may be missing.
Type keys_type(const std::vector<const plugin::EventType*>& events) {
  Type all;
  for (const plugin::EventType* event : events) {
    Fields fields;
    for (const std::string& key : event->keys) fields.emplace_back(key, text_type());
    Type one = check::of_fields(std::move(fields));
    all = all.known() ? check::join(all, one) : std::move(one);
  }
  return all;
}

Type data_type(const std::vector<const plugin::EventType*>& events) {
  Type all;
  for (const plugin::EventType* event : events) {
    if (event->schema == nullptr) return {};
    Type one = check::of_schema(*event->schema);
    if (!one.known()) return {};
    all = all.known() ? check::join(all, one) : std::move(one);
  }
  return all;
}

Type event_type(const Names& names) {
  std::vector<const plugin::EventType*> events;
  if (names.trigger != nullptr && names.trigger->manifest != nullptr) {
    for (const std::string& name : names.events) {
      if (const plugin::EventType* event = names.trigger->manifest->event(name)) events.push_back(event);
    }
  }
  Fields fields = {{"id", text_type()},
                   {"type", names.events.empty() ? text_type() : one_of(names.events)},
                   {"key", text_type()},
                   {"keys", keys_type(events)},
                   {"version", check::or_missing(text_type(), "event.version")},
                   {"time", check::or_missing(text_type("date-time"), "event.time")},
                   {"received_at", text_type("date-time")},
                   {"class", one_of({"live", "retry", "replay", "reconcile"})},
                   {"data", data_type(events)},
                   {"connection", text_type()}};
  return check::of_fields(std::move(fields));
}

Type settings_type(const Connection* connection) {
  if (connection == nullptr || connection->manifest == nullptr) return {};
  return check::of_schema(*connection->manifest->settings);
}

Type connections_type(const Names& names) {
  if (names.connections == nullptr) return {};
  Fields fields;
  for (const auto& [name, connection] : *names.connections)
    fields.emplace_back(name, settings_type(&connection));
  return check::of_fields(std::move(fields));
}

/// Values may come from the environment: only their kinds are known.
Type constants_type(Value object) { return object.is_object() ? check::of_value(object, false) : Type(); }

Type results_type(const Scope& scope) {
  Fields fields;
  for (const std::string& action : scope.results)
    fields.emplace_back(action, check::of_fields({{"id", text_type()}}));
  return check::of_fields(std::move(fields));
}

Type root_type(const std::string& root, const Names& names) {
  if (root == "event") return event_type(names);
  const auto answer = names.answers.find(root);
  if (answer == names.answers.end() || answer->second == nullptr) return {};
  Type one = check::of_schema(*answer->second);
  return names.lists.contains(root) ? check::of_items(std::move(one)) : one;
}

/// Text outside of `${{ }}`; `$${` is a literal `${`.
Type literal_text(std::string_view written) {
  std::string text;
  for (std::size_t i = 0; i < written.size(); ++i) {
    if (written.substr(i).starts_with("$${")) ++i;
    text += written[i];
  }
  return check::of_value(Value::string(text), true);
}

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
  if (answer) {
    options.variables.emplace_back("response");
    options.variables.emplace_back("request");
  }
  if (item) {
    options.variables.emplace_back("item");
    options.variables.emplace_back("index");
  }
  return options;
}

check::World world_of(const Scope& scope, const Names& names) {
  check::World world;
  world.anything = scope.unknown;
  for (const std::string& root : scope.roots) world.roots.emplace_back(root, root_type(root, names));
  for (const auto& [fetch, answer] : names.answers) {
    if (std::find(scope.roots.begin(), scope.roots.end(), fetch) == scope.roots.end())
      world.absent[fetch] = "`" + fetch + "` is not there yet: it is fetched later";
  }
  world.variables["vars"] = constants_type(names.vars);
  world.variables["tables"] = constants_type(names.tables);
  world.variables["connections"] = connections_type(names);
  world.variables["connection"] = settings_type(names.trigger);
  if (!scope.results.empty()) {
    world.variables["results"] = results_type(scope);
    for (const std::string& action : names.actions) {
      if (std::find(scope.results.begin(), scope.results.end(), action) == scope.results.end()) {
        world.absent["$results." + action] =
            "`$results." + action + "` is there for an action with `needs: [" + action + "]` only";
      }
    }
  }
  for (const auto& [name, let] : names.lets) {
    if (scope.has(let)) world.variables[name] = let.type;
  }
  if (scope.answer) {
    Type status = check::of_kinds(check::kNumber);
    status.integer = true;
    world.variables["response"] = check::of_fields(
        {{"status", std::move(status)}, {"headers", Type()}, {"json", Type()}, {"text", text_type()}});
    world.variables["request"] = check::of_fields({{"method", text_type()}, {"url", text_type()}});
  }
  if (scope.item) {
    world.variables["item"] = scope.item_type;
    Type index = check::of_kinds(check::kNumber);
    index.integer = true;
    world.variables["index"] = index;
  }
  return world;
}

TextType check_text(const Node& node, bool whole, const Scope& scope, const Names& names,
                    const std::string& path, Report& report) {
  TextType made;
  const check::World world = world_of(scope, names);
  const mapping::ParseOptions options = scope.options(names);
  const std::string_view text = node.text;
  Type all = literal_text("");
  check::Kinds missing = 0;
  std::string maybe;
  std::size_t end = 0;
  std::size_t literal = 0;
  for (auto at = text.find("${{"); at != std::string_view::npos; at = text.find("${{", end)) {
    end = at + 3;
    if (at > 0 && text[at - 1] == '$') continue;
    all = check::appended(all, literal_text(text.substr(literal, at - literal)));
    check::Inferred inferred = check::infer_embedded(text, at + 3, options, world, end);
    for (check::Finding& finding : inferred.findings) {
      const Span place = node.span(finding.offset, std::max<std::size_t>(1, finding.length));
      const std::string message = path + ": " + finding.message;
      if (finding.error) {
        report.error(place, std::move(finding.code), message);
      } else {
        report.warning(place, std::move(finding.code), message);
      }
    }
    made.reads.merge(inferred.reads);
    made.blanks.insert(made.blanks.end(), inferred.blanks.begin(), inferred.blanks.end());
    if (!whole && inferred.type.only(check::kObject | check::kMissing)) {
      report.warning(node.span(at, end - at), "object_in_text",
                     path + ": an object becomes its JSON text here: name one of its fields");
    }
    if (whole) {
      made.type = std::move(inferred.type);
    } else {
      if (inferred.type.may_be(check::kMissing | check::kNull)) {
        missing = check::kMissing;
        if (maybe.empty()) maybe = inferred.type.maybe;
      }
      // A part that is missing makes the whole missing: of the text it is there.
      Type part = std::move(inferred.type);
      part.kinds = part.present();
      all = check::appended(all, check::as_text(part));
    }
    literal = end;
  }
  if (whole) return made;
  all = check::appended(all, literal_text(text.substr(std::min(literal, text.size()))));
  made.type = missing != 0 ? check::or_missing(std::move(all), maybe) : std::move(all);
  return made;
}

}  // namespace tenon::config
