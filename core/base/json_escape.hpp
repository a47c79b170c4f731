// The escapes of JSON strings.
#pragma once

#include <string_view>

namespace tenon {

/// What the inside of a JSON string stands for, written to `to`, which has room for `text.size()` bytes; the
/// end of it, or nullptr for an unknown escape or half of a surrogate pair.
char* unescape_json(std::string_view text, char* to);

}  // namespace tenon
