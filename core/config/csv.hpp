// parse_csv: RFC 4180 (https://www.rfc-editor.org/rfc/rfc4180), strictly, with the line of each row.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tenon::config {

struct CsvRow {
  std::vector<std::string> cells;
  int line = 0;  ///< where it begins, from 1
};

/// All rows, the header too; empty lines are left out. LF and CRLF end a row; a byte order mark is passed by.
/// Errors: `invalid_csv`, beginning with the line: a quote that is not closed or stands inside a bare cell,
/// what is no UTF-8, a NUL. Debian's libcsv tells no line of an error and takes quotes anywhere.
Result<std::vector<CsvRow>> parse_csv(std::string_view text);

}  // namespace tenon::config
