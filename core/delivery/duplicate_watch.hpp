// DuplicateWatch: searches again after a create that might be the second one, and tells of what it finds.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "delivery/flow.hpp"
#include "journal/journal.hpp"
#include "plugin/instance.hpp"
#include "runtime/runtime.hpp"

namespace tenon::delivery {

/// Runs on the delivery executor. What it is to look after stands in the journal, so that a start of the host
/// goes on with it; here is only when.
class DuplicateWatch {
 public:
  /// Null if no pipeline of that name runs here.
  using FlowOf = Function<std::shared_ptr<const Flow>(const std::string& pipeline)>;

  /// All outlive it.
  DuplicateWatch(runtime::Runtime& runtime, journal::Journal& journal, FlowOf flow_of);
  ~DuplicateWatch();
  DuplicateWatch(const DuplicateWatch&) = delete;
  DuplicateWatch& operator=(const DuplicateWatch&) = delete;

  /// Looks after all that the journal has for pipelines that run here.
  void load();
  /// A create whose intent asked to be watched was sent, whatever came of it. It is searched for when it can
  /// be seen, when one that was under way before it should take effect no more, and, should that one be later
  /// than its sink promises, until a day has passed; a search that fails is repeated as long. More than one
  /// match is an error line `duplicate_at_sink`, a count of that name and a note of the event.
  void watch(const std::string& pipeline, journal::Seq seq, const std::string& action);

 private:
  using Key = std::pair<journal::Seq, std::string>;  ///< the event, and its action
  struct Entry {
    std::string pipeline;
    runtime::Duration begun{};  ///< when the create was sent, or its intent written
    runtime::Duration first{};  ///< when it can be seen, from then
    runtime::Duration quiet{};  ///< when the earlier one should be over, from then
    std::uint32_t failed = 0;   ///< searches in a row
    runtime::TimerId timer = 0;
    std::shared_ptr<const Flow> flow;  ///< while a search is under way, with the next two
    plugin::Instance* sink = nullptr;
    plugin::CallId call = 0;
  };
  /// Whom to ask for what an action wrote.
  struct Target {
    plugin::Instance* sink = nullptr;  ///< null: the pipeline has no such upsert
    std::string operation;
    std::int64_t lag_ms = 0;
    std::int64_t quiet_ms = 0;
  };

  static Target target_of(const Flow& flow, const std::string& action);
  void put(const Key& key, Entry entry);
  std::optional<runtime::Duration> next_look(const Entry& entry) const;
  void look_after(const Key& key, runtime::Duration delay);
  void look(const Key& key);
  void search(const Key& key, std::shared_ptr<const Flow> flow, std::string record);
  void searched(const Key& key, const std::string& operation, const plugin::CallResult& result);
  void repeat(const Key& key, const std::string& why);
  void tell(const Key& key, const std::string& operation, const plugin::CallResult& result);
  void tell_unchecked(const Key& key, const std::string& why);
  void conclude(const Key& key, std::optional<journal::Note> note);

  runtime::Runtime& runtime_;
  journal::Journal& journal_;
  FlowOf flow_of_;
  std::map<Key, Entry> entries_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< late answers find out that we are gone
};

}  // namespace tenon::delivery
