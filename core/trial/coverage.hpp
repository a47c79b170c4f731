// Coverage: which expressions of a pipeline, and which branches of them, its tests reached.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "config/pipeline.hpp"
#include "mapping/trace.hpp"

namespace tenon::trial {

/// Something that a test can reach.
struct CoveredPart {
  int line = 0;
  std::string field;  ///< `mapping.email`, `actions.ticket.when`
  std::string what;   ///< empty: the expression itself; else the branch, as in "else `'nobody'`"
  bool reached = false;
};

/// Sees what the tests of one pipeline evaluate.
class Coverage final : public mapping::Trace {
 public:
  void begins(const mapping::Expression& expression, const std::string& field,
              mapping::SourcePosition position) override;
  void evaluated(const mapping::jsonata::Node& node, Value value) override;

  /// Of the conditions and mappings of the pipeline, in the order of the file.
  std::vector<CoveredPart> parts(const config::Pipeline& pipeline) const;

 private:
  std::set<const void*> reached_;  ///< programs and nodes; shared by copies of a pipeline
};

/// Of 100; 100 if there is nothing to reach.
int percent(const std::vector<CoveredPart>& parts);

}  // namespace tenon::trial
