#include "trial/coverage.hpp"

#include <algorithm>

namespace tenon::trial {

void Coverage::begins(const mapping::Expression& expression, const std::string&, mapping::SourcePosition) {
  reached_.insert(&expression.program());
}

void Coverage::evaluated(const mapping::jsonata::Node& node, Value) { reached_.insert(&node); }

std::vector<CoveredPart> Coverage::parts(const config::Pipeline& pipeline) const {
  std::vector<CoveredPart> out;
  const auto add = [&](const mapping::Template& tree, const std::string& path) {
    for (const mapping::Template::Use& use : tree.expressions()) {
      const int line = static_cast<int>(use.position.line);
      const std::string field = use.field.empty() ? path : path + "." + use.field;
      out.push_back({line, field, "", reached_.contains(&use.expression.program())});
      for (const mapping::Part& part : mapping::branches_of(use.expression)) {
        const std::string text(use.expression.text().substr(part.offset, part.length));
        out.push_back(
            {line, field, std::string(part.what) + " `" + text + "`", reached_.contains(part.node)});
      }
    }
  };
  if (pipeline.when) add(pipeline.when->tree, "trigger.when");
  for (const config::Let& let : pipeline.lets) add(let.value, "let." + let.name);
  for (const config::Action& action : pipeline.actions) {
    const bool alone = pipeline.actions.size() == 1 && action.name == "main";
    if (action.when) add(action.when->tree, (alone ? "action" : "actions." + action.name) + ".when");
    add(action.mapping, alone ? "mapping" : "actions." + action.name + ".mapping");
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const CoveredPart& a, const CoveredPart& b) { return a.line < b.line; });
  return out;
}

int percent(const std::vector<CoveredPart>& parts) {
  if (parts.empty()) return 100;
  const auto reached =
      std::count_if(parts.begin(), parts.end(), [](const auto& part) { return part.reached; });
  return static_cast<int>(reached * 100 / static_cast<std::ptrdiff_t>(parts.size()));
}

}  // namespace tenon::trial
