// Differences between what a test expects and what came about.
#pragma once

#include <string>
#include <vector>

#include "config/tests.hpp"

namespace tenon::trial {

struct Difference {
  config::Position position;  ///< of the expectation in the file
  std::string path;           ///< `record.lines[0].sku`, `end`, `requests."POST /api/tickets"`
  std::string expected;       ///< for people; values as JSON
  std::string found;
};

/// Every part in which the two differ, the smallest first. `whole`: members that are not expected are
/// differences too. Lists are compared item by item, and whole.
void compare(const config::Literal& expected, Value found, const std::string& path, bool whole,
             std::vector<Difference>& out);

/// The part of a value that a path like `lines[0].sku` names; missing if there is none.
Value part_at(Value value, std::string_view path);

}  // namespace tenon::trial
