// Borrowed: copies what a plugin lends, checking sizes and pointers as far as that is possible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "event/event.hpp"
#include "plugin/instance.hpp"
#include "tenon/abi.h"

namespace tenon::plugin {

/// What kind of call a verdict must fit.
enum class CallKind : std::uint8_t { fetch, list, find, create, update, deliver };
std::string_view name_of(CallKind kind);

/// Copies borrowed data and remembers the first thing wrong with it. A pointer that is neither null nor small
/// is believed: a plugin that lends wild ones cannot be told from a good one.
class Borrowed {
 public:
  static constexpr std::size_t kMostText = 1024;                       ///< ids, names, keys, versions
  static constexpr std::size_t kMostData = std::size_t{16} << 20;      ///< one JSON text
  static constexpr std::size_t kMostTogether = std::size_t{64} << 20;  ///< all texts of one call

  /// Empty while all is well; else what is wrong, with numbers.
  const std::string& problem() const { return problem_; }
  bool ok() const { return problem_.empty(); }
  void fail(std::string what);

  /// A struct or the first of an array: there, aligned, and at least as large as this host's.
  template <class T>
  bool structure(const T* from, const char* what) {
    if (!pointer(from, alignof(T), what)) return false;
    return struct_size(from->size, sizeof(T), alignof(T), what);
  }
  /// An array of `count` structs, of which at most `limit`; elements are `[0].size` bytes apart.
  template <class T>
  bool array(const T* from, std::size_t count, std::size_t limit, const char* what) {
    if (!ok() || count == 0) return false;
    if (count > limit)
      fail(std::string(what) + ": " + std::to_string(count) + " of them, at most " + std::to_string(limit));
    return ok() && structure(from, what);
  }
  template <class T>
  static const T& element(const T* from, std::size_t index) {
    return *reinterpret_cast<const T*>(reinterpret_cast<const char*>(from) + index * from->size);
  }

  /// Bytes as they are.
  std::string bytes(tenon_str from, const char* what, std::size_t limit = kMostData);
  /// UTF-8.
  std::string text(tenon_str from, const char* what, std::size_t limit = kMostText);
  /// Words for people: cut at 2 KiB, made UTF-8; wrong only if the pointer is.
  std::string words(tenon_str from, const char* what);

 private:
  bool pointer(const void* from, std::size_t align, const char* what);
  bool struct_size(std::uint32_t size, std::size_t least, std::size_t align, const char* what);
  bool readable(tenon_str from, const char* what, std::size_t limit);

  std::string problem_;
  std::size_t together_ = 0;
};

/// A completed call. With a problem: rejected, cause plugin, the problem as its message.
CallResult copy_result(const tenon_result* from, CallKind kind, bool cancelled);

}  // namespace tenon::plugin
