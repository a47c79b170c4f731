// FileWatch: waits until one of some files changes.
#pragma once

#include <set>
#include <span>
#include <string>
#include <utility>

#include "base/result.hpp"

namespace tenon::runtime {

/// Watches files, and whole folders, by Linux' inotify(7). A file may be replaced, as editors do. One thread.
class FileWatch {
 public:
  /// Errors: `file_failed` with path and reason.
  static Result<FileWatch> open(std::span<const std::string> paths);

  /// Blocks until something changed since the last call, and then until nothing has changed for 50 ms.
  /// Errors: `file_failed`.
  Status wait();

  FileWatch(FileWatch&& other) noexcept
      : watch_(std::exchange(other.watch_, -1)), names_(std::move(other.names_)) {}
  FileWatch& operator=(FileWatch&&) = delete;
  ~FileWatch();

 private:
  explicit FileWatch(int watch) : watch_(watch) {}
  /// Reads what is there; true if one of the names is in it.
  Result<bool> drain();

  int watch_;
  std::set<std::pair<int, std::string>>
      names_;  ///< folder's number and the file's name; empty name: all in it
};

}  // namespace tenon::runtime
