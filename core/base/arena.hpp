// Arena: memory for values that live and die together (one document, one evaluation).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tenon {

/// A bump allocator. Nothing is freed before the arena is; destructors are never run, so only trivial types
/// live in it. Movable; addresses stay valid after a move. One thread at a time.
class Arena {
 public:
  Arena() = default;
  Arena(Arena&& other) noexcept { *this = std::move(other); }
  Arena& operator=(Arena&& other) noexcept {
    blocks_ = std::move(other.blocks_);
    at_ = std::exchange(other.at_, nullptr);
    left_ = std::exchange(other.left_, 0);
    used_ = std::exchange(other.used_, 0);
    return *this;
  }

  [[gnu::always_inline]] void* allocate(std::size_t size, std::size_t align = alignof(std::max_align_t)) {
    const auto misalign = reinterpret_cast<std::uintptr_t>(at_) & (align - 1);
    const std::size_t pad = misalign ? align - misalign : 0;
    if (size + pad > left_) return allocate_block(size);
    char* result = at_ + pad;
    at_ += pad + size;
    left_ -= pad + size;
    return result;
  }

  template <class T>
  T* array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    // NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers has pointers' size
    return static_cast<T*>(allocate(sizeof(T) * count, alignof(T)));
  }

  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* to = static_cast<char*>(allocate(text.size(), 1));
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

  /// Bytes in blocks, for limits on what one evaluation may take.
  std::size_t used() const { return used_; }

  /// Forgets everything but keeps the largest block of at most `keep` bytes, or else the first, so that a
  /// reused arena allocates nothing.
  void reset(std::size_t keep = 0) {
    if (blocks_.empty()) return;
    for (std::size_t i = 1; i < blocks_.size(); ++i) {
      if (blocks_[i].size <= keep && blocks_[i].size > blocks_.front().size)
        std::swap(blocks_[i], blocks_.front());
    }
    blocks_.resize(1);
    at_ = blocks_.front().data.get();
    left_ = blocks_.front().size;
    used_ = left_;
  }

 private:
  struct Block {
    std::unique_ptr<char[]> data;
    std::size_t size;
  };

  [[gnu::noinline]] void* allocate_block(std::size_t size) {
    const std::size_t grown = blocks_.empty() ? kFirst : std::min(blocks_.back().size * 2, kMost);
    const std::size_t block = std::max(size, grown);
    blocks_.push_back({std::unique_ptr<char[]>(new char[block]), block});
    used_ += block;
    char* result = blocks_.back().data.get();
    at_ = result + size;
    left_ = block - size;
    return result;
  }

  static constexpr std::size_t kFirst = 4096;
  static constexpr std::size_t kMost = std::size_t{1} << 20;
  std::vector<Block> blocks_;
  char* at_ = nullptr;
  std::size_t left_ = 0;
  std::size_t used_ = 0;
};

}  // namespace tenon
