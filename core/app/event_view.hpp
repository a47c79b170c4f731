// Events and dead letters as lists and timelines; shared by `tenon events` and `tenon dead`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/cli/command.hpp"
#include "app/cli/terminal.hpp"
#include "base/result.hpp"

namespace tenon::app {

/// A time in UTC (`2026-01-31T13:00:00Z`, `2026-01-31`) or one so long ago (`90s`, `15m`, `24h`, `7d`), in
/// milliseconds since the Unix epoch. Errors: `bad_argument`.
Result<std::int64_t> moment(const std::string& text);

enum class EventKind : std::uint8_t { event, dead_letter };

struct ListOptions {
  std::string data;
  std::string pipeline, state, key, connection, reason, since, until, after, group_by, where;
  std::uint32_t look = 200'000;
  std::uint32_t limit = 50;
};

struct ShowOptions {
  std::string data;
  std::string id;  ///< number or id
  bool curl = false;
};

/// The colour of a state or an end.
Style state_style(std::string_view state);

/// What narrows the host's lists, as parameters: `pipeline=a&since=5&`. Errors: `bad_argument`.
Result<std::string> filter_of(const ListOptions& options);
/// Tells why a list, or what goes by one, could not be made; gives the exit code.
int fail_list(const Error& error);
int list_events(EventKind kind, const ListOptions& options);
int show_event(EventKind kind, const ShowOptions& options);

/// What narrows a list, --look, --limit, --data and --json.
void add_list_options(Command& command, ListOptions& options);
/// --curl, --data, --json and the number or id.
void add_show_options(Command& command, EventKind kind, ShowOptions& options);

}  // namespace tenon::app
