// Event: what a source sent, as it travels from ingress to its end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon {

/// Why the event runs now; decides between lanes when budgets are short.
enum class EventClass : std::uint8_t { live, retry, replay, reconcile };
std::string_view name_of(EventClass value);
std::optional<EventClass> event_class_of(std::string_view name);

/// One thing that happened at a source. Times are milliseconds since the Unix epoch.
struct Event {
  std::string
      id;  ///< the delivery's id (`id#n` for the n-th event of one request), or one derived from the bytes
  std::string connection;  ///< name of the connection it came in by
  std::string type;        ///< one of the manifest's event types
  std::string key;         ///< what orders it: events of one key and pipeline run one after the other
  std::vector<std::pair<std::string, std::string>> keys;  ///< names the object(s) it speaks of
  std::optional<std::string> version;                     ///< of the source object, if the payload carries it
  std::optional<std::int64_t> time_ms;                    ///< when it happened, by the source
  std::string data;                                       ///< the payload, JSON text as sent
  std::int64_t received_ms = 0;
  EventClass event_class = EventClass::live;
  bool thin = false;  ///< carries no state of its own: a refetch is harmless
};

/// How an event, or one action of it, ended. Every event ends in exactly one of these.
enum class End : std::uint8_t { delivered, skipped, superseded, duplicate, rejected, exhausted };
std::string_view name_of(End value);
std::optional<End> end_of(std::string_view name);
/// rejected and exhausted: somebody should look.
constexpr bool is_dead(End end) { return end == End::rejected || end == End::exhausted; }

}  // namespace tenon
