#include "app/replay_range.hpp"

#include <ctime>
#include <filesystem>

#include "app/cells.hpp"
#include "app/cli/output.hpp"
#include "app/event_view.hpp"
#include "app/host_client.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "runtime/local_client.hpp"

namespace tenon::app {
namespace {

std::uint64_t number_of(Value value) {
  return value.is_number() ? static_cast<std::uint64_t>(value.as_double()) : 0;
}

std::string events_text(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " event" : " events");
}

/// Into `range`; an error has been told already where this gives false.
bool read_times(const ReplayOptions& options, ReplayRange& range, int& code) {
  const auto from = moment(options.from);
  const auto to = options.to.empty() ? Result<std::int64_t>(runtime::wall_now_ms()) : moment(options.to);
  for (const auto& [name, time] : {std::pair{"--from", &from}, std::pair{"--to", &to}}) {
    if (*time) continue;
    code = output().fail("bad_argument", std::string(name) + ": " + time->error().message, kExitBadInput);
    return false;
  }
  range.from_ms = *from;
  range.to_ms = *to;
  if (*from < *to) return true;
  code =
      output().fail("bad_argument",
                    "--from " + utc(*from) + " is not before " +
                        (options.to.empty() ? "now, which is --to where none is given" : "--to " + utc(*to)),
                    kExitBadInput);
  return false;
}

/// Of a pipeline that the host runs.
bool find_pipeline(const ReplayOptions& options, ReplayRange& range, int& code) {
  const auto status = ask_host(options.data, "/v1/status");
  if (!status) {
    code = output().fail(status.error());
    return false;
  }
  if (!status->root.get("host_runs").as_boolean()) {
    code = output().fail("no_host",
                         "no host runs in " + options.data +
                             ": it is what runs events again, and what knows the pipeline as it is loaded",
                         kExitFailure);
    return false;
  }
  std::vector<std::string> names;
  for (const Value each : status->root.get("pipelines").items()) {
    const std::string state = cell(each.get("state"));
    if (state == "not_defined") continue;
    names.push_back(cell(each.get("name")));
    if (names.back() == options.pipeline) range.state = state;
  }
  if (!range.state.empty()) return true;
  std::error_code ignored;
  const auto near = nearest(options.pipeline, names);
  std::string why = "the host runs no pipeline called " + options.pipeline;
  if (near) {
    why += "; did you mean `" + *near + "`?";
  } else if (std::filesystem::exists(options.pipeline, ignored)) {
    why += ": give the pipeline's name, not its file; `tenon status` lists them";
  }
  code = output().fail("not_found", why, kExitFailure);
  return false;
}

}  // namespace

std::string utc(std::int64_t ms) {
  const auto seconds = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::optional<ReplayRange> find_range(const ReplayOptions& options, int& code) {
  ReplayRange range;
  range.pipeline = options.pipeline;
  if (!read_times(options, range, code) || !find_pipeline(options, range, code)) return std::nullopt;
  const auto found = ask_host(options.data, "/v1/replay?pipeline=" + percent_encode(options.pipeline) +
                                                "&since=" + std::to_string(range.from_ms) +
                                                "&until=" + std::to_string(range.to_ms));
  if (!found) {
    code = output().fail(found.error());
    return std::nullopt;
  }
  range.events = number_of(found->root.get("events"));
  range.open = number_of(found->root.get("open"));
  range.gone = number_of(found->root.get("gone"));
  range.first = cell(found->root.get("first"));
  range.last = cell(found->root.get("last"));
  if (range.gone > 0)
    output().warning("up to " + events_text(range.gone) +
                     " of that time, of all pipelines, are gone from the journal (retention, forget): "
                     "they cannot be run again");
  if (range.open > 0)
    output().note(events_text(range.open) + " of that time " + (range.open == 1 ? "has" : "have") +
                  " not ended and " + (range.open == 1 ? "runs" : "run") + " anyhow");
  if (range.events > 0) return range;
  code = output().fail("no_events",
                       "no event of " + options.pipeline + " that has ended was received from " +
                           utc(range.from_ms) + " to " + utc(range.to_ms),
                       kExitFailure);
  return std::nullopt;
}

ReplayPages::ReplayPages(const ReplayOptions& options, const ReplayRange& range, std::uint32_t limit)
    : data_(options.data),
      asked_("/v1/events?pipeline=" + percent_encode(range.pipeline) +
             "&since=" + std::to_string(range.from_ms) + "&until=" + std::to_string(range.to_ms) +
             "&order=oldest&limit=" + std::to_string(limit) +
             "&before=" + std::to_string(std::stoull(range.last) + 1)),
      after_(std::to_string(std::stoull(range.first) - 1)) {}

Result<std::vector<std::string>> ReplayPages::next() {
  TENON_TRY(const Document page, ask_host(data_, asked_ + "&after=" + after_));
  std::vector<std::string> seqs;
  for (const Value event : page.root.get("events").items()) {
    // One that waits has no end to be taken back, and runs anyhow.
    if (event.get("ended_ms").is_number()) seqs.push_back(cell(event.get("seq")));
  }
  after_ = cell(page.root.get("next_after"));
  return seqs;
}

}  // namespace tenon::app
