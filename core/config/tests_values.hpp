// TestValues: single values under `tests:`, read with an error that names what was expected.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/fields.hpp"
#include "config/node.hpp"
#include "config/report.hpp"
#include "config/tests.hpp"

namespace tenon::config {

/// "found `x`" for texts, else the kind.
std::string found_text(const Node& node);

/// Each reads one value; if it is another, the report says so and nothing is returned.
class TestValues {
 public:
  explicit TestValues(Report& report) : report_(report) {}
  Position place(const Node& node) const;
  /// An HTTP status from 200 to 599.
  std::optional<int> status(const Node& node, const std::string& path);
  std::optional<Placed<std::string>> word(const Node& node, const std::string& path,
                                          const std::vector<std::string>& words);
  /// `7s`, or `7s..9s`, in milliseconds.
  std::optional<Placed<Range>> durations(const Node& node, const std::string& path);
  /// `1`, or `1..3`.
  std::optional<Placed<Range>> count(const Node& node, const std::string& path);
  /// A time of ISO 8601, in milliseconds of the Unix epoch.
  std::optional<std::int64_t> time(const Node& node, const std::string& path);
  /// Reports what is no method and path of a request, `PUT /api/customers/*`.
  void check_request(const Node& node, const std::string& path);

 private:
  Report& report_;
};

}  // namespace tenon::config
