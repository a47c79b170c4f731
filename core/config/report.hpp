// Source and Report: one file's text, and what is wrong with it, by byte offset.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.hpp"

namespace tenon::config {

/// A file's bytes with its lines. Lines count from 0 here.
class Source {
 public:
  Source(std::string name, std::string text);

  const std::string& name() const { return name_; }
  std::string_view text() const { return text_; }
  std::size_t line_count() const { return starts_.size(); }
  /// Offset of a line's first byte; the text's size beyond the last line.
  std::size_t line_start(std::size_t line) const;
  std::size_t line_of(std::size_t offset) const;
  /// Without its line break.
  std::string_view line(std::size_t line) const;
  Position position(std::size_t offset) const;

 private:
  std::string name_;
  std::string text_;
  std::vector<std::size_t> starts_;
};

/// A stretch of the source.
struct Span {
  std::size_t offset = 0;
  std::size_t length = 1;
};

/// Collects the diagnostics of one file; the source outlives it.
class Report {
 public:
  explicit Report(const Source& source) : source_(source) {}

  void error(Span at, std::string code, std::string message) {
    add(Diagnostic::Severity::error, at, std::move(code), std::move(message));
  }
  void warning(Span at, std::string code, std::string message) {
    add(Diagnostic::Severity::warning, at, std::move(code), std::move(message));
  }
  /// About the file as a whole.
  void file_error(std::string code, std::string message);

  /// The stretch is shown as `***` in every source line of this report.
  void mask(Span secret) { masks_.push_back(secret); }

  bool has_errors() const { return errors_ > 0; }
  std::size_t errors() const { return errors_; }
  const Source& source() const { return source_; }

  /// All of them in the order of the file, each once; at most kMost, and then one that says so.
  std::vector<Diagnostic> take();

  static constexpr std::size_t kMost = 100;

 private:
  struct Entry {
    Diagnostic::Severity severity;
    Span at;
    std::string code;
    std::string message;
    bool whole_file = false;
  };
  void add(Diagnostic::Severity severity, Span at, std::string code, std::string message);
  std::string shown_line(std::size_t line) const;
  Diagnostic finish(Entry&& entry) const;

  const Source& source_;
  std::vector<Entry> entries_;
  std::vector<Span> masks_;
  std::size_t errors_ = 0;
};

/// "; did you mean `x`?" or nothing.
std::string suggestion(std::string_view name, std::span<const std::string> known);

}  // namespace tenon::config
