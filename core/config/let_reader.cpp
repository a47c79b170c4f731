#include "config/let_reader.hpp"

#include <algorithm>

#include "config/scalar.hpp"

namespace tenon::config {
namespace {

// A let is evaluated inside the expression that reads it: each needs native stack.
constexpr std::size_t kMostDepth = 16;

bool check_let_name(const Node& key, const std::string& path, Reading& reading) {
  const std::string& name = key.text;
  std::string fault;
  if (!is_variable_name(name)) {
    fault = "expressions could not name it: use letters, digits and `_`";
  } else if (is_taken_name(name)) {
    fault = "this name means something else in expressions: take another";
  } else if (reading.names.answers.contains(name)) {
    fault = "a fetch is called so, and `$" + name + "` is what it answers: take another";
  } else {
    const std::vector<std::string> functions = mapping::function_names();
    if (std::find(functions.begin(), functions.end(), "$" + name) == functions.end()) return true;
    fault = "`$" + name + "` is a function: take another name";
  }
  reading.report.error(key.at, "bad_name", path + ": " + fault);
  return false;
}

LetNames names_of(const mapping::Template& value, const Names& names) {
  LetNames made;
  const auto reads = [&](const std::string& name, bool variable) {
    if (names.answers.contains(name)) made.fetches.insert(name);
    const auto other = variable ? names.lets.find(name) : names.lets.end();
    if (other == names.lets.end()) return;
    made.lets.insert(name);
    made.lets.insert(other->second.lets.begin(), other->second.lets.end());
    made.fetches.insert(other->second.fetches.begin(), other->second.fetches.end());
    made.depth = std::max(made.depth, other->second.depth + 1);
  };
  for (const mapping::Template::Use& use : value.expressions()) {
    for (const mapping::RootUse& root : use.expression.uses()) reads(root.path.front(), root.variable);
    for (const std::string& variable : use.expression.free_variables()) reads(variable, true);
  }
  return made;
}

}  // namespace

void read_lets(const Node* section, Scope scope, Reading& reading) {
  if (section == nullptr) return;
  if (!section->is_map()) {
    return reading.report.error(section->at, "wrong_type",
                                "let: expected a map of names, found " + found_in(*section));
  }
  for (const auto& [name, answer] : reading.names.answers) scope.roots.push_back(name);
  Names& names = reading.names;
  for (const NodeMember& member : section->members) names.later_lets.push_back(member.key.text);
  for (const auto& [key, value] : section->members) {
    const std::string path = join("let", key.text);
    if (value.is_empty()) {
      reading.report.error(key.at, "no_value", path + ": nothing stands behind this key; leave it out");
    }
    const bool named = check_let_name(key, path, reading);
    Let made{key.text, value.is_empty() ? mapping::Template() : reading.templates.read(value, scope, path),
             reading.report.source().position(key.at.offset)};
    std::erase(names.later_lets, key.text);
    if (!named) continue;
    LetNames known = names_of(made.value, names);
    append_canonical(known.canonical, value);
    known.type = reading.templates.type_of(value);
    if (known.depth > kMostDepth) {
      reading.report.error(key.at, "too_deep",
                           path + ": lets built on lets more than " + std::to_string(kMostDepth) + " deep");
    }
    names.lets.emplace(key.text, std::move(known));
    reading.made.lets.push_back(std::move(made));
  }
}

}  // namespace tenon::config
