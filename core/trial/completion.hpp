// Completion of expressions: paths of the document and of its schema, variables, functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "trial/bench.hpp"

namespace tenon::trial {

struct Completion {
  std::size_t from = 0;            ///< where the word begins that would be replaced
  std::vector<std::string> words;  ///< what may stand there, sorted; functions end in `(`
};

/// What may stand at the end of `text`, the line up to the cursor.
Completion complete(const Bench& bench, std::string_view text);

}  // namespace tenon::trial
