// From a mapping's value to the record an operation takes: lists put right, schema checked, identities read.
#pragma once

#include <string>
#include <vector>

#include "base/value.hpp"
#include "journal/journal.hpp"
#include "plugin/manifest.hpp"

namespace tenon::delivery {

/// Where the schema says array, wraps a lone value and turns a required missing one into [] (JSONata makes
/// one match a lone value and none nothing).
Value fit_lists(Value record, const Schema& schema, Arena& arena);

/// `record` checked against the operation's input. Errors: `invalid_record`, naming each field, what was
/// expected and the type found; never a value.
Status check_record(Value record, const plugin::Operation& operation);

/// The record's identities: one per x-identity member that is present and not blank, in schema order.
std::vector<journal::IdentityKey> identities_of(Value record, const plugin::Operation& operation,
                                                const std::string& account);

}  // namespace tenon::delivery
