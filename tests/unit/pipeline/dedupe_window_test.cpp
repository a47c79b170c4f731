// What `tenon check` says of the dedupe window is what the journal does.
#include <gtest/gtest.h>

#include "config/trigger_reader.hpp"
#include "journal/journal.hpp"

namespace tenon {
namespace {

TEST(DedupeWindow, IsTheJournals) {
  EXPECT_EQ(static_cast<std::uint64_t>(journal::Options{}.dedupe_keep_ms), config::kDedupeWindowMs);
}

}  // namespace
}  // namespace tenon
