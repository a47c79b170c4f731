// Formats: what the keyword `format` of schemas asks of a string.
#pragma once

#include <span>
#include <string_view>

namespace tenon {

/// Names that `format` may have, in alphabetical order.
std::span<const std::string_view> format_names();

/// date-time and date as RFC 3339 writes them (with days that exist), date-rfc2822 (as in mail), email (one
/// @, a host name after it), uri (absolute, RFC 3986 characters), uuid (8-4-4-4-12), hostname (RFC 1123).
/// Unknown formats fit nothing.
bool fits_format(std::string_view format, std::string_view text);

}  // namespace tenon
