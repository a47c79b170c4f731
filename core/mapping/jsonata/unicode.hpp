// UTF-8 as the evaluator needs it: code points, and UTF-16 units where the reference counts in them. Halves
// of surrogate pairs, which JSONata's escapes can make, are kept as three bytes and replaced before a result
// leaves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tenon::mapping::jsonata {

constexpr bool is_high_surrogate(std::uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
constexpr bool is_low_surrogate(std::uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

void append_utf8(std::string& out, std::uint32_t code_point);

/// The code point at `at`, which moves behind it. Malformed bytes come out one by one.
std::uint32_t next_code_point(std::string_view text, std::size_t& at);

std::size_t count_code_points(std::string_view text);
std::size_t count_utf16_units(std::string_view text);
/// The byte offset of the n-th code point; the text's size if there are fewer.
std::size_t offset_of_code_point(std::string_view text, std::size_t n);

/// Orders as JavaScript does: by UTF-16 units. Negative, zero or positive.
int compare_utf16(std::string_view a, std::string_view b);

/// Unicode's full case mapping, as String.prototype.toUpperCase and toLowerCase.
std::string to_upper_case(std::string_view text);
std::string to_lower_case(std::string_view text);

bool holds_surrogates(std::string_view text);
/// Each half of a surrogate pair replaced by U+FFFD.
std::string without_surrogates(std::string_view text);

}  // namespace tenon::mapping::jsonata
