// What an expression gives against what a schema wants.
#pragma once

#include <string>

#include "base/schema.hpp"
#include "config/node.hpp"
#include "mapping/check/type.hpp"

namespace tenon::config {

/// Where a type comes from and where it goes.
struct Fit {
  Span at;           ///< of the expression
  std::string path;  ///< of the field: `mapping.email`
  std::string what;  ///< that reads it: "operation upsert_customer"
};

/// Reports what is surely refused as an error and what may be as a warning. `required`: it must be there.
void check_type(const mapping::check::Type& type, const Schema& schema, bool required, const Fit& fit,
                Report& report);

/// Such a value is put into a list when the event is mapped, and a required one that is missing is `[]`.
bool wants_list_only(const Schema& schema);

}  // namespace tenon::config
