// The calls into a plugin as tasks, with the one that is open kept where a shutdown can cancel it.
#pragma once

#include <optional>
#include <string>

#include "plugin/instance.hpp"
#include "runtime/task.hpp"

namespace tenon::delivery {

/// At most one call is open at a time; lives as long as the run of its event.
class Calls {
 public:
  enum class Kind : std::uint8_t { fetch, search, write };
  /// What the author makes of an answer: may change what the call came to.
  using Judge =
      Function<void(const std::string& connection, Kind kind, const plugin::Answer&, plugin::CallResult&)>;

  explicit Calls(plugin::CallOptions options) : options_(options) {}
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;
  /// From now on, within the event's class: as plugin::Rank has it.
  void rank_as(std::uint8_t priority) { options_.rank.priority = priority; }
  /// Asked after each call that was answered.
  void judge_by(Judge judge);

  runtime::Task<plugin::CallResult> fetch(plugin::Instance& instance, std::string name,
                                          std::string arguments);
  /// One page.
  runtime::Task<plugin::CallResult> list(plugin::Instance& instance, std::string name, std::string query);
  runtime::Task<plugin::CallResult> find(plugin::Instance& instance, std::string operation,
                                         std::string record);
  /// `late`: as CallOptions has it. Must not need this run, which is over by then.
  using Late = std::function<void(const plugin::CallResult&)>;
  runtime::Task<plugin::CallResult> create(plugin::Instance& instance, std::string operation,
                                           std::string record, std::string create_id, Late late);
  runtime::Task<plugin::CallResult> update(plugin::Instance& instance, std::string operation, std::string id,
                                           std::string record, std::optional<plugin::Match> match);
  runtime::Task<plugin::CallResult> deliver(plugin::Instance& instance, std::string operation,
                                            std::string record, std::string call_id, Late late);

  /// Of the answer to the last `deliver`; 0: there was none.
  int status() const { return answer_.status; }

  /// Cancels the open call, and every later one at once.
  void cancel();
  bool cancelled() const { return cancelled_; }

 private:
  template <class Start>
  runtime::Task<plugin::CallResult> run(plugin::Instance& instance, Kind kind, Start start);
  plugin::CallOptions with(Late late) const;

  plugin::CallOptions options_;
  plugin::Answer answer_;
  Judge judge_;
  plugin::Instance* instance_ = nullptr;
  plugin::CallId open_ = 0;
  bool cancelled_ = false;
};

/// What an unsuccessful call means for the attempt.
Outcome outcome_of(const plugin::CallResult& result);

bool failed_as(const plugin::CallResult& result, Cause cause);
/// What a remote refuses it has not done. A plugin that failed meanwhile proves nothing.
bool had_no_effect(const plugin::CallResult& result);

}  // namespace tenon::delivery
