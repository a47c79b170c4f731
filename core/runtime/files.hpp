// Files as the host needs them: small ones read whole, private ones written whole, locks, directories.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace tenon::runtime {

/// The whole content. `file_failed` with path and reason; `file_too_large` beyond `limit` bytes; a directory,
/// pipe or device is refused. Blocks.
Result<std::string> read_file(const std::string& path, std::size_t limit = 16 * 1024 * 1024);

/// The content of a file of secrets, which only its owner may read, or a group that root gave it to (`0640
/// root:tenon`, and what systemd hands over). It belongs to root or to this user; a link to it is followed.
/// One line end at its end is taken away. Errors: `file_failed`, `file_too_large`, `secret_exposed` with what
/// to do. Blocks.
Result<Secret> read_secret_file(const std::string& path, std::size_t limit = 64 * 1024);

/// The same demand on a file that is read elsewhere. What is no regular file (a pipe) is nobody else's to
/// read.
Status check_secret_file(const std::string& path);

/// Replaces or creates the file: readers see the old content or the new, after a power cut too. Mode 0600.
/// The directory must exist. Blocks for two fsyncs.
Status write_private_file(const std::string& path, std::string_view content);
/// The same without a sync: for what must outlive the process only. A power cut may leave neither.
Status write_passing_file(const std::string& path, std::string_view content);

/// Creates the directory, and those above it, with mode 0700. One that exists must be the caller's own to
/// use: nobody else may write to it (else `file_failed`).
Status make_private_directory(const std::string& path);

/// An exclusive lock of a file, held until destroyed or the process ends.
class FileLock {
 public:
  /// Creates the file (0600) if needed. `locked` at once if another process, or another FileLock, holds it;
  /// the message names the holder's process id, if known. Does not wait.
  static Result<FileLock> take(const std::string& path);

  FileLock(FileLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int file) : file_(file) {}
  int file_;
};

}  // namespace tenon::runtime
