// member_reads: which members of one root an expression may read, told from its text alone. Pure.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "mapping/jsonata/expression.hpp"

namespace tenon::mapping::check {

/// What may be read, never less; where nobody can tell, `all`.
struct MemberReads {
  bool all = false;                            ///< the object whole, or members that nothing names
  std::set<std::string, std::less<>> members;  ///< `type`, of `event.type` or `$event.type.x`
  bool clock = false;                          ///< $now or $millis
  bool random = false;                         ///< $random or $shuffle

  void add(const MemberReads& other);
};

/// `root` is the name of an object at the top of the input. What outside variables read is not in it: see
/// Expression::free_variables.
MemberReads member_reads(const Expression& expression, std::string_view root);

}  // namespace tenon::mapping::check
