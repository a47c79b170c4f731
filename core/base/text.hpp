// Small text helpers that several folders need.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tenon {

std::string_view trim(std::string_view text);
/// ASCII only, as header names and hosts want.
std::string to_lower(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);

/// The candidate nearest to `name` by edit distance, if one is near enough to be meant (at most a third of
/// its length and at most 3 edits; case alone always counts). For "did you mean".
std::optional<std::string> nearest(std::string_view name, std::span<const std::string> candidates);

/// Percent-encodes all but RFC 3986's unreserved characters.
std::string percent_encode(std::string_view text);
/// nullopt for a percent sign without two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text);

/// `name` as a part of a JSON pointer (RFC 6901).
std::string pointer_token(std::string_view name);

/// Replaces each `{name}` by lookup(name); nullopt if a name has no value.
template <class Lookup>
std::optional<std::string> fill_template(std::string_view text, Lookup&& lookup) {
  std::string out;
  while (!text.empty()) {
    const auto open = text.find('{');
    const auto close = text.find('}', open == std::string_view::npos ? 0 : open);
    if (open == std::string_view::npos || close == std::string_view::npos) break;
    out += text.substr(0, open);
    const std::optional<std::string> value = lookup(text.substr(open + 1, close - open - 1));
    if (!value) return std::nullopt;
    out += *value;
    text.remove_prefix(close + 1);
  }
  out += text;
  return out;
}

/// True for well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates).
bool is_utf8(std::string_view text);
/// Each byte that is part of no character becomes U+FFFD.
std::string as_utf8(std::string_view text);

}  // namespace tenon
