// What `tenon replay` is about: a pipeline of a running host, a range of time, and the events in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace tenon::app {

struct ReplayOptions {
  std::string data = "data";
  std::string pipeline, from, to, with;
  bool dry_run = false, force = false, yes = false;
};

/// What there is to replay.
struct ReplayRange {
  std::string pipeline;
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
  std::string state;  ///< of the pipeline: running, paused, held
  std::uint64_t events = 0, open = 0, gone = 0;
  std::string first, last;  ///< numbers
};

/// Asks the host. nullopt: it was said what is wrong, and `code` is the exit code.
std::optional<ReplayRange> find_range(const ReplayOptions& options, int& code);

/// `2026-01-31T13:00:00Z`.
std::string utc(std::int64_t ms);

/// The ended events of a range, page by page, the oldest first.
class ReplayPages {
 public:
  ReplayPages(const ReplayOptions& options, const ReplayRange& range, std::uint32_t limit);
  /// The numbers of the next page; an empty one may come before the end.
  Result<std::vector<std::string>> next();
  bool at_end() const { return after_.empty(); }

 private:
  std::string data_;
  std::string asked_;
  std::string after_;
};

}  // namespace tenon::app
