// The head of a request (request line and header fields), checked strictly before a parser sees it. What two
// parsers could read differently is refused, so that nobody can smuggle a request past a proxy (RFC 9112,
// sections 2.2, 5 and 6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tenon::ingress {

struct HeadLimits {
  std::size_t bytes = 16 * 1024;  ///< of the head, blank line included
  std::size_t fields = 64;
  std::size_t target = 4 * 1024;  ///< bytes
};

/// Finds the end of the head in a growing buffer and refuses early what cannot become one.
class HeadScanner {
 public:
  explicit HeadScanner(const HeadLimits& limits) : limits_(limits) {}

  struct Found {
    int refuse = 0;        ///< 0, or the status to answer with: 400, 414, 431
    std::size_t size = 0;  ///< of the whole head, blank line included; 0: more bytes are needed
  };
  /// `buffer` is all that was received since the start of the request; it only grows between calls.
  Found scan(std::string_view buffer);
  void reset() { *this = HeadScanner(limits_); }

 private:
  int refusal(std::string_view line) const;

  HeadLimits limits_;
  std::size_t line_start_ = 0;
  std::size_t searched_ = 0;
  std::size_t lines_ = 0;
};

/// What a head says of its message. Views point into the text that was checked.
struct Head {
  enum class Expect : std::uint8_t { nothing, hundred_continue, other };

  int refuse = 0;           ///< 0, or the status to answer with: 400, 414, 505; the rest is then meaningless
  const char* reason = "";  ///< why, for a counter: a literal
  std::string_view method;
  std::string_view target;
  int minor_version = 1;
  bool chunked = false;
  std::optional<std::uint64_t> content_length;
  Expect expect = Expect::nothing;
  bool has_body() const { return chunked || content_length.value_or(0) != 0; }
};

/// `text` is a head as HeadScanner found it.
Head check_head(std::string_view text, const HeadLimits& limits);

}  // namespace tenon::ingress
