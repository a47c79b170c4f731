// RunScope: what the expressions of one pipeline see while one event runs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.hpp"
#include "config/pipeline.hpp"
#include "event/event.hpp"
#include "mapping/template.hpp"

namespace tenon::delivery {

/// The event, `vars`, connections and fetched objects as values, in one arena. Lives for one attempt.
class RunScope {
 public:
  /// `connections` is a JSON object of the visible settings by connection name; it and `pipeline` outlive the
  /// scope.
  RunScope(const config::Pipeline& pipeline, Value connections);
  RunScope(const RunScope&) = delete;
  RunScope& operator=(const RunScope&) = delete;

  /// Errors: the event's data is no JSON.
  Status set_event(const Event& event);
  /// The answer of a fetch, JSON text.
  Status set_fetched(std::string_view name, std::string_view json);
  /// Forgets what was fetched, for another round.
  void clear_fetched();

  /// Errors: not a boolean, or the expression failed; the text names the condition's place.
  Result<bool> test(const config::When& when);
  /// A mapping's record, or a fetch's arguments.
  Result<Value> render(const mapping::Template& tree);

  Arena& arena() { return arena_; }
  /// What was fetched as one JSON object; empty text if nothing was.
  std::string fetched_json() const;

 private:
  mapping::Roots roots() const;
  mapping::Scope bindings() const;
  mapping::Evaluation evaluation();

  const config::Pipeline& pipeline_;
  Value connections_;
  Arena arena_;
  Value event_;
  std::vector<Member> fetched_;
  std::int64_t received_ms_ = 0;
  std::uint64_t seed_ = 0;
};

}  // namespace tenon::delivery
