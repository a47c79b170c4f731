#include "fault_vfs.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>

namespace tenon::journal::test {
namespace {

struct FaultFile {
  sqlite3_file base;
  FaultVfs* vfs;
  std::string* name;
  sqlite3_file* real;
};

FaultFile* own(sqlite3_file* file) { return reinterpret_cast<FaultFile*>(file); }
sqlite3_file* real_of(sqlite3_file* file) { return own(file)->real; }
FaultVfs* vfs_of(sqlite3_vfs* vfs) { return static_cast<FaultVfs*>(vfs->pAppData); }

int close_file(sqlite3_file* file) {
  const int code = real_of(file)->pMethods->xClose(real_of(file));
  delete own(file)->name;
  std::free(own(file)->real);
  return code;
}

int write_file(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  const int code = own(file)->vfs->on_write(*own(file)->name, data, size, offset);
  return code == SQLITE_OK ? real_of(file)->pMethods->xWrite(real_of(file), data, size, offset) : code;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  own(file)->vfs->on_truncate(*own(file)->name, size);
  return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

// What would survive is kept by the FaultVfs itself: the real disk need not be waited for.
int sync_file(sqlite3_file* file, int) { return own(file)->vfs->on_sync(*own(file)->name); }

const sqlite3_io_methods kMethods = {
    2,
    close_file,
    [](sqlite3_file* f, void* data, int size, sqlite3_int64 offset) {
      return real_of(f)->pMethods->xRead(real_of(f), data, size, offset);
    },
    write_file,
    truncate_file,
    sync_file,
    [](sqlite3_file* f, sqlite3_int64* size) { return real_of(f)->pMethods->xFileSize(real_of(f), size); },
    [](sqlite3_file* f, int lock) { return real_of(f)->pMethods->xLock(real_of(f), lock); },
    [](sqlite3_file* f, int lock) { return real_of(f)->pMethods->xUnlock(real_of(f), lock); },
    [](sqlite3_file* f, int* out) { return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out); },
    [](sqlite3_file* f, int op, void* arg) {
      if (op == SQLITE_FCNTL_PRAGMA) own(f)->vfs->on_pragma(static_cast<char**>(arg));
      return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
    },
    [](sqlite3_file* f) { return real_of(f)->pMethods->xSectorSize(real_of(f)); },
    [](sqlite3_file* f) { return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f)); },
    [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
      return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, out);
    },
    [](sqlite3_file* f, int offset, int n, int flags) {
      return real_of(f)->pMethods->xShmLock(real_of(f), offset, n, flags);
    },
    [](sqlite3_file* f) { real_of(f)->pMethods->xShmBarrier(real_of(f)); },
    [](sqlite3_file* f, int remove) { return real_of(f)->pMethods->xShmUnmap(real_of(f), remove); },
    nullptr,
    nullptr,
};

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  sqlite3_vfs* real = vfs_of(vfs)->real();
  FaultFile* mine = own(file);
  mine->base.pMethods = nullptr;
  mine->vfs = vfs_of(vfs);
  mine->real = static_cast<sqlite3_file*>(std::calloc(1, static_cast<std::size_t>(real->szOsFile)));
  const int code = real->xOpen(real, name, mine->real, flags, out_flags);
  if (code != SQLITE_OK) {
    std::free(mine->real);
    return code;
  }
  mine->name = new std::string(name ? name : "");
  mine->vfs->on_open(*mine->name);
  mine->base.pMethods = &kMethods;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync) {
  vfs_of(vfs)->on_delete(name);
  sqlite3_vfs* real = vfs_of(vfs)->real();
  return real->xDelete(real, name, sync);
}

void apply(std::string& bytes, const FaultVfs::Change& change) {
  const auto offset = static_cast<std::size_t>(change.offset);
  if (change.truncates) {
    bytes.resize(offset);
    return;
  }
  if (bytes.size() < offset + change.bytes.size()) bytes.resize(offset + change.bytes.size());
  std::memcpy(bytes.data() + offset, change.bytes.data(), change.bytes.size());
}

}  // namespace

FaultVfs::FaultVfs() : real_(sqlite3_vfs_find(nullptr)) {
  vfs_ = *real_;
  vfs_.zName = "tenon-fault";
  vfs_.szOsFile = sizeof(FaultFile);
  vfs_.pAppData = this;
  vfs_.pNext = nullptr;
  vfs_.xOpen = open_file;
  vfs_.xDelete = delete_file;
  // Everything else is the real one's, which looks at no state of the VFS object that we changed but this:
  vfs_.xAccess = [](sqlite3_vfs* v, const char* name, int flags, int* out) {
    return vfs_of(v)->real()->xAccess(vfs_of(v)->real(), name, flags, out);
  };
  vfs_.xFullPathname = [](sqlite3_vfs* v, const char* name, int size, char* out) {
    return vfs_of(v)->real()->xFullPathname(vfs_of(v)->real(), name, size, out);
  };
  sqlite3_vfs_register(&vfs_, 1);
}

FaultVfs::~FaultVfs() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(real_, 1);
}

void FaultVfs::on_open(const std::string& name) {
  if (images_.contains(name)) return;
  std::ifstream in(name, std::ios::binary);
  images_[name].durable.assign(std::istreambuf_iterator<char>(in), {});
}

bool FaultVfs::strikes(Fault& fault) {
  if (fault.in == 0 || --fault.in > 0) return false;
  fired_ = true;
  return true;
}

int FaultVfs::on_write(const std::string& name, const void* data, int size, std::int64_t offset) {
  ++writes_;
  if (sync_failed_) ++writes_after_failure_;
  if (strikes(write_)) return write_.code;
  if (offset + size > quota_) {
    fired_ = true;
    return SQLITE_FULL;
  }
  images_[name].since.push_back(
      {offset, std::string(static_cast<const char*>(data), static_cast<std::size_t>(size)), false});
  return SQLITE_OK;
}

void FaultVfs::on_truncate(const std::string& name, std::int64_t size) {
  images_[name].since.push_back({size, "", true});
}

int FaultVfs::on_sync(const std::string& name) {
  ++syncs_;
  if (strikes(sync_)) {
    sync_failed_ = true;
    return sync_.code;
  }
  if (lies_) return SQLITE_OK;
  Image& image = images_[name];
  for (const Change& change : image.since) apply(image.durable, change);
  image.since.clear();
  return SQLITE_OK;
}

/// https://www.sqlite.org/c3ref/c_fcntl_begin_atomic_write.html, SQLITE_FCNTL_PRAGMA: the second is the
/// pragma's name, the third SQLite's own copy of its value, which it reads after this call.
void FaultVfs::on_pragma(char** arguments) const {
  if (!forces_normal_ || sqlite3_stricmp(arguments[1], "synchronous") != 0) return;
  if (arguments[2] != nullptr && arguments[2][0] != '\0') std::strcpy(arguments[2], "1");
}

namespace {

using Loss = FaultVfs::Loss;

/// What of the unsynced changes reaches the disk, in the order in which it does.
std::vector<FaultVfs::Change> surviving(const std::vector<FaultVfs::Change>& since, Loss loss,
                                        std::mt19937& chance) {
  std::vector<FaultVfs::Change> kept;
  if (loss == Loss::all) return kept;
  const std::size_t sector = loss == Loss::torn_512 ? 512 : loss == Loss::torn_4096 ? 4096 : SIZE_MAX;
  for (const FaultVfs::Change& change : since) {
    if (sector == SIZE_MAX || change.truncates) {
      if (chance() % 2 == 0) kept.push_back(change);
      continue;
    }
    for (std::size_t at = 0; at < change.bytes.size();) {
      const std::size_t end_of_sector = sector - (static_cast<std::size_t>(change.offset) + at) % sector;
      const std::size_t size = std::min(end_of_sector, change.bytes.size() - at);
      FaultVfs::Change part{change.offset + static_cast<std::int64_t>(at), change.bytes.substr(at, size),
                            false};
      at += size;
      const auto fate = chance() % 8;
      if (fate < 4) continue;
      if (fate == 4) {
        for (char& byte : part.bytes) byte = static_cast<char>(chance());
      }
      kept.push_back(std::move(part));
    }
  }
  if (loss == Loss::reordered) std::shuffle(kept.begin(), kept.end(), chance);
  return kept;
}

}  // namespace

void FaultVfs::cut_power(const std::string& from, const std::string& to, std::uint32_t seed,
                         Loss loss) const {
  std::mt19937 chance(seed);
  std::filesystem::create_directories(to);
  for (const auto& [name, image] : images_) {
    const std::filesystem::path path(name);
    if (path.parent_path() != from || path.extension() == ".new") continue;
    std::string bytes = image.durable;
    for (const Change& change : surviving(image.since, loss, chance)) apply(bytes, change);
    std::ofstream(to / path.filename(), std::ios::binary) << bytes;
  }
}

}  // namespace tenon::journal::test
