// Where each byte of a scalar stands in the source.
#include <algorithm>
#include <string>
#include <string_view>

#include "config/yaml.hpp"

namespace tenon::config {
namespace {

constexpr std::string_view kOverLines =
    "this text runs over lines: is a quote, `]` or `}` missing? Text of several lines is written as a `|-` "
    "block";

bool over_lines(Node& node, Report& report) {
  const Source& source = report.source();
  const std::size_t line = source.line_of(node.at.offset);
  node.at.length = source.line_start(line) + source.line(line).size() - node.at.offset;
  report.error(node.at, "yaml_over_lines", std::string(kOverLines));
  return false;
}

bool locate_plain(Node& node, Report& report) {
  if (report.source().text().substr(node.at.offset, node.text.size()) != node.text)
    return over_lines(node, report);
  node.at.length = node.text.size();
  for (std::size_t i = 0; i <= node.text.size(); ++i) {
    node.offsets.push_back(static_cast<std::uint32_t>(node.at.offset + i));
  }
  return true;
}

std::size_t utf8_size(unsigned code) {
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}

/// What an escape comes to: bytes of the source behind the backslash, and of the text.
struct Escape {
  std::size_t source = 1;
  std::size_t text = 1;
};

Escape read_escape(std::string_view behind) {
  Escape escape;
  if (behind.empty()) return escape;
  const std::size_t digits = behind[0] == 'x' ? 2 : behind[0] == 'u' ? 4 : behind[0] == 'U' ? 8 : 0;
  if (digits > 0) {
    unsigned code = 0;
    for (const char c : behind.substr(1, digits)) {
      const unsigned digit =
          c <= '9' ? static_cast<unsigned>(c - '0') : (static_cast<unsigned>(c) | 32U) - 'a' + 10;
      code = code << 4U | (digit & 15U);
    }
    escape = {1 + digits, utf8_size(code)};
  } else if (behind[0] == 'N' || behind[0] == '_') {
    escape.text = 2;
  } else if (behind[0] == 'L' || behind[0] == 'P') {
    escape.text = 3;
  }
  return escape;
}

bool locate_quoted(Node& node, Report& report) {
  const std::string_view text = report.source().text();
  const char quote = text[node.at.offset];
  std::size_t at = node.at.offset + 1;
  while (at < text.size() && text[at] != '\n') {
    const auto here = static_cast<std::uint32_t>(at);
    if (text[at] == quote) {
      if (quote == '"' || at + 1 >= text.size() || text[at + 1] != '\'') break;
      at += 2;
      node.offsets.push_back(here);
    } else if (text[at] == '\\' && quote == '"') {
      if (at + 1 < text.size() && (text[at + 1] == '\n' || text[at + 1] == '\r'))
        return over_lines(node, report);
      const Escape escape = read_escape(text.substr(at + 1));
      node.offsets.insert(node.offsets.end(), escape.text, here);
      at += 1 + escape.source;
    } else {
      node.offsets.push_back(here);
      ++at;
    }
  }
  if (at >= text.size() || text[at] != quote) return over_lines(node, report);
  node.at.length = at + 1 - node.at.offset;
  node.offsets.push_back(static_cast<std::uint32_t>(at));
  if (node.offsets.size() != node.text.size() + 1) node.offsets.clear();
  return true;
}

/// A `|` block whose lines stand in the source as they do in the text; a `>` block is not followed.
void locate_block(Node& node, Report& report) {
  const Source& source = report.source();
  node.at.length = 1;
  if (source.text()[node.at.offset] != '|') return;
  std::size_t line = source.line_of(node.at.offset) + 1;
  std::size_t indent = std::string_view::npos;
  for (std::size_t probe = line; probe < source.line_count() && indent == std::string_view::npos; ++probe) {
    indent = source.line(probe).find_first_not_of(' ');
  }
  if (indent == std::string_view::npos) return;
  std::size_t at = 0;
  while (at < node.text.size() && line < source.line_count()) {
    const std::string_view content = source.line(line).substr(std::min(indent, source.line(line).size()));
    const std::size_t from = source.line_start(line) + std::min(indent, source.line(line).size());
    if (node.text.compare(at, content.size(), content) != 0) break;
    for (std::size_t i = 0; i <= content.size() && at < node.text.size(); ++i, ++at) {
      node.offsets.push_back(static_cast<std::uint32_t>(from + i));
    }
    ++line;
  }
  if (node.offsets.size() != node.text.size() || node.offsets.empty()) {
    node.offsets.clear();
    return;
  }
  node.offsets.push_back(node.offsets.back() + 1);
}

}  // namespace

bool locate_scalar(Node& node, Report& report) {
  switch (node.style) {
    case Node::Style::plain:
      return locate_plain(node, report);
    case Node::Style::single_quoted:
    case Node::Style::double_quoted:
      return locate_quoted(node, report);
    case Node::Style::block:
      locate_block(node, report);
      return true;
  }
  return true;
}

const Node* Node::find(std::string_view name) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const NodeMember& member) { return member.key.text == name; });
  return found == members.end() ? nullptr : &found->value;
}

Span Node::span(std::size_t from, std::size_t length) const {
  if (offsets.empty()) return at;
  const std::size_t begin = std::min(from, offsets.size() - 1);
  const std::size_t end = std::min(begin + length, offsets.size() - 1);
  return {offsets[begin], std::max<std::size_t>(1, offsets[end] - offsets[begin])};
}

}  // namespace tenon::config
