#include "app/cli/terminal.hpp"

#include <locale.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

namespace tenon::app {
namespace {

constexpr char32_t kNotUtf8 = 0xffffffff;

/// The code point at the front of `text`, which is taken off; kNotUtf8 for one byte that begins none.
char32_t next_character(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  const auto refuse = [&] {
    text.remove_prefix(1);
    return kNotUtf8;
  };
  if (length == 1) {
    text.remove_prefix(1);
    return first;
  }
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return refuse();
  char32_t code = first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0U) != 0x80U) return refuse();
    code = code << 6 | (byte & 0x3fU);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLeast[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return refuse();
  text.remove_prefix(length);
  return code;
}

bool steers(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x200e || code == 0x200f ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/// wcwidth of a code point; the locale is changed for this thread and this call only.
int width_of(char32_t code) {
  if (code < 0x80) return 1;
  static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (utf8 == nullptr) return 1;
  const locale_t before = uselocale(utf8);
  const int width = wcwidth(static_cast<wchar_t>(code));
  uselocale(before);
  return std::max(width, 0);
}

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

}  // namespace

Screen screen_of(int descriptor, ColorWish wish) {
  Screen screen;
  screen.terminal = isatty(descriptor) == 1;
  winsize size{};
  if (screen.terminal && ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    screen.width = size.ws_col;
  if (wish != ColorWish::automatic) {
    screen.color = wish == ColorWish::always;
  } else if (!variable("NO_COLOR").empty()) {
    screen.color = false;
  } else if (!variable("CLICOLOR_FORCE").empty() && variable("CLICOLOR_FORCE") != "0") {
    screen.color = true;
  } else {
    screen.color = screen.terminal && variable("TERM") != "dumb" && variable("CLICOLOR") != "0";
  }
  return screen;
}

std::string paint(std::string_view text, Style style, bool color) {
  static constexpr const char* kCodes[] = {"", "1", "2", "31", "32", "33", "36"};
  if (!color || style == Style::plain || text.empty()) return std::string(text);
  return "\033[" + std::string(kCodes[static_cast<std::size_t>(style)]) + "m" + std::string(text) + "\033[0m";
}

std::string printable(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t code = next_character(text);
    const std::string_view taken = before.substr(0, before.size() - text.size());
    if (code == kNotUtf8 || (steers(code) && code < 0x100)) {
      const auto byte = static_cast<unsigned char>(taken.back());
      out += std::string("\\x") + kHex[byte >> 4] + kHex[byte & 15];
    } else if (steers(code)) {
      out += "\\u";
      for (int shift = 12; shift >= 0; shift -= 4) out += kHex[code >> shift & 15];
    } else {
      out += taken;
    }
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) width += static_cast<std::size_t>(width_of(next_character(text)));
  return width;
}

std::string cut(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return "";
  std::size_t used = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view before = rest;
    const auto wide = static_cast<std::size_t>(width_of(next_character(rest)));
    if (used + wide > width - 1) return std::string(text.substr(0, text.size() - before.size())) + "…";
    used += wide;
  }
  return std::string(text);
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  std::size_t used = 0;
  while (!text.empty()) {
    if (text.front() == '\n') {
      lines.emplace_back();
      used = 0;
      text.remove_prefix(1);
      continue;
    }
    const std::size_t spaces = std::min(text.find_first_not_of(' '), text.size());
    const std::size_t end = std::min(text.find_first_of(" \n", spaces), text.size());
    const std::size_t wide = display_width(text.substr(0, end));
    if (used > 0 && used + wide > width) {
      lines.emplace_back(text.substr(spaces, end - spaces));
      used = wide - spaces;
    } else {
      lines.back() += text.substr(0, end);
      used += wide;
    }
    text.remove_prefix(end);
  }
  return lines;
}

}  // namespace tenon::app
