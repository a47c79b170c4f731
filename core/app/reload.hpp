// Reload: pipeline files read anew while the host runs, at SIGHUP or by `tenon apply`.
#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <string>
#include <utility>

#include "admin/admin.hpp"
#include "app/definitions.hpp"
#include "ingress/message.hpp"
#include "journal/journal.hpp"
#include "pipeline/host.hpp"
#include "runtime/runtime.hpp"

namespace tenon::app {

/// Plugins stay those of the start. Files are read on the main thread, so that nobody waits for them.
class Reload {
 public:
  /// All outlive it. `failed` tells that the runtime gives no answers any more.
  Reload(DefinitionSources sources, plugin::Registry& registry, runtime::Runtime& runtime,
         journal::Journal& journal, pipeline::Host& host, const std::atomic<bool>& failed)
      : sources_(std::move(sources)),
        registry_(registry),
        runtime_(runtime),
        journal_(journal),
        host_(host),
        failed_(failed) {}

  /// `POST /v1/apply`, on the ingress executor: raises SIGUSR1, at which the main thread calls
  /// answer_asked().
  void ask(ingress::Request request, ingress::Respond respond);
  void answer_asked();
  /// Reads one file by itself, for a dry run: on the main thread likewise; `done` on the ingress executor.
  void read_definition(std::string path, Function<void(admin::AdminOptions::Definition)> done);
  /// At SIGHUP: what is wrong is logged, and what ran goes on.
  void read_anew();

 private:
  using DefinitionRead = Function<void(admin::AdminOptions::Definition)>;
  struct Asked {
    std::string body;  ///< of a definition its path
    ingress::Respond respond;
    DefinitionRead read;  ///< in place of `respond`
  };
  struct Outcome {
    int status = 200;
    std::string body;
    std::string fault;  ///< for the log; empty if it was applied
    bool changed = false;
  };
  Outcome apply(const std::vector<std::string>& more, bool plan);
  Outcome answer_to(const std::string& body);
  admin::AdminOptions::Definition definition_in(const std::string& path) const;
  void push(Asked asked);

  DefinitionSources sources_;
  plugin::Registry& registry_;
  runtime::Runtime& runtime_;
  journal::Journal& journal_;
  pipeline::Host& host_;
  const std::atomic<bool>& failed_;
  std::mutex mutex_;
  std::deque<Asked> asked_;
};

}  // namespace tenon::app
