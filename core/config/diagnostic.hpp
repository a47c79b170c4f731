// Diagnostic: something wrong in a file that a person wrote, with its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace tenon::config {

/// A place in a file. Line and column count from 1, columns in characters; 0: the file as a whole.
struct Position {
  std::string file;
  int line = 0;
  int column = 0;
};

/// One error or warning. Texts hold no secret.
struct Diagnostic {
  enum class Severity : std::uint8_t { error, warning };
  Severity severity = Severity::error;
  Position position;
  std::size_t length = 1;   ///< characters from the position on that are meant, on that line
  std::string code;         ///< a stable word: `unknown_key`, `missing_variable`, ...
  std::string message;      ///< begins with the path of the key, if it is known: `trigger.events[0]: ...`
  std::string source_line;  ///< the line as it stands in the file; literal secrets in it are masked
};

/// For people: `file:line:column: error: message`, then the line with a caret below the place. Ends with a
/// newline unless there is nothing to say. `colour`: with ANSI colours, for terminals.
std::string render_text(std::span<const Diagnostic> diagnostics, bool colour);

/// For programs: the fields of docs/diagnostics.md.
std::string render_json(std::span<const Diagnostic> diagnostics);

}  // namespace tenon::config
