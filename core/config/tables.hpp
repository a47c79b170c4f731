// `tables:`: look-up tables of a pipeline, `$tables`.
#pragma once

#include "base/value.hpp"
#include "config/node.hpp"

namespace tenon::config {

/// An object of one object per table, in the document's arena. A table stands in the file as a map, or is
/// `{ csv: FILE, key: COLUMN }`: a comma-separated file, found from the pipeline file's folder, whose rows
/// become objects of texts by what stands in the column. Keys are strings.
Document read_tables(const Node* section, Report& report);

}  // namespace tenon::config
