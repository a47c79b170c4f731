// From a mapping's value to the record an operation takes: lists put right, schema checked, identities read.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/value.hpp"
#include "journal/journal.hpp"
#include "plugin/manifest.hpp"

namespace tenon::delivery {

/// Where the schema says array, wraps a lone value and turns a required missing one into [] (JSONata makes
/// one match a lone value and none nothing).
Value fit_lists(Value record, const Schema& schema, Arena& arena);

/// Tells where a field of the record comes from, to follow its name in a message.
using Origin = std::function<std::string(const std::string& field)>;

/// `record` checked against the operation's input. Errors: `invalid_record`, naming each field, where it
/// comes from, what was expected and the type found; never a value, nor a member's name that only data could
/// have given.
Status check_record(Value record, const plugin::Operation& operation, const Origin& origin);

/// The record's identities: one per x-identity member that is present and not blank, in schema order.
std::vector<journal::IdentityKey> identities_of(Value record, const plugin::Operation& operation,
                                                const std::string& account);

/// What the sink promises for a record with these identities: one that has none of the fields that are unique
/// there is not refused a second time.
plugin::Capabilities promises_for(const plugin::Operation& operation,
                                  const std::vector<journal::IdentityKey>& identities);

/// What is locked for these: sorted, and without regard to the case of letters, since many a sink takes
/// `Ann@x` and `ann@x` for one.
std::vector<journal::IdentityKey> lock_keys(std::vector<journal::IdentityKey> identities);

}  // namespace tenon::delivery
