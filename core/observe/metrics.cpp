#include "observe/metrics.hpp"

#include <map>
#include <mutex>
#include <utility>

namespace tenon::metrics {
namespace {

constexpr std::size_t kMostCounters = 1000;

using Key = std::pair<std::string, std::string>;
struct Less {
  using is_transparent = void;
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    const std::string_view first = a.first, second = b.first;
    return first != second ? first < second : std::string_view(a.second) < std::string_view(b.second);
  }
};

struct Table {
  std::mutex mutex;
  std::map<Key, Counter, Less> counters;
};

Table& table() {
  static Table* const made = new Table;  // never destroyed: threads may count while the process ends
  return *made;
}

}  // namespace

Counter& counter(std::string_view name, std::string_view label) {
  Table& all = table();
  const std::lock_guard lock(all.mutex);
  if (const auto found = all.counters.find(std::pair(name, label)); found != all.counters.end())
    return found->second;
  if (all.counters.size() >= kMostCounters) label = "other";
  return all.counters[Key(name, label)];
}

std::vector<Sample> snapshot() {
  Table& all = table();
  const std::lock_guard lock(all.mutex);
  std::vector<Sample> samples;
  for (const auto& [key, value] : all.counters) samples.push_back({key.first, key.second, value.value()});
  return samples;
}

}  // namespace tenon::metrics
