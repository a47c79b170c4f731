#include "base/json_escape.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace tenon {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The four hexadecimal digits at `text`; -1 if they are none.
std::int32_t code_unit(std::string_view text) {
  if (text.size() < 4) return -1;
  std::int32_t unit = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const int digit = hex_digit(text[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

char* write_utf8(std::uint32_t c, char* to) {
  if (c < 0x80) {
    *to++ = static_cast<char>(c);
    return to;
  }
  if (c < 0x800) {
    *to++ = static_cast<char>(0xC0 | (c >> 6));
  } else {
    if (c < 0x10000) {
      *to++ = static_cast<char>(0xE0 | (c >> 12));
    } else {
      *to++ = static_cast<char>(0xF0 | (c >> 18));
      *to++ = static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    }
    *to++ = static_cast<char>(0x80 | ((c >> 6) & 0x3F));
  }
  *to++ = static_cast<char>(0x80 | (c & 0x3F));
  return to;
}

/// Takes a `\u` escape (`text` begins behind the u) and, if it is half of a pair, the other one.
char* take_unicode(std::string_view& text, char* to) {
  const std::int32_t first = code_unit(text);
  if (first < 0 || (first >= 0xDC00 && first < 0xE000)) return nullptr;
  text.remove_prefix(4);
  if (first < 0xD800 || first >= 0xDC00) return write_utf8(static_cast<std::uint32_t>(first), to);
  if (!text.starts_with("\\u")) return nullptr;
  text.remove_prefix(2);
  const std::int32_t second = code_unit(text);
  if (second < 0xDC00 || second >= 0xE000) return nullptr;
  text.remove_prefix(4);
  return write_utf8(static_cast<std::uint32_t>(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)), to);
}

}  // namespace

char* unescape_json(std::string_view text, char* to) {
  static constexpr std::string_view kLetters = "\"\\/bfnrt";
  static constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
  while (!text.empty()) {
    const std::size_t plain = std::min(text.find('\\'), text.size());
    std::memcpy(to, text.data(), plain);
    to += plain;
    text.remove_prefix(plain);
    if (text.empty()) break;
    if (text.size() < 2) return nullptr;
    const char letter = text[1];
    text.remove_prefix(2);
    if (letter == 'u') {
      to = take_unicode(text, to);
      if (to == nullptr) return nullptr;
      continue;
    }
    const std::size_t at = kLetters.find(letter);
    if (at == std::string_view::npos) return nullptr;
    *to++ = kMeant[at];
  }
  return to;
}

}  // namespace tenon
