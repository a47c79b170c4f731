// Terminal: what is at the other end of stdout and stderr, and text made fit for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::app {

enum class ColorWish : std::uint8_t { automatic, always, never };

/// One of the two streams.
struct Screen {
  bool terminal = false;   ///< a person looks at it: tables are aligned, progress is drawn
  bool color = false;      ///< may differ from `terminal`: NO_COLOR, TERM=dumb, CLICOLOR_FORCE, --color
  std::size_t width = 80;  ///< columns; of a terminal only
};

/// What the environment and the descriptor say. `wish` beats NO_COLOR, which beats CLICOLOR_FORCE, which
/// beats CLICOLOR=0 and TERM=dumb (https://no-color.org, https://bixense.com/clicolors).
Screen screen_of(int descriptor, ColorWish wish);

enum class Style : std::uint8_t { plain, strong, faint, red, green, yellow, cyan };

/// `text` in that style if `color`, else as it is. `text` is already printable.
std::string paint(std::string_view text, Style style, bool color);

/// Text of others made safe: control characters (C0, DEL, C1), marks that turn the direction of writing, and
/// bytes that are no UTF-8 are shown as \x1b or \u202e, so that no payload can draw on the terminal.
std::string printable(std::string_view text);

/// Columns that printable text takes: wide characters count two, combining ones none.
std::size_t display_width(std::string_view text);

/// At most `width` columns; what was cut ends in `…`.
std::string cut(std::string_view text, std::size_t width);

/// Lines of at most `width` columns, broken at spaces; a longer word stays whole. Line ends are kept.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

}  // namespace tenon::app
