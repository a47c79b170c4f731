// Reports of tests for programs.
#pragma once

#include <string>
#include <vector>

#include "trial/run.hpp"

namespace tenon::trial {

struct Totals {
  std::size_t passed = 0;
  std::size_t failed = 0;
};
Totals totals_of(const std::vector<PipelineReport>& reports);

/// {"passed", "failed", "pipelines": [{"name", "file", "coverage": {"percent", "missed": [{"line", "field",
/// "what"?}]}?, "tests": [{"name", "file", "line", "passed", "error"?, "unanswered"?, "differences":
/// [{"file", "line", "column", "path", "expected", "found"}]}]}]}
std::string render_json(const std::vector<PipelineReport>& reports);

/// {"failed", "samples": [{"pipeline", "file", "type", "passed", "end", "reason"?, "records": {action:
/// record}}]}
std::string render_json(const std::vector<SampleReport>& reports);

/// JUnit's XML, as continuous integration reads it: a suite for each pipeline.
std::string render_junit(const std::vector<PipelineReport>& reports);

}  // namespace tenon::trial
