// Admin: what a running host tells of itself, over its socket file and over the health listener.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "admin/json.hpp"
#include "base/result.hpp"
#include "ingress/http_server.hpp"
#include "ingress/message.hpp"
#include "journal/journal.hpp"
#include "pipeline/dry_run.hpp"
#include "pipeline/host.hpp"
#include "runtime/runtime.hpp"

namespace tenon::admin {

struct AdminOptions {
  std::string version;
  /// Calls to remotes that are open now; from the ingress executor. May be empty.
  Function<std::size_t()> open_calls;
  /// Of the port where webhooks come in; from the ingress executor. May be empty.
  Function<std::optional<ingress::HttpServer::Counts>()> port;
  /// POST /v1/apply; runs on the ingress executor. May be empty.
  ingress::Handler apply;
  /// What stored events would come to. May be null; outlives the Admin.
  pipeline::DryRuns* dry_runs = nullptr;
  struct Definition {
    std::shared_ptr<const config::Config> config;  ///< null: refused
    std::string text;                              ///< what is wrong, for people
    std::string diagnostics;                       ///< the same as JSON
  };
  /// Reads a pipeline file for a dry run, from the ingress executor; answers there. There where `dry_runs`
  /// is.
  Function<void(std::string, Function<void(Definition)>)> read_definition;
  /// The host that is told of; null where only its files are there. Outlives the Admin.
  pipeline::Host* host = nullptr;
};

/// The socket file answers POST /v1/dead/retry, /v1/dead/skip, /v1/replay, /v1/replay/dry-run, /v1/forget,
/// /v1/scrub and /v1/pipelines/{name}/pause and /resume, GET /v1/replay, /v1/dead/groups, /v1/events,
/// /v1/events/{id}, /v1/dead, /v1/dead/{id} and /v1/status as docs/admin-api.md says; whoever may open the
/// file (mode 0600) may read everything. The health listener answers GET /healthz (200 while the process
/// lives) and /readyz (200 while events are taken, else 503 with the reason), nothing else.
class Admin {
 public:
  /// Runtime and journal outlive it.
  Admin(runtime::Runtime& runtime, journal::Journal& journal, AdminOptions options = {});
  /// On the ingress executor, or when it runs no more.
  ~Admin();
  Admin(const Admin&) = delete;
  Admin& operator=(const Admin&) = delete;

  /// `path` becomes a socket file, mode 0600; one that nobody listens on any more is replaced. From any
  /// thread. Errors: those of HttpServer::listen.
  Status listen_control(const std::string& path);
  /// Answers the bound address, `127.0.0.1:43210`. From any thread, once.
  Result<std::string> listen_health(const std::string& address);
  /// The same on a socket that listens already.
  Result<std::string> adopt_health(int descriptor);

  enum class Phase : std::uint8_t { starting, taking, draining };
  /// From any thread.
  void set_phase(Phase phase) { state_->phase = phase; }

  /// Closes both listeners and, within `limit`, the connections; from any thread, once; `done` on the ingress
  /// executor.
  void stop(runtime::Duration limit, Function<void()> done);

  /// What the two listeners run; on the ingress executor.
  void control(ingress::Request request, ingress::Respond respond);
  void health(const ingress::Request& request, ingress::Respond respond);

 private:
  ingress::HttpServer& make_health();
  /// Shared with answers that are on their way.
  struct State {
    std::atomic<Phase> phase = Phase::starting;
    std::int64_t started_ms = 0;
    AdminOptions options;
  };
  void control_pipeline(std::string_view path, const ingress::Request& request, ingress::Respond respond);
  void retry(const std::string& body, ingress::Respond respond);
  void skip(const std::string& body, ingress::Respond respond);
  void replay(const std::string& body, ingress::Respond respond);
  void range(std::string_view query, ingress::Respond respond);
  void dry_run(const std::string& body, ingress::Respond respond);
  void groups(std::string_view query, ingress::Respond respond);
  void forget(const std::string& body, ingress::Respond respond);
  void scrub(ingress::Respond respond);
  void list(std::string_view query, bool dead, ingress::Respond respond);
  void show(std::string_view id, bool dead, ingress::Respond respond);
  void log_level(const ingress::Request& request, const ingress::Respond& respond);
  void ready(ingress::Respond respond);
  void status(ingress::Respond respond);
  void overview(StatusView view, ingress::Respond respond);

  runtime::Runtime& runtime_;
  journal::Journal& journal_;
  std::shared_ptr<State> state_;
  std::unique_ptr<ingress::HttpServer> control_;  ///< none before listen_*: a virtual runtime has no sockets
  std::unique_ptr<ingress::HttpServer> health_;
};

}  // namespace tenon::admin
