// Ingress: from a whole request to journalled events and the answer. No sockets: HttpServer or a test calls
// it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/arena.hpp"
#include "base/result.hpp"
#include "ingress/message.hpp"
#include "ingress/verify.hpp"
#include "journal/journal.hpp"
#include "observe/metrics.hpp"
#include "plugin/instance.hpp"
#include "runtime/runtime.hpp"

namespace tenon::ingress {

/// Where the webhooks of one connection go.
struct Route {
  plugin::ConnectionSpec connection;
  const plugin::ConnectorManifest* manifest = nullptr;  ///< outlives the ingress
  std::unique_ptr<plugin::Instance> instance;           ///< of the ingress executor
  std::map<std::string, std::vector<std::string>>
      wanted;  ///< event type -> names of the pipelines that want it
};

struct IngressOptions {
  int retry_after_s = 5;            ///< told with each 503
  int retry_after_removed_s = 300;  ///< told where a connection was taken away
  /// Breaks the promise on purpose: 200 before the commit. Only for the test that shows that the fault tests
  /// would notice.
  bool acknowledge_before_commit = false;
};

/// Answers `POST /in/<connection>`:
///   200 {"accepted":n}      n events are journalled (and synced) for every pipeline that wants them
///   200 {"duplicate":true}  the journal has had this delivery before
///   200 {"accepted":0,"dead_letter":"malformed_event"}  authenticated, but no event: kept as a dead letter
///   400  the same on a connection without verification: nothing is kept
///   401  not authenticated; the same bytes whatever the reason
///   404, 405, 415  no such path, another method, another type or encoding than JSON in UTF-8
///   503 + Retry-After  shutting down, the disk is full, the store failed, or the path's connection was taken
///                      away less than 24 hours ago: its source should not give the hook up for a mistake
/// All calls on the ingress executor (set_routes also before it runs).
class Ingress {
 public:
  /// Runtime and journal outlive the ingress and every answer that the journal owes it.
  Ingress(runtime::Runtime& runtime, journal::Journal& journal, IngressOptions options = {});
  ~Ingress();
  Ingress(const Ingress&) = delete;
  Ingress& operator=(const Ingress&) = delete;

  /// Replaces all routes, or on error none. Errors: those of Verifier::make.
  Status set_routes(std::vector<Route> routes);

  /// `done` runs once, inline or when the journal has committed.
  void handle(Request request, Respond done);

  /// From now on every request is answered 503 and its connection closed. What the journal has keeps its
  /// answer.
  void drain() { draining_ = true; }
  bool draining() const { return draining_; }

 private:
  struct Entry {
    Route route;
    Verifier verifier;
    metrics::Counter* accepted = nullptr;
  };

  Entry* find(std::string_view name);
  bool was_removed(std::string_view name);
  /// Its JSON, an object or an array, until the next one is read.
  Result<Value> read_json(std::string_view body);
  void take(Entry& entry, Request request, Verified verified, Respond done);
  void bury(const Entry& entry, Request request, const Verified& verified, const Error& why, Respond done);
  void append(journal::Append wanted, std::size_t accepted, std::string_view success, const Entry& entry,
              Respond done);

  runtime::Runtime& runtime_;
  journal::Journal& journal_;
  const IngressOptions options_;
  std::map<std::string, Entry, std::less<>> routes_;
  std::map<std::string, runtime::Duration, std::less<>> removed_;  ///< until when (steady clock) we say so
  Arena arena_;                                                    ///< of the body being checked
  bool draining_ = false;
};

}  // namespace tenon::ingress
