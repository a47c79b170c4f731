// The JSON of the admin API; docs/admin-api.md describes it.
#pragma once

#include <string>
#include <vector>

#include "journal/journal.hpp"

namespace tenon::admin {

/// `next_before` is what to ask for the next page by; left out where there is none.
std::string events_json(const std::vector<journal::EventRow>& rows, std::uint32_t limit);
std::string event_json(const journal::EventDetail& detail);

struct StatusView {
  std::string version;
  bool ready = false;
  journal::Counts counts;
  std::optional<std::size_t> open_calls;
};
/// With a snapshot of all counters.
std::string status_json(const StatusView& view);

}  // namespace tenon::admin
