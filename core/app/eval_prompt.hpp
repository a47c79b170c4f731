// Reading expressions: from a person, with line editing, history and completion, or from a pipe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "trial/completion.hpp"

namespace tenon::app {

class LineReader {
 public:
  virtual ~LineReader() = default;
  /// The next line without its end; nullopt at the end of the input.
  virtual std::optional<std::string> read() = 0;
};

/// What may stand at the end of a text; the line up to the cursor.
using Completer = std::function<trial::Completion(const std::string& text)>;

/// On the terminal of stdin and stdout. Lines are kept in $XDG_STATE_HOME/tenon/eval_history (else
/// ~/.local/state), if that can be written.
std::unique_ptr<LineReader> make_prompt(Completer complete);

std::unique_ptr<LineReader> make_plain_reader();

}  // namespace tenon::app
