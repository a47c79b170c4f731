#include "runtime/file_watch.hpp"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>

namespace tenon::runtime {
namespace {

Error failed(const std::string& what) { return {"file_failed", what + ": " + std::strerror(errno)}; }

}  // namespace

Result<FileWatch> FileWatch::open(std::span<const std::string> paths) {
  FileWatch made(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (made.watch_ < 0) return failed("inotify");
  for (const std::string& text : paths) {
    const std::filesystem::path path(text);
    std::error_code ignored;
    const bool whole = std::filesystem::is_directory(path, ignored);
    const std::filesystem::path parent = path.has_parent_path() ? path.parent_path() : ".";
    const std::filesystem::path& folder = whole ? path : parent;
    // The folder, as an editor's save may put another file in the place of the one we know.
    const int number = inotify_add_watch(
        made.watch_, folder.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE);
    if (number < 0) return failed(folder.string());
    made.names_.emplace(number, whole ? "" : path.filename().string());
  }
  return made;
}

FileWatch::~FileWatch() {
  if (watch_ >= 0) close(watch_);
}

Result<bool> FileWatch::drain() {
  alignas(inotify_event) char buffer[16 * 1024];
  bool ours = false;
  for (;;) {
    const ssize_t size = read(watch_, buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return ours;
    if (size <= 0) return failed("inotify");
    for (const char* at = buffer; at < buffer + size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      const std::string name = event->len > 0 ? event->name : "";
      ours = ours || (event->mask & IN_Q_OVERFLOW) != 0 || names_.contains({event->wd, name}) ||
             names_.contains({event->wd, ""});
      at += sizeof(inotify_event) + event->len;
    }
  }
}

Status FileWatch::wait() {
  constexpr int kQuietMs = 50;
  bool changed = false;
  for (;;) {
    pollfd poll_for{watch_, POLLIN, 0};
    const int ready = poll(&poll_for, 1, changed ? kQuietMs : -1);
    if (ready < 0 && errno != EINTR) return failed("inotify");
    if (ready == 0 && changed) return {};
    TENON_TRY(const bool ours, drain());
    changed = changed || ours;
  }
}

}  // namespace tenon::runtime
