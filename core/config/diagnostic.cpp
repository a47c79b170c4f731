#include "config/diagnostic.hpp"

#include <algorithm>

#include "base/json.hpp"

namespace tenon::config {
namespace {

constexpr std::size_t kMostShown = 140;  // characters of a source line

/// A line as characters: each element is one code point's bytes.
std::vector<std::string> characters_of(std::string_view line) {
  std::vector<std::string> all;
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0U) == 0x80U && !all.empty()) {
      all.back() += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      all.emplace_back("?");  // nothing in a file may steer the terminal
    } else {
      all.emplace_back(1, c);
    }
  }
  return all;
}

struct Colours {
  const char* bold = "";
  const char* red = "";
  const char* yellow = "";
  const char* green = "";
  const char* reset = "";
};

constexpr Colours kNoColours;
constexpr Colours kAnsi{"\033[1m", "\033[1;31m", "\033[1;33m", "\033[1;32m", "\033[0m"};

/// The key's path that a message begins with; empty if it begins with something else.
std::string_view path_in(std::string_view message) {
  const auto end = message.find(": ");
  if (end == std::string_view::npos) return {};
  const std::string_view path = message.substr(0, end);
  const bool is_path = path.find_first_of(" `\"(") == std::string_view::npos;
  return is_path ? path : std::string_view();
}

/// The name behind "did you mean `".
std::string_view suggestion_in(std::string_view message) {
  constexpr std::string_view kWords = "did you mean `";
  const auto at = message.rfind(kWords);
  if (at == std::string_view::npos) return {};
  const std::string_view name = message.substr(at + kWords.size());
  return name.substr(0, name.find('`'));
}

void append_source(std::string& out, const Diagnostic& d, const Colours& colours) {
  const auto all = characters_of(d.source_line);
  const std::size_t column = std::min(static_cast<std::size_t>(d.position.column - 1), all.size());
  std::size_t first = 0;
  while (first < column && all[first] == " ") ++first;
  bool cut_before = false;
  if (column - first > kMostShown - 40) {
    first = column - 60;
    cut_before = true;
  }
  const std::size_t end = std::min(all.size(), first + kMostShown);
  out += cut_before ? "   …" : "    ";
  for (std::size_t i = first; i < end; ++i) out += all[i];
  if (end < all.size()) out += "…";
  out += "\n    ";
  out.append(column - first, ' ');
  out += colours.green;
  out += '^';
  const std::size_t shown = std::max<std::size_t>(1, std::min(d.length, end > column ? end - column : 1));
  out.append(shown - 1, '~');
  out += colours.reset;
  out += '\n';
}

}  // namespace

std::string render_text(std::span<const Diagnostic> diagnostics, bool colour) {
  const Colours& colours = colour ? kAnsi : kNoColours;
  std::string out;
  for (const Diagnostic& d : diagnostics) {
    const bool error = d.severity == Diagnostic::Severity::error;
    out += colours.bold;
    out += d.position.file;
    if (d.position.line > 0) {
      out += ':' + std::to_string(d.position.line) + ':' + std::to_string(d.position.column);
    }
    out += ": ";
    out += error ? colours.red : colours.yellow;
    out += error ? "error: " : "warning: ";
    out += colours.reset;
    out += d.message;
    out += '\n';
    if (d.position.line > 0) append_source(out, d, colours);
  }
  return out;
}

std::string render_json(std::span<const Diagnostic> diagnostics) {
  std::string out = R"({"diagnostics":[)";
  const auto field = [&out](std::string_view name, std::string_view text) {
    append_json_string(out, name);
    out += ':';
    append_json_string(out, text);
    out += ',';
  };
  const auto number = [&out](std::string_view name, std::size_t value) {
    append_json_string(out, name);
    out += ':' + std::to_string(value);
    out += ',';
  };
  for (const Diagnostic& d : diagnostics) {
    if (out.back() == '}') out += ',';
    out += '{';
    field("severity", d.severity == Diagnostic::Severity::error ? "error" : "warning");
    field("file", d.position.file);
    number("line", static_cast<std::size_t>(d.position.line));
    number("column", static_cast<std::size_t>(d.position.column));
    number("length", d.length);
    number("end", static_cast<std::size_t>(d.position.column) + (d.position.line > 0 ? d.length : 0));
    field("code", d.code);
    if (const std::string_view path = path_in(d.message); !path.empty()) field("path", path);
    field("message", d.message);
    if (const std::string_view name = suggestion_in(d.message); !name.empty()) field("suggestion", name);
    out.back() = '}';
  }
  return out + "]}";
}

}  // namespace tenon::config
