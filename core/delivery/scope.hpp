// RunScope: what the expressions of one pipeline see while one event runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.hpp"
#include "config/pipeline.hpp"
#include "event/event.hpp"
#include "mapping/template.hpp"
#include "plugin/instance.hpp"

namespace tenon::delivery {

/// The event, `vars`, tables, connections, lets and fetched objects as values, in one arena. Lives for one
/// attempt.
class RunScope : private mapping::LazyVariables {
 public:
  /// `connections` is a JSON object of the visible settings by connection name; it and `pipeline` outlive the
  /// scope.
  RunScope(const config::Pipeline& pipeline, Value connections);
  RunScope(const RunScope&) = delete;
  RunScope& operator=(const RunScope&) = delete;

  /// Sees every evaluation from now on; may be null.
  void set_trace(mapping::Trace* trace) { trace_ = trace; }
  /// `$vars` is that from now on; it outlives the scope.
  void set_vars(Value vars) { vars_ = vars; }
  /// Errors: the event's data is no JSON.
  Status set_event(const Event& event);
  /// Its number, should the process die of one of its expressions.
  void runs_for(std::uint64_t number) { number_ = number; }
  /// The answer of a fetch, JSON text.
  Status set_fetched(std::string_view name, std::string_view json);
  /// The answer of a list: each item's data is JSON text.
  Status set_listed(std::string_view name, const std::vector<std::string>& items);
  /// What the needed actions wrote, for the action that is next.
  void set_results(const std::vector<std::pair<std::string, std::string>>& ids);
  /// `$response` and `$request` from now on; both copied.
  void set_answer(const plugin::Answer& answer);
  /// Forgets what was fetched, and what was made of it, for another round.
  void clear_fetched();

  /// Errors: not a boolean, or the expression failed; the text names the condition's place.
  Result<bool> test(const config::When& when);
  /// The event's lane within its pipeline: `order_by`, else its key. Errors: it gives no text, number or
  /// boolean.
  Result<std::string> lane();
  /// Errors: it gives something else than high, normal or low.
  Result<config::Priority> priority();
  /// A mapping's record, or a fetch's arguments.
  Result<Value> render(const mapping::Template& tree);

  /// Where a field of the tree's output comes from: " (orders.yaml:24: `$lowercase(customer.email)`,
  /// customer.email is null)". Types only, never a value. Empty if no expression makes it.
  std::string origin(const mapping::Template& tree, std::string_view field);

  /// What stands at the top of an expression's input: `event`, and what was fetched.
  std::vector<Member> input() const { return roots().members; }
  /// The variables beside those, lets as they are read; and the names of all.
  mapping::Scope variables() { return bindings(); }
  std::vector<std::string> variable_names() const;

  Arena& arena() { return arena_; }
  /// What was fetched as one JSON object; empty text if nothing was.
  std::string fetched_json() const;

 private:
  std::string reads(const mapping::Template& tree, std::string_view field);
  mapping::Roots roots() const;
  mapping::Scope bindings();
  Made make(std::string_view name) override;
  Result<Value> give(const config::Formula& formula, const char* code);
  mapping::Evaluation evaluation();

  const config::Pipeline& pipeline_;
  Value connections_;
  Arena arena_;
  Value event_;
  std::vector<Member> fetched_;
  Value results_;
  Value response_;  ///< missing: no answer is judged
  Value request_;
  std::vector<std::optional<Made>> lets_;  ///< as the pipeline's; those made so far
  std::size_t making_ = 0;                 ///< lets that are being made, each inside the one before
  std::string key_;
  std::int64_t received_ms_ = 0;
  std::uint64_t number_ = 0;
  std::uint64_t seed_ = 0;
  mapping::Trace* trace_ = nullptr;
  Value vars_;
};

}  // namespace tenon::delivery
