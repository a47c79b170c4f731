#include "config/yaml_explain.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace tenon::config {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kWords = {{
    {"end of map not found", "this does not fit the map around it: check the indentation and the quotes"},
    {"end of sequence not found",
     "this does not fit the list around it: check the indentation and the quotes"},
    {"end of map flow not found", "expected `,` or `}` here: is a quote missing?"},
    {"end of sequence flow not found", "expected `,` or `]` here: is a quote missing?"},
    {"illegal flow end", "a closing bracket without its opening one"},
    {"illegal map value", "`:` begins a value where none may stand: text that holds `: ` needs quotes"},
    {"illegal map key", "a key where none may stand: check the indentation"},
    {"illegal block entry", "`- ` where no list may stand: check the indentation"},
    {"unknown token", "no value begins like this: text that begins with such a character needs quotes"},
    {"illegal EOF in scalar", "the file ends inside a text: is a quote missing?"},
    {"illegal document indicator in scalar", "`---` or `...` inside a text: is a quote missing?"},
    {"the referenced anchor is not defined",
     "YAML aliases are not used here (text that begins with `*` needs quotes)"},
    {"illegal tab when looking for indentation", "a tab in the indentation: use spaces"},
    {"aliases can't have any content, *including* tags", "YAML aliases are not used here: write it out"},
    {"cannot set zero indentation for a block scalar", "the indentation of a block is 1 to 9"},
    {"unexpected character in block scalar", "behind `|` only `-`, `+` or a digit may stand"},
}};

std::string in_our_words(const std::string& message) {
  if (message.starts_with("unknown escape character"))
    return "there is no such escape in double quotes; write `\\\\` for one `\\`";
  const auto found =
      std::find_if(kWords.begin(), kWords.end(), [&](const auto& entry) { return entry.first == message; });
  return found == kWords.end() ? "this is no YAML: " + message : std::string(found->second);
}

/// How to quote the expression that YAML took apart.
std::string how_to_quote(const Node& last, const std::string& message) {
  switch (last.style) {
    case Node::Style::double_quoted:
      return "a `\"` inside the expression ends the text in \"…\": write texts inside it with '…'";
    case Node::Style::single_quoted:
      return "a `'` inside the expression ends the text in '…': write \"…\" around the value";
    default:
      break;
  }
  if (message == "illegal map value") {
    return "`: ` ends the text in the middle of the expression: quote the value, \"${{ … }}\", with '…' for "
           "texts inside it";
  }
  return "YAML takes this expression apart: quote the value, \"${{ … }}\", with '…' for texts inside it";
}

}  // namespace

void explain_yaml_error(Report& report, int line, int column, const std::string& message, const Node& last) {
  const Source& source = report.source();
  const auto at_line = static_cast<std::size_t>(std::max(line, 0));
  const std::size_t offset = std::min(
      source.line_start(at_line) + static_cast<std::size_t>(std::max(column, 0)), source.text().size());
  const bool escape = message.starts_with("unknown escape character");
  if (!escape && source.line(source.line_of(offset)).find("${{") != std::string_view::npos) {
    const bool same_line = last.is_text() && source.line_of(last.at.offset) == source.line_of(offset) &&
                           last.text.find("${{") != std::string::npos;
    const Node none;
    report.error({offset, 1}, "expression_needs_quotes", how_to_quote(same_line ? last : none, message));
    return;
  }
  // At the end of a file there is nothing to point to.
  const bool at_end = offset >= source.text().size();
  const std::size_t shown = at_end && offset > 0 ? source.text().find_last_not_of(" \r\n") : offset;
  report.error({shown == std::string_view::npos ? offset : shown, 1}, "yaml_syntax", in_our_words(message));
}

}  // namespace tenon::config
