#include "mapping/jsonata/functions.hpp"

#include <algorithm>
#include <unordered_map>

#include "mapping/jsonata/expression.hpp"

namespace tenon::mapping {
namespace jsonata {
namespace {

struct Table {
  std::unordered_map<std::string_view, const Builtin*> by_name;
  std::unordered_map<const Builtin*, Signature> signatures;

  Table() {
    for (const auto functions :
         {string_functions(), text_functions(), number_functions(), array_functions(), object_functions(),
          higher_functions(), picture_functions(), time_functions(), decimal_functions(), moment_functions(),
          tenon_functions()}) {
      for (const Builtin& builtin : functions) {
        by_name.emplace(builtin.name, &builtin);
        if (!builtin.types.empty()) signatures[&builtin].parse(builtin.types);
      }
    }
  }
};

const Table& table() {
  static const Table made;
  return made;
}

}  // namespace

const Builtin* find_builtin(std::string_view name) {
  const auto found = table().by_name.find(name);
  return found == table().by_name.end() ? nullptr : found->second;
}

const Signature* signature_of(const Builtin& builtin) {
  const auto found = table().signatures.find(&builtin);
  return found == table().signatures.end() ? nullptr : &found->second;
}

}  // namespace jsonata

std::vector<std::string> function_names() {
  std::vector<std::string> names;
  for (const auto& [name, builtin] : jsonata::table().by_name) names.push_back("$" + std::string(name));
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace tenon::mapping
