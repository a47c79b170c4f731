#include "trial/completion.hpp"

#include <algorithm>
#include <set>

namespace tenon::trial {
namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         (static_cast<unsigned char>(c) & 0x80U) != 0;
}

/// As it stands in an expression.
std::string quoted(std::string_view name) {
  const bool plain = !name.empty() &&
                     std::all_of(name.begin(), name.end(), [](char c) { return is_word(c) && c != '$'; }) &&
                     !(name.front() >= '0' && name.front() <= '9');
  return plain ? std::string(name) : "`" + std::string(name) + "`";
}

/// A place in the document, and in its schema.
struct Place {
  std::vector<Value> values;  ///< several below a list
  const Schema* schema = nullptr;
};

void spread(Value value, std::vector<Value>& out) {
  constexpr std::size_t kMost = 100;
  if (!value.is_array()) return out.push_back(value);
  for (const Value item : value.items().first(std::min(value.size(), kMost))) spread(item, out);
}

const Schema* below_lists(const Schema* schema) {
  while (schema != nullptr && schema->items && schema->properties.empty()) schema = schema->items.get();
  return schema;
}

std::set<std::string> names_in(const Place& place) {
  std::set<std::string> names;
  for (const Value value : place.values) {
    if (!value.is_object()) continue;
    for (const Member& member : value.members()) names.emplace(member.name);
  }
  if (const Schema* schema = below_lists(place.schema)) {
    for (const auto& [name, property] : schema->properties) names.insert(name);
  }
  return names;
}

Place step(const Place& place, const std::string& name) {
  Place next;
  for (const Value value : place.values) {
    const Value member = value.get(name);
    if (!member.is_missing()) spread(member, next.values);
  }
  if (const Schema* schema = below_lists(place.schema)) next.schema = schema->property(name);
  return next;
}

/// The steps of the path that ends `text`; the last is the word being written.
std::vector<std::string> path_before(std::string_view text, std::size_t& from) {
  std::size_t at = text.size();
  std::vector<std::string> steps(1);
  std::string word;
  for (; at > 0; --at) {
    const char c = text[at - 1];
    if (c == '`') {
      const auto open = at >= 2 ? text.rfind('`', at - 2) : std::string_view::npos;
      if (open == std::string_view::npos || !word.empty()) break;
      word = text.substr(open + 1, at - 2 - open);
      at = open + 1;
    } else if (c == ']') {
      // A predicate changes which elements there are, not their members.
      const auto open = text.rfind('[', at - 1);
      if (open == std::string_view::npos) break;
      at = open + 1;
    } else if (c == '.') {
      if (steps.size() == 1 && steps[0].empty()) from = at;
      steps[0] = word;
      steps.insert(steps.begin(), "");
      word.clear();
    } else if (is_word(c)) {
      word.insert(word.begin(), c);
    } else {
      break;
    }
  }
  if (steps.size() == 1) from = at;
  steps[0] = word;
  if (steps.size() > 1) from = text.size() - steps.back().size();
  return steps;
}

Place top(const Bench& bench, const std::string& name) {
  Place place;
  const bool variable = name.starts_with('$');
  const std::string plain = variable ? name.substr(1) : name;
  for (const BenchRoot& root : bench.roots()) {
    if (root.name != plain) continue;
    spread(root.value, place.values);
    place.schema = root.schema;
    return place;
  }
  if (!variable) return place;
  for (const auto& [known, value] : bench.variables()) {
    if (known == plain) spread(value, place.values);
  }
  return place;
}

}  // namespace

Completion complete(const Bench& bench, std::string_view text) {
  Completion made;
  const std::vector<std::string> steps = path_before(text, made.from);
  const std::string& word = steps.back();
  std::set<std::string> words;
  const auto add = [&](const std::string& name) {
    if (name.starts_with(word)) words.insert(name);
  };
  if (steps.size() > 1) {
    Place place = top(bench, steps[0]);
    // The schema of a part of a root: `event.data`.
    std::string path = steps[0];
    for (std::size_t i = 1; i + 1 < steps.size(); ++i) {
      place = step(place, steps[i]);
      path += "." + steps[i];
      for (const BenchRoot& root : bench.roots()) {
        if (root.name == path && root.schema != nullptr) place.schema = root.schema;
      }
    }
    for (const std::string& name : names_in(place)) {
      if (name.starts_with(word)) words.insert(quoted(name));
    }
  } else if (word.starts_with('$')) {
    for (const std::string& name : mapping::function_names()) add(name + "(");
    for (const auto& [name, value] : bench.variables()) add("$" + name);
  } else {
    for (const BenchRoot& root : bench.roots()) {
      if (root.name.find('.') == std::string::npos && root.name.starts_with(word))
        words.insert(quoted(root.name));
    }
  }
  made.words.assign(words.begin(), words.end());
  return made;
}

}  // namespace tenon::trial
