// Matching texts, for functions that take a string or a matcher (a regular expression or a function like
// one).
#pragma once

#include <string_view>

#include "mapping/jsonata/evaluator.hpp"

namespace tenon::mapping::jsonata {

/// What a call of a regular expression gives: {match, start, end, groups, next}, or missing. `again`: it goes
/// on from an earlier match, where one of no characters would never end.
Value match_object(Evaluator& evaluator, const Regex& regex, std::string_view subject, std::size_t from,
                   bool again);

}  // namespace tenon::mapping::jsonata
