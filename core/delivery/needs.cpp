#include "delivery/needs.hpp"

#include <algorithm>

namespace tenon::delivery {
namespace {

template <class Pairs>
auto find(const Pairs& pairs, const std::string& name) {
  return std::find_if(pairs.begin(), pairs.end(), [&](const auto& each) { return each.first == name; });
}

}  // namespace

Needs needs_of(const config::Action& action, const journal::Waiting& waiting, std::string& which) {
  Needs needs = Needs::met;
  for (const std::string& name : action.needs) {
    const auto end = find(waiting.ended_actions, name);
    if (end == waiting.ended_actions.end()) {
      needs = Needs::waits;
      continue;
    }
    const bool written = find(waiting.written, name) != waiting.written.end();
    if (end->second == End::delivered || written) continue;
    which = name + ", which ended " + std::string(name_of(end->second));
    return Needs::dead;
  }
  return needs;
}

std::vector<std::pair<std::string, std::string>> results_for(const config::Action& action,
                                                             const journal::Waiting& waiting) {
  std::vector<std::pair<std::string, std::string>> results;
  for (const std::string& name : action.needs) {
    const auto written = find(waiting.written, name);
    results.emplace_back(name, written == waiting.written.end() ? "" : written->second);
  }
  return results;
}

}  // namespace tenon::delivery
