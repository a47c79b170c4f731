// Stage: one pipeline on a whole host of its own: a turned clock, a played network, a journal that forgets.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/pipeline.hpp"
#include "delivery/probe.hpp"
#include "journal/journal.hpp"
#include "pipeline/host.hpp"
#include "runtime/virtual.hpp"
#include "trial/network.hpp"
#include "trial/source.hpp"
#include "trial/webhook.hpp"

namespace tenon::trial {

/// What became of one webhook.
struct Seen {
  int http = 0;
  std::string answer;                         ///< body of the host's answer
  std::optional<journal::EventDetail> event;  ///< none: it made no event of its own
  std::map<std::string, std::string>
      records;  ///< JSON by action, as last written; none: no such record came about

  /// waiting, retrying, the name of the end, `duplicate`, or `no event`.
  std::string state() const;
  /// Why, or what the last try came to; may be empty.
  std::string reason() const;
};

/// One test's world. All from one thread.
class Stage final : private delivery::Probe {
 public:
  /// `config`, `pipeline`, `registry` and `trace` (may be null) outlive the stage. `vars` replace those of
  /// the pipeline by name.
  Stage(const config::Config& config, std::shared_ptr<const config::Pipeline> pipeline,
        plugin::Registry& registry, const config::Test& test, mapping::Trace* trace);
  ~Stage() override;

  /// Errors: a plugin cannot be loaded, or does not take its settings.
  Status start();

  /// One webhook, answered. The host has not run it yet. Errors: the sample cannot be made to say that.
  Status send(const config::Send& wanted);
  void play(const config::RemoteRule& rule) { network_.add(rule); }
  void play(const config::FetchAnswers& answers);
  void run_until_idle() { runtime_.run_until_idle(); }
  void advance(std::int64_t ms) { runtime_.advance(std::chrono::milliseconds(ms)); }
  /// Runs the last event until it has ended or waits for another try; turns the clock a minute at most.
  void settle();

  /// Of the send of that name; empty: the last one.
  Seen see(const std::string& name);
  std::int64_t now_ms() { return runtime_.clock().wall_ms(); }
  const Network& network() const { return network_; }

 private:
  struct Sent {
    ingress::Request request;
    int http = 0;
    std::string answer;
    journal::Seq seq = 0;  ///< of its first event; 0: none
  };

  void on_fetch(const journal::Waiting& event, const config::FetchStep& step) override;
  void on_record(const journal::Waiting& event, const config::Action& action,
                 std::string_view record) override;
  Value vars() override { return vars_.root; }
  mapping::Trace* trace() override { return trace_; }

  std::optional<plugin::CallResult> fetched(const std::string& name, const std::string& arguments);
  std::optional<journal::EventDetail> show(journal::Seq seq);
  void deliver(Sent& sent);

  const config::Config& config_;
  mapping::Trace* trace_;
  std::shared_ptr<const config::Pipeline> pipeline_;
  Document vars_;  ///< the pipeline's with the test's in it
  runtime::VirtualRuntime runtime_;
  config::FetchAnswers fetches_;
  const config::FetchStep* fetching_ = nullptr;  ///< whose turn it is
  Network network_;
  FetchPlay play_;
  PlayedRegistry registry_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<pipeline::Host> host_;
  std::unique_ptr<plugin::Instance> tryer_;  ///< takes samples to pieces
  std::vector<Sent> sent_;
  journal::Seq next_seq_ = 1;  ///< the journal numbers what it accepts
  std::map<std::string, std::size_t> names_;
  std::map<journal::Seq, std::map<std::string, std::string>> records_;
};

}  // namespace tenon::trial
