// same_text: equality of short texts of one size, without a call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tenon {

/// True if the `size` bytes at `a` and `b` are the same. Names of members and variables are a few bytes long:
/// two words that overlap tell most of them apart.
inline bool same_bytes(const char* a, const char* b, std::size_t size) {
  const auto same = [&]<class Word>(Word, std::size_t at) {
    Word left = 0;
    Word right = 0;
    std::memcpy(&left, a + at, sizeof left);
    std::memcpy(&right, b + at, sizeof right);
    return left == right;
  };
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  constexpr std::size_t kHalf = sizeof(std::uint32_t);
  if (size > 2 * kWord) return std::memcmp(a, b, size) == 0;
  if (size >= kWord) return same(std::uint64_t{}, 0) && same(std::uint64_t{}, size - kWord);
  if (size >= kHalf) return same(std::uint32_t{}, 0) && same(std::uint32_t{}, size - kHalf);
  return size == 0 || (a[0] == b[0] && a[size / 2] == b[size / 2] && a[size - 1] == b[size - 1]);
}

inline bool same_text(std::string_view a, std::string_view b) {
  return a.size() == b.size() && same_bytes(a.data(), b.data(), a.size());
}

}  // namespace tenon
