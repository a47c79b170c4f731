// The raw tree made fit to evaluate: paths flattened, parents found, tail calls marked, names resolved.
#pragma once

#include "mapping/jsonata/ast.hpp"

namespace tenon::mapping::jsonata {

/// The reference's post-parse stage. Throws ParseFailure.
Node* resolve(Program& program, Node* raw);

/// Finds builtins and outer variables, and records what the program reads. Throws ParseFailure for an unknown
/// variable. `dynamic`: every variable may be bound around it (it is a text given to $eval).
void check(Program& program, const ParseOptions& options, bool dynamic = false);

}  // namespace tenon::mapping::jsonata
