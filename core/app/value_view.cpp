#include "app/value_view.hpp"

#include <algorithm>

#include "base/json.hpp"

namespace tenon::app {
namespace {

class Writer {
 public:
  explicit Writer(bool color) : color_(color) {}

  std::string write(Value value, std::size_t indent) {
    switch (value.kind()) {
      case Kind::string:
        return paint(printable(to_json(value)), Style::green, color_);
      case Kind::number:
        return paint(to_json(value), Style::yellow, color_);
      case Kind::array:
        return list(value, indent);
      case Kind::object:
        return object(value, indent);
      case Kind::missing:
        return {};
      default:
        return paint(to_json(value), Style::faint, color_);
    }
  }

 private:
  /// Short enough for one line, and nothing nested in it.
  static bool is_short(Value value) {
    constexpr std::size_t kMost = 60;
    const auto plain = [](Value part) { return !part.is_array() && !part.is_object(); };
    const bool flat = value.is_array()
                          ? std::all_of(value.items().begin(), value.items().end(), plain)
                          : std::all_of(value.members().begin(), value.members().end(),
                                        [&](const Member& member) { return plain(member.value); });
    return flat && to_json(value).size() <= kMost;
  }

  std::string list(Value value, std::size_t indent) {
    const bool one_line = is_short(value);
    std::string out = "[";
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0) out += one_line ? ", " : ",";
      if (!one_line) out += "\n" + std::string(indent + 2, ' ');
      out += write(value.items()[i], indent + 2);
    }
    return out + (one_line ? "]" : "\n" + std::string(indent, ' ') + "]");
  }

  std::string object(Value value, std::size_t indent) {
    if (value.size() == 0) return "{}";
    const bool one_line = is_short(value);
    std::string out = one_line ? "{ " : "{";
    bool first = true;
    for (const Member& member : value.members()) {
      if (member.value.is_missing() || member.value.is_function()) continue;
      if (!first) out += one_line ? ", " : ",";
      first = false;
      if (!one_line) out += "\n" + std::string(indent + 2, ' ');
      out += paint(printable(json_string(member.name)), Style::cyan, color_) + ": " +
             write(member.value, indent + 2);
    }
    return out + (one_line ? " }" : "\n" + std::string(indent, ' ') + "}");
  }

  bool color_;
};

}  // namespace

std::string render_value(Value value, const Screen& screen) { return Writer(screen.color).write(value, 0); }

std::string type_text(Value value) {
  const std::string name(name_of(value.kind()));
  switch (value.kind()) {
    case Kind::array:
      return "an array of " + std::to_string(value.size());
    case Kind::object:
      return "an object of " + std::to_string(value.size());
    case Kind::missing:
    case Kind::null:
      return name;
    default:
      return "a " + name;
  }
}

std::string with_caret(std::string_view text, std::size_t offset, std::size_t length) {
  offset = std::min(offset, text.size());
  const auto before = text.rfind('\n', offset == 0 ? 0 : offset - 1);
  const std::size_t begin = before == std::string_view::npos || offset == 0 ? 0 : before + 1;
  const std::string_view line = text.substr(begin, text.find('\n', begin) - begin);
  const std::size_t column = std::min(offset - std::min(offset, begin), line.size());
  const std::size_t width = std::max<std::size_t>(1, display_width(printable(line.substr(column, length))));
  return "  " + printable(line) + "\n  " +
         std::string(display_width(printable(line.substr(0, column))), ' ') + "^" +
         std::string(width - 1, '~');
}

}  // namespace tenon::app
