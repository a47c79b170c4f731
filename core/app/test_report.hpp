// What `tenon test` shows to people.
#pragma once

#include <string>
#include <vector>

#include "app/cli/terminal.hpp"
#include "trial/run.hpp"

namespace tenon::app {

/// A line for each test; below a failed one its differences, expected in red, found in green. Then the
/// coverage of each pipeline and the totals.
std::string render_tests(const std::vector<trial::PipelineReport>& reports, const Screen& screen);

/// A block for each sample: its end and its records.
std::string render_samples(const std::vector<trial::SampleReport>& reports, const Screen& screen);

}  // namespace tenon::app
