// `actions:`, or `action:` with `mapping:`: what is written.
#pragma once

#include "config/reading.hpp"

namespace tenon::config {

class ActionsReader {
 public:
  /// `scope` is what actions see.
  ActionsReader(Reading& reading, const Scope& scope) : reading_(reading), scope_(scope) {}

  void read(Fields& top);

 private:
  void many(const Node& section);
  void one(Fields& top);
  void action(Fields& fields, const std::string& name, Span at, const Node* mapping, Fields& mapping_owner);
  std::vector<std::string> needs(Fields& fields, const std::string& name);
  void read_mapping(Action& made, const Scope& scope, const Node* when, const Node& mapping,
                    const plugin::Operation* declared, Fields& owner);
  std::string digest(const Action& made, const Node* when, const Node& mapping) const;
  void warn_of_repeats(Fields& fields, const Connection& sink, const plugin::Operation& operation);
  const plugin::Operation* declared_operation(Fields& fields, const Connection& sink,
                                              const std::string& wanted);
  void sort();

  Reading& reading_;
  const Scope& scope_;
  std::map<std::string, Span, std::less<>> needs_at_;  ///< `needs:` of each action that has it
};

}  // namespace tenon::config
