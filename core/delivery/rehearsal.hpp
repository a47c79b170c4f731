// Rehearsal: what a run of a stored event would do; nothing is written, at no sink and in no journal.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "delivery/locks.hpp"
#include "delivery/run.hpp"
#include "delivery/shared_reads.hpp"
#include "journal/journal.hpp"

namespace tenon::delivery {

/// What one action would do.
struct WouldDo {
  std::string action;
  /// `send`; `done` (it was delivered, and is not done again); the name of an end; `unknown`, where something
  /// could not be read now.
  std::string state;
  std::string how;  ///< of `send`: create, update 17, deliver, search
  std::string reason;
  std::string record;        ///< JSON, also of what is not sent; empty: none came about
  std::string conversation;  ///< JSON; with the requests that were not sent
  std::string operation;     ///< `desk.upsert_customer`
  std::string account;
};

struct Rehearsed {
  std::string version;  ///< of the pipeline
  std::string state;    ///< where it ended before any action: the end's name, or `unknown`
  std::string reason;
  std::vector<WouldDo> actions;  ///< in the pipeline's order
};

/// One run of one event, on the delivery executor.
class Rehearsal final : private journal::Ledger, private Probe {
 public:
  /// `detail`: as the journal has it; ended. All outlive it.
  Rehearsal(runtime::Runtime& runtime, journal::Journal& journal, SharedReads& reads,
            std::shared_ptr<const Flow> flow, const journal::EventDetail& detail, bool force);
  Rehearsal(const Rehearsal&) = delete;
  Rehearsal& operator=(const Rehearsal&) = delete;

  runtime::Task<Rehearsed> run();
  /// Makes the run end soon; what is not known by then is `unknown`.
  void cancel();

 private:
  template <class T>
  using Reply = journal::Ledger::Reply<T>;
  journal::Epoch epoch() const override { return journal_.epoch(); }
  void look(std::vector<journal::IdentityKey> identities, std::vector<journal::AppliedKey> applied,
            Reply<journal::Looked> reply) override;
  void begin(journal::Epoch epoch, journal::Intent intent, Reply<bool> reply) override;
  void learn(journal::Epoch epoch, std::vector<journal::IdentityKey> identities, std::string create_id,
             std::string sink_id, Reply<bool> reply) override;
  void settle(journal::Epoch epoch, std::vector<journal::Settlement> batch, Reply<bool> reply) override;

  void on_fetch(const journal::Waiting&, const config::FetchStep&) override {}
  void on_record(const journal::Waiting& event, const config::Action& action,
                 std::string_view record) override;
  mapping::Trace* trace() override { return nullptr; }

  journal::Waiting waiting_for(const journal::EventDetail& detail, bool force);
  WouldDo would_do(const config::Action& action) const;

  runtime::Runtime& runtime_;
  journal::Journal& journal_;
  std::shared_ptr<const Flow> flow_;
  IdentityLocks locks_;
  DuplicateWatch duplicates_;
  Doubts doubts_;
  std::vector<std::string> done_before_;
  std::map<std::string, std::string> records_;
  std::vector<journal::Settlement> settled_;
  std::unique_ptr<EventRun> event_run_;
  bool cancelled_ = false;
};

}  // namespace tenon::delivery
