// A recorded request as a line for a shell: what somebody pastes to ask the remote the same again.
#pragma once

#include <string>
#include <string_view>

#include "base/value.hpp"

namespace tenon::app {

/// `curl …` for one exchange of a conversation; what was redacted is redacted in it. One line, for any shell
/// of POSIX: nothing in it is expanded, and control characters stand as `printf` escapes, so that neither the
/// shell nor the terminal does what a payload says. Empty for an entry that is no request.
std::string curl_line(Value exchange);

/// Why the line does not send the same bytes: the record holds a part of the body only. Empty if it does.
std::string curl_caveat(Value exchange);

/// `text` as one word of a shell.
std::string shell_word(std::string_view text);

}  // namespace tenon::app
