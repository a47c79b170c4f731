#include "observe/metrics.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace tenon::metrics {
namespace {

std::uint64_t value_of(std::string_view name, std::string_view label) {
  for (const Sample& sample : snapshot()) {
    if (sample.name == name && sample.label == label) return sample.value;
  }
  return 0;
}

TEST(Metrics, CountsFromManyThreads) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int n = 0; n < 1000; ++n) count("test_threads", "a", 2);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(value_of("test_threads", "a"), 8000u);
  EXPECT_EQ(&counter("test_threads", "a"), &counter("test_threads", "a"));
  EXPECT_NE(&counter("test_threads", "a"), &counter("test_threads"));
}

TEST(Metrics, LabelsAreBounded) {
  for (int i = 0; i < 3000; ++i) count("test_labels", std::to_string(i));
  EXPECT_LE(snapshot().size(), 1100u);
  EXPECT_GE(value_of("test_labels", "other"), 1900u);
}

}  // namespace
}  // namespace tenon::metrics
