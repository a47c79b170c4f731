// What the fake host lends, is asked and is told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/http.hpp"

namespace tenon::testing {

using headers = std::vector<std::pair<std::string, std::string>>;

/// Overwrites memory that was lent, so that whoever kept a pointer reads garbage (and ASan sees it once it is
/// freed).
inline void poison(void* memory, std::size_t size) noexcept {
  auto* bytes = static_cast<volatile unsigned char*>(memory);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = 0xDB;
}

/// A text on the heap for exactly as long as it is lent. An empty one has no memory at all.
class lent_text {
 public:
  explicit lent_text(std::string_view text) : size_(text.size()), bytes_(size_ ? new char[size_] : nullptr) {
    if (size_) std::memcpy(bytes_.get(), text.data(), size_);
  }
  lent_text(lent_text&&) noexcept = default;
  ~lent_text() {
    if (bytes_) poison(bytes_.get(), size_);
  }
  operator tenon_str() const noexcept { return tenon_str{bytes_.get(), size_}; }

 private:
  std::size_t size_;
  std::unique_ptr<char[]> bytes_;
};

/// A struct or array of structs, lent likewise. Elements are further apart than this header's sizeof, as they
/// are in a newer host: a plugin must step by `size`.
template <class T>
class lent_structs {
 public:
  explicit lent_structs(std::size_t count)
      : count_(count), bytes_(new char[kStride * (count ? count : 1)]()) {
    for (std::size_t i = 0; i < count; ++i) (*this)[i].size = kStride;
  }
  ~lent_structs() { poison(bytes_.get(), kStride * count_); }
  T& operator[](std::size_t i) noexcept { return *reinterpret_cast<T*>(bytes_.get() + i * kStride); }
  const T* data() noexcept { return count_ ? &(*this)[0] : nullptr; }

 private:
  static constexpr std::size_t kStride = sizeof(T) + 16;
  std::size_t count_;
  std::unique_ptr<char[]> bytes_;
};

class lent_headers {
 public:
  explicit lent_headers(const headers& from) : structs_(from.size()), count_(from.size()) {
    for (std::size_t i = 0; i < count_; ++i) {
      texts_.emplace_back(from[i].first);
      structs_[i].name = texts_.back();
      texts_.emplace_back(from[i].second);
      structs_[i].value = texts_.back();
    }
  }
  const tenon_header* data() noexcept { return structs_.data(); }
  std::size_t size() const noexcept { return count_; }

 private:
  lent_structs<tenon_header> structs_;
  std::size_t count_;
  std::vector<lent_text> texts_;
};

/// A request as the plugin made it.
class sent_request {
 public:
  std::string method, url, body;
  testing::headers headers;
  bool safe = false;
  std::uint32_t timeout_ms = 0;
  /// Empty if there is none.
  std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers)
      if (sdk::same_letters(key, name)) return value;
    return {};
  }
};

/// A scripted answer.
class reply {
 public:
  explicit reply(int http_status, std::string text = {}, testing::headers all = {})
      : status(http_status), body(std::move(text)), headers(std::move(all)) {}
  /// No answer: `TENON_HTTP_FAILED` and the like.
  static reply failure(std::uint32_t http_error, std::uint32_t was_sent, std::string why) {
    reply out(0);
    out.error = http_error;
    out.sent = was_sent;
    out.message = std::move(why);
    return out;
  }
  static reply refused_connection() {
    return failure(TENON_HTTP_FAILED, TENON_SENT_NO, "connection refused");
  }
  static reply reset() { return failure(TENON_HTTP_FAILED, TENON_SENT_MAYBE, "connection reset"); }
  static reply timeout() { return failure(TENON_HTTP_TIMEOUT, TENON_SENT_MAYBE, "no answer in time"); }
  static reply too_large() { return failure(TENON_HTTP_TOO_LARGE, TENON_SENT_YES, "response too large"); }

  int status;
  std::string body;
  testing::headers headers;
  std::uint32_t error = TENON_HTTP_OK;
  std::uint32_t sent = TENON_SENT_YES;
  std::string message;
};

class seen_event {
 public:
  std::string id, key, type, version, data;
  std::vector<std::pair<std::string, std::string>> keys;
  std::optional<std::int64_t> time_ms;
  bool thin = false;
};

/// What `accept` came to.
class accepted {
 public:
  bool ok = false;
  std::string failure;
  std::vector<seen_event> events;
};

/// What a call came to.
class result {
 public:
  std::uint32_t verdict = TENON_REJECTED;
  std::uint32_t cause = TENON_CAUSE_NONE;
  std::optional<std::int64_t> retry_after_ms;
  std::string message, id, version, data, cursor;
  std::vector<match> matches;
  std::vector<item> items;

  /// "delivered", "found", "gone", "cancelled", "retry/throttled", "rejected/invalid", …
  std::string summary() const {
    static constexpr const char* kVerdicts[] = {"delivered", "retry", "rejected",
                                                "found",     "gone",  "cancelled"};
    static constexpr const char* kCauses[] = {"none",  "not_sent", "ambiguous",    "throttled", "auth",
                                              "stale", "conflict", "remote_error", "invalid",   "plugin"};
    std::string out = verdict < std::size(kVerdicts) ? kVerdicts[verdict] : "?";
    if (verdict == TENON_RETRY || verdict == TENON_REJECTED)
      out += std::string("/") + (cause < std::size(kCauses) ? kCauses[cause] : "?");
    return out;
  }
};

// Nothing that a plugin lends is kept.
inline result copy_result(const tenon_result& from) {
  result out;
  out.verdict = from.verdict;
  out.cause = from.cause;
  if (from.retry_after_ms >= 0) out.retry_after_ms = from.retry_after_ms;
  out.message = sdk::copy(from.message);
  out.id = sdk::copy(from.id);
  out.version = sdk::copy(from.version);
  out.data = sdk::copy(from.data);
  out.cursor = sdk::copy(from.cursor);
  for (std::size_t i = 0; i < from.match_count; ++i) {
    const auto& one = sdk::element(from.matches, i);
    out.matches.emplace_back(sdk::copy(one.id), sdk::copy(one.text), sdk::copy(one.version));
  }
  for (std::size_t i = 0; i < from.item_count; ++i) {
    const auto& one = sdk::element(from.items, i);
    out.items.emplace_back(sdk::copy(one.key), sdk::copy(one.type), sdk::copy(one.data),
                           sdk::copy(one.version));
  }
  return out;
}
inline seen_event copy_event(const tenon_event& from) {
  seen_event out;
  out.id = sdk::copy(from.id);
  out.key = sdk::copy(from.key);
  out.type = sdk::copy(from.type);
  out.version = sdk::copy(from.version);
  out.data = sdk::copy(from.data);
  out.thin = (from.flags & TENON_EVENT_THIN) != 0;
  if (from.time_ms >= 0) out.time_ms = from.time_ms;
  for (std::size_t i = 0; i < from.key_count; ++i) {
    const auto& one = sdk::element(from.keys, i);
    out.keys.emplace_back(sdk::copy(one.name), sdk::copy(one.value));
  }
  return out;
}
inline sent_request copy_request(const tenon_http_request& from) {
  sent_request out;
  out.method = sdk::copy(from.method);
  out.url = sdk::copy(from.url);
  out.body = sdk::copy(from.body);
  out.safe = (from.flags & TENON_HTTP_SAFE) != 0;
  out.timeout_ms = from.timeout_ms;
  for (std::size_t i = 0; i < from.header_count; ++i) {
    const auto& one = sdk::element(from.headers, i);
    out.headers.emplace_back(sdk::copy(one.name), sdk::copy(one.value));
  }
  return out;
}

}  // namespace tenon::testing
