// `trigger:`: where events come from and what is fetched for them.
#pragma once

#include <cstdint>
#include "config/reading.hpp"

namespace tenon::config {

/// How long the journal knows a delivery again; a source that repeats for longer makes doubles.
constexpr std::uint64_t kDedupeWindowMs = 7ULL * 24 * 3'600'000;

/// In two steps, since lets stand between them: what they may name comes first, expressions that may name
/// them after.
class TriggerReader {
 public:
  TriggerReader(Reading& reading, Fields& top);

  /// Connection, events, and which fetches there are.
  void declare();
  /// Conditions and arguments. Afterwards `scope` is what actions see.
  void read();
  const Scope& scope() const { return scope_; }

 private:
  struct Step {
    const NodeMember* entry = nullptr;
    std::string path;
    FetchStep step;
    Node arguments;
    std::shared_ptr<const Schema> wanted;  ///< of the arguments; null: not known
    bool ok = false;
  };

  void check_horizon(Span at);
  void events(Fields& fields);
  void unknown_event(const Node& item, const std::string& path, const plugin::ConnectorManifest& manifest,
                     const std::vector<std::string>& known);
  void declare_fetch(const NodeMember& entry);
  void fetch_keys(Step& made, Span& at);
  void list_keys(Step& made, const Node& list);
  void find_fetch(Step& made, Span at);
  void find_list(Step& made, Span at);
  const plugin::ConnectorManifest* manifest() const;

  Reading& reading_;
  const Node* section_;
  const Node* when_ = nullptr;
  std::vector<Step> steps_;
  Scope scope_;
};

}  // namespace tenon::config
