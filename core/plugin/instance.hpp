// Registry and Instance: plugins loaded, and the host's side of the table for one connection on one thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/digest.hpp"
#include "base/value.hpp"
#include "event/event.hpp"
#include "event/outcome.hpp"
#include "observe/conversation.hpp"
#include "observe/redactor.hpp"
#include "plugin/connection.hpp"
#include "runtime/runtime.hpp"

namespace tenon::plugin {

/// Who goes first where requests wait for their account's budget.
struct Rank {
  Rank(EventClass of, std::uint8_t within = 1)
      : event_class(of), priority(within) {}  // NOLINT(google-explicit-constructor)
  EventClass event_class;
  std::uint8_t priority;  ///< within the class: 0 high, 1 normal, 2 low
};

/// How a plugin's requests leave: implemented by delivery/, which waits for the account's budget and learns
/// from the answer. Called on the instance's thread; `done` exactly once, never inline.
class Gate {
 public:
  using Handle = std::uint64_t;
  virtual ~Gate() = default;
  /// An error `needs_reauth` or `oauth_refused` in place of an answer means that the host has no credential
  /// to send, and will not have one before somebody sees to it: the call then ends as refused credentials do.
  virtual Handle send(const ConnectionSpec& connection, Rank rank, runtime::HttpRequest request,
                      Function<void(runtime::HttpResult)> done) = 0;
  virtual void cancel(Handle handle) = 0;
};

struct Match {
  std::string id;
  std::string version;
  std::string text;
};

struct ListItem {
  std::string key;
  std::string version;
  std::string type;
  std::string data;
};

/// What a call came to, with what the host itself knows of its requests.
struct CallResult {
  /// withheld: the call was to write and its instance only shows what it would send.
  enum class Verdict : std::uint8_t { delivered, retry, rejected, found, gone, cancelled, withheld };
  Verdict verdict = Verdict::retry;
  Cause cause = Cause::none;
  Sent sent = Sent::no;  ///< of the call's non-idempotent request; by the transport, never by the plugin
  std::string message;
  /// The remote failed, or did not answer, whatever an author makes of that: a write may have been done.
  bool in_doubt = false;
  /// The remote says that it is elsewhere (3xx): until somebody mends the connection it will say so again.
  bool redirected = false;
  std::optional<std::int64_t> retry_after_ms;
  std::string id, version, data, cursor;
  std::vector<Match> matches;
  std::vector<ListItem> items;
};

/// A request and its answer, whole, for whoever must judge it.
struct Answer {
  std::string method;
  std::string url;
  int status = 0;  ///< 0: there was no answer
  runtime::Headers headers;
  std::string body;
};

struct CallOptions {
  std::uint64_t event = 0;  ///< number of the event that it is for, should the process die of it; 0: none
  Rank rank = EventClass::live;
  observe::Conversation* conversation = nullptr;  ///< gets each exchange, redacted; outlives the call
  Answer* answer = nullptr;  ///< gets the last exchange of the call; outlives the call; null: nobody asks
  runtime::Duration deadline = std::chrono::seconds(120);
  /// Told, on the instance's thread, what a call came to that was given up before: at most once, and only
  /// where it was delivered and nothing speaks against it.
  std::function<void(const CallResult&)> late = nullptr;
  /// Requests that may have an effect are recorded and not sent; the call then ends as `withheld`.
  bool shadow = false;
};

using CallId = std::uint64_t;
using CallDone = Function<void(CallResult)>;

/// One connector instance for one connection, bound to one executor. All calls and completions on that
/// thread; `done` runs exactly once, never inline. A call past its deadline completes as retry/plugin
/// (`plugin_stuck`), its instance is abandoned (never destroyed) and a fresh one made for later calls.
class Instance {
 public:
  virtual ~Instance() = default;
  virtual const ConnectionSpec& connection() const = 0;
  virtual const ConnectorManifest& manifest() const = 0;

  /// Splits a verified request; `json` is what its body says, or missing if the caller has not parsed it.
  /// Errors: `malformed_event` with the plugin's words. Event fields not the plugin's (connection,
  /// received_ms, the delivery's id) are left for the caller.
  virtual Result<std::vector<Event>> accept(std::string_view body, const runtime::Headers& headers,
                                            std::int64_t now_ms, Value json) = 0;

  virtual CallId fetch(std::string name, std::string arguments, CallOptions options, CallDone done) = 0;
  virtual CallId list(std::string name, std::string query, std::string cursor, CallOptions options,
                      CallDone done) = 0;
  virtual CallId find(std::string operation, std::string record, CallOptions options, CallDone done) = 0;
  virtual CallId create(std::string operation, std::string record, std::string create_id, CallOptions options,
                        CallDone done) = 0;
  virtual CallId update(std::string operation, std::string id, std::string record, std::optional<Match> match,
                        CallOptions options, CallDone done) = 0;
  virtual CallId deliver(std::string operation, std::string record, std::string call_id, CallOptions options,
                         CallDone done) = 0;

  /// Completes the call's pending request as cancelled, so that its frame unwinds; `done` then comes as
  /// `cancelled`.
  virtual void cancel(CallId call) = 0;
  /// Calls not yet completed.
  virtual std::size_t open_calls() const = 0;
};

/// What an instance needs of the host. `gate` may be null for one that only accepts.
struct InstanceHost {
  runtime::Runtime* runtime = nullptr;
  runtime::Executor* executor = nullptr;
  Gate* gate = nullptr;
  /// Of all connections of the host: a remote may say back what another one told it. Null: of this one alone.
  std::shared_ptr<const observe::Redactor> redactor = nullptr;
};

/// A plugin's file and what it declares; borrowed from the registry.
struct PluginFile {
  std::string file;
  const Manifest* manifest = nullptr;
};

/// All plugins of one directory. Manifests are read without loading; a library is loaded when its first
/// instance is made and never unloaded.
class Registry {
 public:
  virtual ~Registry() = default;
  /// nullptr if no plugin has that connector.
  virtual const ConnectorManifest* find(std::string_view connector) const = 0;
  virtual std::vector<std::string> connectors() const = 0;
  /// Those that were accepted, by file name; none if the manifests came from elsewhere.
  virtual std::vector<PluginFile> plugins() const { return {}; }
  /// Files that were found and refused, with why.
  virtual const std::vector<Error>& refused() const = 0;
  /// The connection's spec is copied. Errors: `plugin_load_failed`, `plugin_abi_mismatch`,
  /// `plugin_create_failed`.
  virtual Result<std::unique_ptr<Instance>> make_instance(const ConnectionSpec& connection,
                                                          const InstanceHost& host) = 0;
};

/// Makes the redactor know the secrets of all these connections, as they are and as they travel.
void teach(observe::Redactor& redactor, const std::map<std::string, ConnectionSpec>& connections,
           const Registry& registry);
/// One that knows the secrets of all these connections, as they are and as they travel.
std::shared_ptr<const observe::Redactor> redactor_of(const std::map<std::string, ConnectionSpec>& connections,
                                                     const Registry& registry);

/// What the files of plugins must be: SHA-256 by the file's name without `.so`.
using Pins = std::map<std::string, Sha256, std::less<>>;

/// Reads a pin, `sha256:` and 64 hexadecimal digits. Errors: `plugin_pin_invalid`.
Result<Sha256> parse_pin(std::string_view text);

/// Reads the manifests of all `*.so` in `directory` (not below it). A refused file is reported, not fatal.
/// Pinned files come first: no other file can take their connectors. A pin without its file is fatal.
/// Errors: `plugin_dir_unreadable`, `plugin_unsafe` (the directory), `plugin_pin_missing`.
Result<std::unique_ptr<Registry>> open_registry(const std::string& directory, const Pins& pins = {});

}  // namespace tenon::plugin
