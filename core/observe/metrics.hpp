// Metrics: named counters of the process, each with at most one label.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::metrics {

/// Lives as long as the process. From any thread.
class Counter {
 public:
  void add(std::uint64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

/// The counter of that name and label, made when first asked for. From any thread; takes a lock, so hot paths
/// keep the reference. Past 1,000 pairs new labels of a name share the label `other`: a remote cannot fill
/// the memory.
Counter& counter(std::string_view name, std::string_view label = {});

/// One lookup and one addition.
inline void count(std::string_view name, std::string_view label = {}, std::uint64_t by = 1) {
  counter(name, label).add(by);
}

struct Sample {
  std::string name;
  std::string label;  ///< empty: none
  std::uint64_t value = 0;
};
/// All counters, by name and label. From any thread.
std::vector<Sample> snapshot();

}  // namespace tenon::metrics
