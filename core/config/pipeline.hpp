// The typed pipeline: what the YAML of an author becomes once it is parsed and checked.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.hpp"
#include "config/diagnostic.hpp"
#include "config/tests.hpp"
#include "mapping/template.hpp"
#include "plugin/connection.hpp"

namespace tenon::config {

/// One whole expression, so that its value keeps its type.
struct Formula {
  mapping::Template tree;
  std::string text;  ///< as written, for messages
  Position position;
};

/// A condition: true runs, false skips, anything else is a rejection.
using When = Formula;

/// A value that expressions read as `$name`: made when first read, once per attempt.
struct Let {
  std::string name;
  mapping::Template value;  ///< sees `event`, fetches, and the lets before it
  Position position;
};

/// A named read from the source, after the claim and before the mapping.
struct FetchStep {
  std::string name;             ///< the root that its answer becomes
  std::string fetch;            ///< the manifest's name for it, or for the list
  bool list = false;            ///< the first page of a list: its answer is an array of the items' data
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
  std::vector<std::string> needs;  ///< actions that must be delivered first; stand before it in the pipeline
  mapping::Template mapping;
  std::string mapping_digest;  ///< SHA-256 in hex of the definition; comments and layout do not count
  Position position;
};

struct Retry {
  std::int64_t for_ms = std::int64_t{72} * 3'600'000;  ///< from the receiving of the event
  std::optional<std::uint32_t> attempts;               ///< answers, not unreachability
};

/// Chooses between lanes of one pipeline and class.
enum class Priority : std::uint8_t { high, normal, low };
std::optional<Priority> priority_of(std::string_view word);

/// What an event comes to whose fetched object is gone.
enum class OnGone : std::uint8_t { skip, reject };

/// What the author takes an answer of a remote for, whatever the connector makes of it.
enum class AnswerClass : std::uint8_t { delivered, retry, rejected, throttled, auth, conflict, stale };
std::optional<AnswerClass> answer_class_of(std::string_view word);

/// `classify:`, one rule. It fits if all that it names does.
struct ClassRule {
  std::string connection;     ///< empty: any
  std::optional<int> status;  ///< none: any
  std::optional<When> when;   ///< sees `event`, `$response` and `$request`
  AnswerClass as = AnswerClass::retry;
  Position position;
};

/// Immutable once loaded.
struct Pipeline {
  std::string name;
  std::string file;
  /// Twelve hexadecimal digits of a SHA-256 of what it means: its file without comments and layout, vars,
  /// tables and settings of its connections; secrets do not count.
  std::string version;
  std::string trigger_connection;
  std::vector<std::string> events;     ///< types of the trigger's connector
  std::vector<std::string> deletions;  ///< those of them that say that their object was deleted
  std::optional<When> when;            ///< sees `event` only
  std::vector<FetchStep> fetches;      ///< in order
  std::vector<Let> lets;               ///< each before those that read it
  std::vector<Action> actions;         ///< at least one, in the order written, but behind what they need
  Retry retry;
  std::vector<ClassRule> classify;  ///< the first that fits holds
  OnGone on_gone = OnGone::skip;
  bool block_key = false;           ///< a dead letter holds up the later events of its lane
  bool shadow = false;              ///< nothing is written; what would be sent is recorded
  std::optional<Formula> order_by;  ///< sees `event`; its text is the lane; none: the event's key
  std::optional<Formula> priority;  ///< sees `event`; gives `high`, `normal` or `low`
  Document vars;                    ///< an object, `$vars`
  Document tables;                  ///< an object of objects, `$tables`
  std::vector<Test> tests;          ///< in the order written
};

/// Everything that a host runs. Visible settings of a connection (`$connection`) are its spec's `settings`.
struct Config {
  std::map<std::string, plugin::ConnectionSpec> connections;
  std::vector<std::shared_ptr<const Pipeline>> pipelines;
};

}  // namespace tenon::config
