// The typed pipeline: what the YAML of an author becomes once it is parsed and checked.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/value.hpp"
#include "config/diagnostic.hpp"
#include "mapping/template.hpp"
#include "plugin/connection.hpp"

namespace tenon::config {

/// A condition: one whole expression, so that its value keeps its type. true runs, false skips, anything else
/// is a rejection.
struct When {
  mapping::Template tree;
  std::string text;  ///< as written, for messages
  Position position;
};

/// A named read from the source, after the claim and before the mapping.
struct FetchStep {
  std::string name;             ///< the root that its answer becomes
  std::string fetch;            ///< the manifest's name for it
  mapping::Template arguments;  ///< renders to an object; sees `event` and the answers of the steps before
  Position position;
};

/// One write to a sink.
struct Action {
  std::string
      name;  ///< stable: journal steps and applied versions hang on it; `main` if the file says `action:`
  std::string connection;
  std::string operation;
  std::optional<When> when;
  mapping::Template mapping;
  std::string mapping_digest;  ///< SHA-256 in hex of the definition; comments and layout do not count
  Position position;
};

struct Retry {
  std::int64_t for_ms = std::int64_t{72} * 3'600'000;  ///< from the receiving of the event
  std::optional<std::uint32_t> attempts;               ///< answers, not unreachability
};

/// What an event comes to whose fetched object is gone.
enum class OnGone : std::uint8_t { skip, reject };

/// Immutable once loaded.
struct Pipeline {
  std::string name;
  std::string file;
  std::string trigger_connection;
  std::vector<std::string> events;  ///< types of the trigger's connector
  std::optional<When> when;         ///< sees `event` only
  std::vector<FetchStep> fetches;   ///< in order
  std::vector<Action> actions;      ///< at least one, in the order written
  Retry retry;
  OnGone on_gone = OnGone::skip;
  Document vars;  ///< an object, `$vars`
};

/// Everything that a host runs. Visible settings of a connection (`$connection`) are its spec's `settings`.
struct Config {
  std::map<std::string, plugin::ConnectionSpec> connections;
  std::vector<std::shared_ptr<const Pipeline>> pipelines;
};

}  // namespace tenon::config
