// Small text helpers: queries, base64, hashes, dates.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "message.hpp"

namespace sandbox {

/// Percent-decoding; `plus` turns + into a space. Bad escapes stay as they are.
std::string url_decode(std::string_view text, bool plus);
std::string url_encode(std::string_view text);
/// Splits `a=b&c=d`.
Query parse_query(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char at);
std::string lower(std::string_view text);

std::string base64(std::string_view bytes);
/// Nothing if it is not base64 with padding.
std::optional<std::string> unbase64(std::string_view text);
/// Bytes, 32 of them.
std::string hmac_sha256(std::string_view key, std::string_view text);
/// Hexadecimal, 40 digits.
std::string sha1_hex(std::string_view text);

/// The whole text as a number without sign, of at most 18 digits.
std::optional<std::int64_t> whole_number(std::string_view text);
/// Characters, not bytes.
std::size_t characters(std::string_view utf8);
/// More opening brackets and braces in one another than that; those in strings count too.
bool nested_deeper(std::string_view json, std::size_t most);
/// Something@something.something, without blanks.
bool email_shaped(std::string_view text);

/// Milliseconds since 1970, by the wall clock.
std::int64_t wall_ms();
/// Milliseconds by a clock that never goes back.
double steady_ms();
/// 2026-11-24T02:48:03Z
std::string iso_seconds(std::int64_t ms);
/// 2026-11-24T02:48:03.123000+00:00
std::string iso_micros(std::int64_t ms);
/// Tue, 24 Nov 2026 02:48:03 +0000
std::string rfc2822(std::int64_t ms);
/// Seconds since 1970 of `2024-05-14`, `2024-05-14T09:34:00` with an optional fraction and zone, or an RFC
/// 2822 date.
std::optional<std::int64_t> parse_date(std::string_view text);

}  // namespace sandbox
