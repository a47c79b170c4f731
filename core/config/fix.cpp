#include "config/fix.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "config/loader.hpp"

namespace tenon::config {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; }
bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// `count` characters from `from` on, in bytes.
std::size_t bytes_of(std::string_view text, std::size_t from, std::size_t count) {
  std::size_t at = from;
  for (; count > 0 && at < text.size(); --count) {
    ++at;
    while (at < text.size() && is_continuation(text[at])) ++at;
  }
  return at - from;
}

/// Where the line begins that counts from 1.
std::size_t line_start(std::string_view text, int line) {
  std::size_t at = 0;
  for (; line > 1; --line) {
    const auto end = text.find('\n', at);
    if (end == std::string_view::npos) return text.size();
    at = end + 1;
  }
  return at;
}

std::string_view line_at(std::string_view text, std::size_t start) {
  std::string_view line = text.substr(start, text.find('\n', start) - start);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// The nearest name is told only if it is the one nearest.
std::string_view proposed(std::string_view message) {
  constexpr std::string_view kWords = "did you mean `";
  const auto at = message.rfind(kWords);
  if (at == std::string_view::npos) return {};
  const std::string_view name = message.substr(at + kWords.size());
  const auto end = name.find('`');
  return end == std::string_view::npos ? std::string_view() : name.substr(0, end);
}

std::optional<Edit> quoted(std::string_view value, std::size_t offset) {
  if (value.find_first_of("\"\\") == std::string_view::npos)
    return Edit{offset, value.size(), "\"" + std::string(value) + "\""};
  if (value.find('\'') == std::string_view::npos)
    return Edit{offset, value.size(), "'" + std::string(value) + "'"};
  return std::nullopt;
}

/// Quotes around what stands behind `key: ` on that line, up to its end: YAML cut it there, or took it apart.
std::optional<Edit> quote_value(std::string_view text, int line_number) {
  const std::size_t start = line_start(text, line_number);
  const std::string_view line = line_at(text, start);
  std::size_t at = line.find_first_not_of(" \t");
  while (at != std::string_view::npos && line.substr(at).starts_with("- "))
    at = line.find_first_not_of(' ', at + 2);
  if (at == std::string_view::npos) return std::nullopt;
  std::size_t key_end = at;
  while (key_end < line.size() &&
         (is_name_character(line[key_end]) || line[key_end] == '-' || line[key_end] == '$'))
    ++key_end;
  if (key_end > at && line.substr(key_end).starts_with(": ")) at = line.find_first_not_of(' ', key_end + 1);
  if (at == std::string_view::npos || line.find("${{", at) == std::string_view::npos) return std::nullopt;
  // In flow style the value's end is not the line's.
  if (std::string_view("\"'{[|>&*!").find(line[at]) != std::string_view::npos) return std::nullopt;
  std::string_view value = line.substr(at);
  while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
  // A comment behind the expression is none of its text.
  const auto close = value.rfind("}}");
  if (close == std::string_view::npos) return std::nullopt;
  if (const auto comment = value.find(" #", close); comment != std::string_view::npos) {
    value = value.substr(0, comment);
    while (value.ends_with(' ')) value.remove_suffix(1);
  }
  return quoted(value, start + at);
}

/// The name inside the stretch that the diagnostic shows: all of it, without quotes, or the last of a path.
std::optional<Edit> rename(std::string_view shown, std::size_t offset, std::string_view name) {
  const bool quotes =
      shown.size() >= 2 && (shown.front() == '"' || shown.front() == '\'') && shown.back() == shown.front();
  if (quotes) {
    shown = shown.substr(1, shown.size() - 2);
    ++offset;
  }
  if (name.find_first_of("\"'\\`") != std::string_view::npos) return std::nullopt;
  std::size_t from = 0;
  if (name.starts_with('$')) {
    from = shown.rfind('$');
  } else if (std::all_of(name.begin(), name.end(), is_name_character)) {
    from = shown.find_last_of(".$");
    from = from == std::string_view::npos ? 0 : from + 1;
  }
  if (from == std::string_view::npos) return std::nullopt;
  const std::string_view old = shown.substr(from);
  const bool plain = !old.empty() && old.find_first_of(" \t\"'`{}[](),#") == std::string_view::npos;
  if (!plain || old == name) return std::nullopt;
  return Edit{offset + from, old.size(), std::string(name)};
}

}  // namespace

std::optional<Edit> fix_of(const Diagnostic& diagnostic, std::string_view text) {
  if (diagnostic.position.line <= 0) return std::nullopt;
  const bool error = diagnostic.severity == Diagnostic::Severity::error;
  const std::size_t start = line_start(text, diagnostic.position.line);
  const std::size_t offset =
      start + bytes_of(text, start, static_cast<std::size_t>(std::max(0, diagnostic.position.column - 1)));
  const std::string_view shown =
      text.substr(std::min(offset, text.size()), bytes_of(text, offset, diagnostic.length));
  if (diagnostic.code == "ambiguous_text") return quoted(shown, offset);
  if (!error) return std::nullopt;
  const bool cut =
      diagnostic.code == "expression" && diagnostic.message.find("cut at ` #`") != std::string::npos;
  if (diagnostic.code == "expression_needs_quotes" || cut) return quote_value(text, diagnostic.position.line);
  const std::string_view name = proposed(diagnostic.message);
  return name.empty() ? std::nullopt : rename(shown, offset, name);
}

std::string apply_edits(std::string_view text, std::span<const Edit> edits) {
  std::vector<Edit> sorted(edits.begin(), edits.end());
  std::sort(sorted.begin(), sorted.end(), [](const Edit& a, const Edit& b) { return a.offset < b.offset; });
  std::string out;
  std::size_t at = 0;
  for (const Edit& edit : sorted) {
    if (edit.offset < at) continue;
    out += text.substr(at, edit.offset - at);
    out += edit.text;
    at = edit.offset + edit.length;
  }
  return out += text.substr(std::min(at, text.size()));
}

namespace {

using Place = std::tuple<int, int>;

Place place_of(const Diagnostic& diagnostic) {
  return {diagnostic.position.line, diagnostic.position.column};
}

class Mender {
 public:
  Mender(const plugin::Registry& registry, const Environment& environment, const std::string& path)
      : registry_(registry), environment_(environment), path_(path) {}

  Mended mended(std::string text) {
    constexpr int kMost = 200;
    for (int count = 0; count < kMost; ++count) {
      if (!mend_one(text)) break;
    }
    return {std::move(text), std::move(diff_)};
  }

 private:
  std::vector<Diagnostic> read(const std::string& text) const {
    auto all = load_text(path_, text, environment_, registry_).diagnostics;
    std::erase_if(all, [&](const Diagnostic& each) { return each.position.file != path_; });
    return all;
  }

  bool mend_one(std::string& text) {
    for (const Diagnostic& diagnostic : read(text)) {
      const auto edit = fix_of(diagnostic, text);
      if (!edit) continue;
      std::string made = apply_edits(text, std::span(&*edit, 1));
      if (!is_gone(diagnostic, made)) continue;
      tell(diagnostic, *edit, text);
      text = std::move(made);
      return true;
    }
    return false;
  }

  void tell(const Diagnostic& diagnostic, const Edit& edit, const std::string& text) {
    const std::size_t before = edit.offset == 0 ? std::string::npos : text.rfind('\n', edit.offset - 1);
    Edit inside = edit;
    inside.offset -= before == std::string::npos ? 0 : before + 1;
    const std::string& line = diagnostic.source_line;
    diff_ += "@@ line " + std::to_string(diagnostic.position.line) + " @@\n-" + line + "\n+" +
             apply_edits(line, std::span(&inside, 1)) + "\n";
  }

  /// Nothing of its weight stands there any more, and no key twice.
  bool is_gone(const Diagnostic& diagnostic, const std::string& text) const {
    const auto now = read(text);
    const bool quotes = diagnostic.code == "expression_needs_quotes";
    return std::none_of(now.begin(), now.end(), [&](const Diagnostic& each) {
      const bool heavier =
          each.severity == Diagnostic::Severity::error || each.severity == diagnostic.severity;
      const bool new_fault = !quotes && (each.code.starts_with("yaml_") || each.code == "duplicate_key");
      return (heavier && place_of(each) == place_of(diagnostic)) ||
             (new_fault && each.position.line == diagnostic.position.line);
    });
  }

  const plugin::Registry& registry_;
  const Environment& environment_;
  const std::string& path_;
  std::string diff_;
};

}  // namespace

Mended mend(const std::string& path, const std::string& text, const Environment& environment,
            const plugin::Registry& registry) {
  return Mender(registry, environment, path).mended(text);
}

}  // namespace tenon::config
