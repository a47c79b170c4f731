#include "base/secret.hpp"

#include <openssl/crypto.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <mutex>
#include <new>
#include <utility>

namespace tenon {
namespace {

constexpr std::size_t kChunk = 64 * 1024;
constexpr std::size_t kSmallest = 64;
constexpr std::size_t kClasses = 7;  // 64 bytes to 4 KiB; larger ones have pages of their own

/// Pages that neither core files nor copies of the process get. Locking is a wish: a limit may forbid it.
char* map_private(std::size_t size) {
  void* const memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  madvise(memory, size, MADV_DONTDUMP);
  madvise(memory, size, MADV_WIPEONFORK);
  mlock(memory, size);
  return static_cast<char*>(memory);
}

/// Blocks of a few sizes out of such pages, which are kept for the next secret.
class Vault {
 public:
  char* take(std::size_t size) {
    const std::size_t index = class_of(size);
    if (index >= kClasses) return map_private(size);
    const std::scoped_lock lock(mutex_);
    if (free_[index] == nullptr) fill(index);
    Free* const block = free_[index];
    free_[index] = block->next;
    return reinterpret_cast<char*>(block);
  }

  void give_back(char* bytes, std::size_t size) {
    const std::size_t index = class_of(size);
    if (index >= kClasses) {
      OPENSSL_cleanse(bytes, size);
      munmap(bytes, size);
      return;
    }
    OPENSSL_cleanse(bytes, kSmallest << index);
    const std::scoped_lock lock(mutex_);
    free_[index] = new (bytes) Free{free_[index]};
  }

 private:
  struct Free {
    Free* next;
  };
  static std::size_t class_of(std::size_t size) {
    return static_cast<std::size_t>(std::bit_width((std::max(size, kSmallest) - 1) / kSmallest));
  }
  void fill(std::size_t index) {
    char* const chunk = map_private(kChunk);
    for (std::size_t at = 0; at < kChunk; at += kSmallest << index)
      free_[index] = new (chunk + at) Free{free_[index]};
  }

  std::mutex mutex_;
  std::array<Free*, kClasses> free_{};
};

/// Never destroyed: secrets may be wiped until the process is gone.
Vault& vault() {
  static Vault* const the_vault = new Vault;
  return *the_vault;
}

}  // namespace

Secret::Secret(std::string_view text) : size_(text.size()) {
  if (size_ == 0) return;
  bytes_ = vault().take(size_);
  std::memcpy(bytes_, text.data(), size_);
}

Secret::Secret(Secret&& other) noexcept
    : bytes_(std::exchange(other.bytes_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) *this = Secret(other);
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    release();
    bytes_ = std::exchange(other.bytes_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Secret::~Secret() { release(); }

void Secret::release() {
  if (bytes_ != nullptr) vault().give_back(bytes_, size_);
  bytes_ = nullptr;
  size_ = 0;
}

bool Secret::equals(std::string_view other) const {
  return size_ == other.size() && CRYPTO_memcmp(bytes_, other.data(), other.size()) == 0;
}

void wipe(std::string& text) {
  // The whole room, not only what is used now: a longer text may have stood there.
  text.resize(text.capacity());
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

}  // namespace tenon
