#include "app/cli/progress.hpp"

#include <algorithm>
#include <utility>

#include "app/cli/output.hpp"
#include "app/cli/terminal.hpp"
#include "runtime/local_client.hpp"

namespace tenon::app {
namespace {

constexpr std::int64_t kQuietMs = 1000;
constexpr std::int64_t kRedrawMs = 100;
constexpr std::size_t kBar = 24;

/// 1234567 as 1,234,567.
std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string time_left(double seconds) {
  const auto whole = static_cast<std::uint64_t>(seconds + 0.999);
  if (whole < 120) return std::to_string(whole) + " s left";
  if (whole < 7200) return std::to_string((whole + 59) / 60) + " min left";
  return std::to_string((whole + 3599) / 3600) + " h left";
}

}  // namespace

std::string progress_line(const std::string& what, std::uint64_t done, std::uint64_t total,
                          std::int64_t elapsed_ms, std::size_t width) {
  const std::uint64_t of = std::max(done, total);
  std::string line = what + " ";
  if (total > 0) {
    const auto full = static_cast<std::size_t>(static_cast<double>(done) / static_cast<double>(of) * kBar);
    line += "[" + std::string(full, '#') + std::string(kBar - full, '-') + "] ";
  }
  line += grouped(done);
  if (total > 0) line += " of " + grouped(of);
  const double per_second =
      elapsed_ms > 0 ? static_cast<double>(done) * 1000 / static_cast<double>(elapsed_ms) : 0;
  if (per_second >= 1) {
    line += ", " + grouped(static_cast<std::uint64_t>(per_second)) + "/s";
  } else if (per_second > 0) {
    line += ", " + grouped(static_cast<std::uint64_t>(per_second * 60)) + "/min";
  }
  if (total > 0 && per_second > 0) line += ", " + time_left(static_cast<double>(of - done) / per_second);
  return cut(line, width);
}

Progress::Progress(std::string what, std::uint64_t total)
    : what_(std::move(what)), total_(total), began_ms_(runtime::steady_now_ms()) {}

Progress::~Progress() {
  if (shown_) output().progress("");
}

void Progress::at(std::uint64_t done) {
  done_ = done;
  const std::int64_t now = runtime::steady_now_ms();
  if (now - began_ms_ < kQuietMs || now - drawn_ms_ < kRedrawMs) return;
  drawn_ms_ = now;
  shown_ = output().progress(progress_line(what_, done, total_, now - began_ms_, output().err().width - 1));
}

}  // namespace tenon::app
