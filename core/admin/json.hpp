// The JSON of the admin API; docs/admin-api.md describes it.
#pragma once

#include <string>
#include <vector>

#include "ingress/http_server.hpp"
#include "journal/upkeep.hpp"
#include "pipeline/host.hpp"

namespace tenon::admin {

/// `next_before` (`next_after` where the oldest come first) is what to ask for the next page by; left out
/// where there is none.
std::string events_json(const journal::Listed& listed, bool oldest_first);
/// `done` names those that it was done to.
std::string requeued_json(std::string_view done, const journal::Requeued& requeued);
std::string replayed_json(const journal::Requeued& replayed);
std::string range_json(const journal::Range& range);
std::string forgotten_json(const journal::Forgotten& done);
std::string scrubbed_json(const journal::Scrubbed& done);
std::string groups_json(const std::vector<journal::DeadGroup>& groups);
std::string pipeline_json(const journal::PipelineState& state);
std::string event_json(const journal::EventDetail& detail);

struct StatusView {
  std::string version;
  bool ready = false;
  journal::Counts counts;
  std::optional<std::size_t> open_calls;
  std::optional<ingress::HttpServer::Counts> port;
  journal::Overview overview;
  std::optional<std::int64_t> uptime_ms;
  std::optional<pipeline::Host::View> host;  ///< none: told from the files of a stopped one
};
/// With a snapshot of all counters.
std::string status_json(const StatusView& view);

}  // namespace tenon::admin
