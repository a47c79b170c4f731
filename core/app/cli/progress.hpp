// Progress: how far something is that takes longer than a second, for whoever sits at the terminal.
#pragma once

#include <cstdint>
#include <string>

namespace tenon::app {

/// One line on stderr, drawn over itself and taken away at the end; nothing unless stderr is a terminal, with
/// --quiet, and in the first second. One at a time, main thread only.
class Progress {
 public:
  /// `what` is counted: "events". `total` 0: not known yet.
  explicit Progress(std::string what, std::uint64_t total = 0);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();
  void total(std::uint64_t total) { total_ = total; }
  /// So many are done.
  void at(std::uint64_t done);
  void one_more() { at(done_ + 1); }

 private:
  std::string what_;
  std::uint64_t total_;
  std::uint64_t done_ = 0;
  std::int64_t began_ms_;
  std::int64_t drawn_ms_ = 0;
  bool shown_ = false;
};

/// `events [####----] 1,200 of 4,800, 600/s, 6 s left`, at most `width` columns.
std::string progress_line(const std::string& what, std::uint64_t done, std::uint64_t total,
                          std::int64_t elapsed_ms, std::size_t width);

}  // namespace tenon::app
