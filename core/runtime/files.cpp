#include "runtime/files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace tenon::runtime {

namespace {

/// An open descriptor, closed at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }
  bool ok() const { return number_ >= 0; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

Error failed(const std::string& path, std::string_view what) {
  const std::string reason = std::generic_category().message(errno);
  return {"file_failed", path + ": " + std::string(what) + ": " + reason};
}

bool write_all(int file, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(file, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// An open file and what is known of it. Not blocking: a pipe without a writer would never open.
struct Opened {
  explicit Opened(const std::string& path) : file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  Status look(const std::string& path) {
    if (!file.ok()) return failed(path, "cannot be opened");
    if (::fstat(file.number(), &info) != 0) return failed(path, "cannot be looked at");
    return {};
  }
  const Descriptor file;
  struct stat info {};
};

Status check_exposed(const std::string& path, const struct stat& info) {
  const auto exposed = [&](const std::string& what) { return Error("secret_exposed", path + ": " + what); };
  if (info.st_uid != 0 && info.st_uid != ::geteuid())
    return exposed("belongs to another user than root or the one that runs tenon; chown it");
  const char* const who =
      (info.st_mode & S_IRWXO) != 0 ? "every user of this machine"
      : (info.st_mode & S_IWGRP) != 0 || ((info.st_mode & S_IRGRP) != 0 && info.st_uid != 0) ? "its group"
                                                                                             : nullptr;
  if (who == nullptr) return {};
  return exposed("holds secrets and is open to " + std::string(who) + "; chmod 600 " + path);
}

Result<std::string> read_open(const std::string& path, const Opened& opened, std::size_t limit) {
  const Descriptor& file = opened.file;
  const struct stat& info = opened.info;
  if (!S_ISREG(info.st_mode)) return Error("file_failed", path + ": is not a regular file");
  const Error too_large("file_too_large", path + ": is larger than " + std::to_string(limit) + " bytes");
  if (static_cast<std::uintmax_t>(info.st_size) > limit) return too_large;
  std::string content;
  content.reserve(static_cast<std::size_t>(info.st_size));
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t got = ::read(file.number(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(path, "cannot be read");
    if (got == 0) return content;
    if (static_cast<std::size_t>(got) > limit - content.size()) return too_large;
    content.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  Opened opened(path);
  TENON_CHECK(opened.look(path));
  return read_open(path, opened, limit);
}

Result<Secret> read_secret_file(const std::string& path, std::size_t limit) {
  Opened opened(path);
  TENON_CHECK(opened.look(path));
  if (S_ISREG(opened.info.st_mode)) TENON_CHECK(check_exposed(path, opened.info));
  TENON_TRY(std::string content, read_open(path, opened, limit));
  std::string_view text = content;
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  Secret secret(text);
  wipe(content);
  return secret;
}

Status check_secret_file(const std::string& path) {
  Opened opened(path);
  TENON_CHECK(opened.look(path));
  return S_ISREG(opened.info.st_mode) ? check_exposed(path, opened.info) : Status();
}

namespace {

Status replace_file(const std::string& path, std::string_view content, bool syncs) {
  static std::atomic<unsigned> counter{0};
  const std::string draft =
      path + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(counter.fetch_add(1));
  Status status;
  {
    const Descriptor file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.ok()) return failed(draft, "cannot be created");
    if (!write_all(file.number(), content)) {
      status = failed(draft, "cannot be written");
    } else if (syncs && ::fsync(file.number()) != 0) {
      status = failed(draft, "cannot be made durable");
    }
  }
  if (status && ::rename(draft.c_str(), path.c_str()) != 0) status = failed(path, "cannot be replaced");
  if (!status) {
    ::unlink(draft.c_str());
    return status;
  }
  if (!syncs) return {};
  const std::string directory = directory_of(path);
  const Descriptor folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.ok() || ::fsync(folder.number()) != 0) return failed(directory, "cannot be made durable");
  return {};
}

}  // namespace

Status write_private_file(const std::string& path, std::string_view content) {
  return replace_file(path, content, true);
}

Status write_passing_file(const std::string& path, std::string_view content) {
  return replace_file(path, content, false);
}

Status make_private_directory(const std::string& path) {
  const std::string above = directory_of(path);
  struct stat info {};
  if (above != path && ::stat(above.c_str(), &info) != 0 && errno == ENOENT)
    TENON_CHECK(make_private_directory(above));
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  if (errno != EEXIST) return failed(path, "cannot be created");
  if (::stat(path.c_str(), &info) != 0) return failed(path, "cannot be looked at");
  if (!S_ISDIR(info.st_mode)) return Error("file_failed", path + ": is not a directory");
  if (info.st_uid != ::geteuid() && ::geteuid() != 0)
    return Error("file_failed", path + ": belongs to somebody else");
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Error("file_failed", path + ": others may write to it (chmod go-w)");
  }
  return {};
}

Result<FileLock> FileLock::take(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.ok()) return failed(path, "cannot be opened");
  if (::flock(file.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed(path, "cannot be locked");
    std::array<char, 24> text{};
    const ssize_t got = ::pread(file.number(), text.data(), text.size() - 1, 0);
    const std::string holder(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    const bool known = !holder.empty() && holder.find_first_not_of("0123456789") == std::string::npos;
    return Error("locked", path + ": held by " + (known ? "process " + holder : "another process"));
  }
  const std::string id = std::to_string(::getpid());
  if (::ftruncate(file.number(), 0) != 0 || !write_all(file.number(), id))
    return failed(path, "cannot be written");
  return FileLock(file.release());
}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

FileLock::~FileLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace tenon::runtime
