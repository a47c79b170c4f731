// slice: the text of one value inside a JSON text, byte for byte, so that numbers travel as they are written.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenon {

namespace sdk {

/// Walks JSON without recursion and without trusting it: on broken text it stops early, it never reads
/// outside.
class json_walker {
 public:
  explicit json_walker(std::string_view text) : text_(text) {}

  void space() noexcept {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }
  char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char wanted) noexcept {
    space();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  std::size_t position() const noexcept { return at_; }

  /// A string with its quotes; empty if none stands here.
  std::string_view string() noexcept {
    space();
    const auto start = at_;
    if (peek() != '"') return {};
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == '"') {
        ++at_;
        return text_.substr(start, at_ - start);
      }
    }
    at_ = text_.size();
    return {};
  }
  /// Any value; empty if the text breaks off.
  std::string_view value() noexcept {
    space();
    const auto start = at_;
    std::size_t depth = 0;
    do {
      space();
      if (at_ >= text_.size()) return {};
      const char c = text_[at_];
      if (c == '"') {
        if (string().empty()) return {};
      } else if (c == '{' || c == '[') {
        ++depth;
        ++at_;
      } else if (c == '}' || c == ']') {
        if (depth == 0) return {};
        --depth;
        ++at_;
      } else if (c == ',' || c == ':') {
        if (depth == 0) return {};
        ++at_;
      } else {
        while (at_ < text_.size() &&
               std::string_view(" \t\r\n,:]}{[\"").find(text_[at_]) == std::string_view::npos)
          ++at_;
      }
    } while (depth > 0);
    return text_.substr(start, at_ - start);
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

inline void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += {static_cast<char>(0xC0 | (code >> 6)), static_cast<char>(0x80 | (code & 63))};
  } else if (code < 0x10000) {
    out += {static_cast<char>(0xE0 | (code >> 12)), static_cast<char>(0x80 | ((code >> 6) & 63)),
            static_cast<char>(0x80 | (code & 63))};
  } else {
    out += {static_cast<char>(0xF0 | (code >> 18)), static_cast<char>(0x80 | ((code >> 12) & 63)),
            static_cast<char>(0x80 | ((code >> 6) & 63)), static_cast<char>(0x80 | (code & 63))};
  }
}

/// Four hexadecimal digits; nothing if there are none.
inline std::optional<std::uint32_t> hex4(std::string_view text) noexcept {
  std::uint32_t code = 0;
  if (text.size() < 4) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + 4, code, 16);
  if (error != std::errc() || end != text.data() + 4) return std::nullopt;
  return code;
}

/// The characters of a quoted JSON string.
inline std::string unquoted(std::string_view quoted) {
  std::string out;
  if (quoted.size() < 2) return out;
  const auto text = quoted.substr(1, quoted.size() - 2);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    constexpr std::string_view kLetters = "bfnrt";
    const char c = text[++i];
    const auto code = c == 'u' ? hex4(text.substr(i + 1)) : std::nullopt;
    if (const auto at = kLetters.find(c); at != std::string_view::npos) {
      out += "\b\f\n\r\t"[at];
    } else if (!code) {
      out += c;
    } else {
      i += 4;
      auto full = *code;
      const auto low = full >= 0xD800 && full < 0xDC00 && text.substr(i + 1, 2) == "\\u"
                           ? hex4(text.substr(i + 3))
                           : std::nullopt;
      if (low && *low >= 0xDC00 && *low < 0xE000) {
        full = 0x10000 + ((full - 0xD800) << 10) + (*low - 0xDC00);
        i += 6;
      }
      append_utf8(out, full);
    }
  }
  return out;
}

/// Whether a quoted JSON string says `wanted`.
inline bool says(std::string_view quoted, std::string_view wanted) {
  if (quoted.find('\\') != std::string_view::npos) return unquoted(quoted) == wanted;
  return quoted.size() >= 2 && quoted.substr(1, quoted.size() - 2) == wanted;
}

/// The value of one step of a pointer; empty if there is none.
inline std::string_view child(std::string_view parent, std::string_view step) {
  json_walker walk(parent);
  if (walk.take('{')) {
    while (true) {
      const auto name = walk.string();
      if (name.empty() || !walk.take(':')) return {};
      const auto value = walk.value();
      if (value.empty() || says(name, step)) return value;
      if (!walk.take(',')) return {};
    }
  }
  if (!walk.take('[')) return {};
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
  if (error != std::errc() || end != step.data() + step.size()) return {};
  if (step.size() > 1 && step.front() == '0') return {};
  while (true) {
    const auto value = walk.value();
    if (value.empty() || index-- == 0) return value;
    if (!walk.take(',')) return {};
  }
}

}  // namespace sdk

/// The text of the value at a JSON pointer (RFC 6901) in `json`, as written; a view into it. Empty if there
/// is none. Checks only what it must walk over: use it on texts that a parser has seen, or where a broken one
/// may go on.
inline std::string_view slice(std::string_view json, std::string_view pointer) {
  sdk::json_walker walk(json);
  auto here = walk.value();
  while (!here.empty() && !pointer.empty()) {
    if (pointer.front() != '/') return {};
    pointer.remove_prefix(1);
    const auto end = pointer.find('/');
    const auto raw = pointer.substr(0, end);
    pointer = end == std::string_view::npos ? std::string_view() : pointer.substr(end);
    std::string step;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] == '~' && i + 1 < raw.size() && (raw[i + 1] == '0' || raw[i + 1] == '1'))
        step += raw[++i] == '0' ? '~' : '/';
      else
        step += raw[i];
    }
    here = sdk::child(here, step);
  }
  return here;
}

}  // namespace tenon
