// FaultVfs: a SQLite VFS over the real one that fails, fills up and loses power when told to.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace tenon::journal::test {

/// While it lives it is SQLite's default VFS. One at a time; one thread.
class FaultVfs {
 public:
  FaultVfs();
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  /// The n-th write (from now, from 1) fails with `code`, once. 0: none.
  void fail_write(int n, int code) { write_ = {n, code}; }
  void fail_sync(int n, int code) { sync_ = {n, code}; }
  /// Writes beyond this size of a file are refused as SQLITE_FULL.
  void set_quota(std::int64_t bytes_per_file) { quota_ = bytes_per_file; }
  /// Syncs succeed and do nothing: a disk that lies, for positive controls.
  void lie(bool on) { lies_ = on; }

  bool fired() const { return fired_; }
  int writes() const { return writes_; }
  int syncs() const { return syncs_; }
  /// Writes since a sync failed.
  int writes_after_failure() const { return writes_after_failure_; }

  /// Each `PRAGMA synchronous` says NORMAL, whatever it was meant to say.
  void force_synchronous_normal(bool on) { forces_normal_ = on; }

  /// What becomes of writes that were not synced: each is kept or dropped by chance; or its sectors are, and
  /// some of those hold garbage; or those that are kept reach the disk in any order.
  enum class Loss : std::uint8_t { some, all, torn_512, torn_4096, reordered };
  /// What a power cut now would leave of the files in `from`, put into `to`: all that was synced, and of what
  /// was written since what `loss` says.
  void cut_power(const std::string& from, const std::string& to, std::uint32_t seed,
                 Loss loss = Loss::some) const;

  struct Change {
    std::int64_t offset = 0;
    std::string bytes;
    bool truncates = false;
  };
  /// One file's durable bytes and what was done since.
  struct Image {
    std::string durable;
    std::vector<Change> since;
  };

  // For the VFS's own functions.
  /// What a file holds when it is first opened counts as durable.
  void on_open(const std::string& name);
  int on_write(const std::string& name, const void* data, int size, std::int64_t offset);
  int on_sync(const std::string& name);
  void on_truncate(const std::string& name, std::int64_t size);
  void on_delete(const std::string& name) { images_.erase(name); }
  void on_pragma(char** arguments) const;
  sqlite3_vfs* real() const { return real_; }

 private:
  struct Fault {
    int in = 0;
    int code = SQLITE_OK;
  };
  bool strikes(Fault& fault);

  sqlite3_vfs* real_;
  sqlite3_vfs vfs_{};
  Fault write_;
  Fault sync_;
  std::int64_t quota_ = std::numeric_limits<std::int64_t>::max();
  bool lies_ = false;
  bool forces_normal_ = false;
  bool fired_ = false;
  bool sync_failed_ = false;
  int writes_ = 0;
  int syncs_ = 0;
  int writes_after_failure_ = 0;
  std::map<std::string, Image> images_;
};

}  // namespace tenon::journal::test
