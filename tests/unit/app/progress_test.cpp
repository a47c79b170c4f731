#include "app/cli/progress.hpp"

#include <gtest/gtest.h>

namespace tenon::app {
namespace {

TEST(Progress, TellsShareRateAndTimeLeft) {
  EXPECT_EQ(progress_line("events", 1200, 4800, 2000, 200),
            "events [######------------------] 1,200 of 4,800, 600/s, 6 s left");
  EXPECT_EQ(progress_line("events", 4800, 4800, 2000, 200),
            "events [########################] 4,800 of 4,800, 2,400/s, 0 s left");
  EXPECT_EQ(progress_line("tests", 3, 1000, 60'000, 200),
            "tests [------------------------] 3 of 1,000, 3/min, 6 h left");
  EXPECT_EQ(progress_line("events", 1'000'000, 400'000'000, 1000, 200),
            "events [------------------------] 1,000,000 of 400,000,000, 1,000,000/s, 7 min left");
}

TEST(Progress, WithoutATotalThereIsNoBar) {
  EXPECT_EQ(progress_line("files", 30, 0, 1500, 200), "files 30, 20/s");
  EXPECT_EQ(progress_line("files", 0, 0, 1500, 200), "files 0");
}

TEST(Progress, MoreThanWasExpectedIsAll) {
  EXPECT_EQ(progress_line("events", 20, 10, 1000, 200),
            "events [########################] 20 of 20, 20/s, 0 s left");
}

TEST(Progress, FitsTheTerminal) {
  EXPECT_EQ(progress_line("events", 1200, 4800, 2000, 20), "events [######-----…");
}

}  // namespace
}  // namespace tenon::app
