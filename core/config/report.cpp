#include "config/report.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/text.hpp"

namespace tenon::config {
namespace {

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

}  // namespace

Source::Source(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)) {
  starts_.push_back(0);
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') starts_.push_back(i + 1);
  }
}

std::size_t Source::line_start(std::size_t line) const {
  return line < starts_.size() ? starts_[line] : text_.size();
}

std::size_t Source::line_of(std::size_t offset) const {
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
  return static_cast<std::size_t>(after - starts_.begin()) - 1;
}

std::string_view Source::line(std::size_t line) const {
  const std::size_t from = line_start(line);
  std::string_view text = std::string_view(text_).substr(from, line_start(line + 1) - from);
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

Position Source::position(std::size_t offset) const {
  const std::size_t line_index = line_of(offset);
  const std::size_t from = line_start(line_index);
  const std::size_t column = characters(std::string_view(text_).substr(from, offset - from));
  return {name_, static_cast<int>(line_index) + 1, static_cast<int>(column) + 1};
}

void Report::add(Diagnostic::Severity severity, Span at, std::string code, std::string message) {
  at.offset = std::min(at.offset, source_.text().size());
  entries_.push_back({severity, at, std::move(code), std::move(message)});
  if (severity == Diagnostic::Severity::error) ++errors_;
}

void Report::file_error(std::string code, std::string message) {
  entries_.push_back({Diagnostic::Severity::error, {0, 0}, std::move(code), std::move(message), true});
  ++errors_;
}

std::string Report::shown_line(std::size_t line) const {
  const std::size_t from = source_.line_start(line);
  std::string text(source_.line(line));
  for (const Span& mask : masks_) {
    const std::size_t begin = std::max(mask.offset, from);
    const std::size_t end = std::min(mask.offset + mask.length, from + text.size());
    for (std::size_t at = begin; at < end; ++at) text[at - from] = '*';
  }
  return text;
}

Diagnostic Report::finish(Entry&& entry) const {
  Diagnostic made;
  made.severity = entry.severity;
  made.code = std::move(entry.code);
  made.message = std::move(entry.message);
  made.position.file = source_.name();
  if (entry.whole_file) return made;
  made.position = source_.position(entry.at.offset);
  const std::size_t line = source_.line_of(entry.at.offset);
  made.source_line = shown_line(line);
  const std::size_t column = std::min(entry.at.offset - source_.line_start(line), made.source_line.size());
  made.length = std::max<std::size_t>(
      1, characters(std::string_view(made.source_line).substr(column, entry.at.length)));
  return made;
}

std::vector<Diagnostic> Report::take() {
  const auto key = [](const Entry& e) { return std::make_tuple(!e.whole_file, e.at.offset); };
  std::stable_sort(entries_.begin(), entries_.end(),
                   [&](const Entry& a, const Entry& b) { return key(a) < key(b); });
  const auto same = [](const Entry& a, const Entry& b) {
    if (a.whole_file != b.whole_file || a.at.offset != b.at.offset) return false;
    // What YAML does not allow is said once; what it would mean does not matter.
    return a.message == b.message || a.code.starts_with("yaml_");
  };
  entries_.erase(std::unique(entries_.begin(), entries_.end(), same), entries_.end());
  std::vector<Diagnostic> all;
  for (Entry& entry : entries_) {
    if (all.size() == kMost) {
      Diagnostic more;
      more.severity = errors_ > 0 ? Diagnostic::Severity::error : Diagnostic::Severity::warning;
      more.position.file = source_.name();
      more.code = "more";
      more.message = std::to_string(entries_.size() - kMost) + " more are not shown";
      all.push_back(std::move(more));
      break;
    }
    all.push_back(finish(std::move(entry)));
  }
  entries_.clear();
  return all;
}

std::string suggestion(std::string_view name, std::span<const std::string> known) {
  const auto near = nearest(name, known);
  return near ? "; did you mean `" + *near + "`?" : "";
}

}  // namespace tenon::config
