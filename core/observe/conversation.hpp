// Conversation: what was said to a remote during one attempt, fit to be kept and shown: secrets are out,
// sizes bounded.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::observe {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// Knows the secrets of one connection and takes them out of texts, in the spellings they travel in: as they
/// are, percent-encoded, base64 alone, and each base64 of `user:secret` that was added. Immutable once
/// filled; any thread.
class Redactor {
 public:
  static constexpr std::string_view kMark = "[redacted]";
  /// Secrets shorter than 4 characters are ignored: they would blot out everything.
  void add(std::string_view secret);
  /// The text with every known spelling replaced.
  std::string text(std::string_view text) const;
  /// True for headers whose value is a credential by their name: authorization, cookies, tokens, keys,
  /// signatures.
  static bool is_secret_header(std::string_view name);
  /// True for query parameters that usually hold a credential.
  static bool is_secret_parameter(std::string_view name);
  /// A URL with its user information and the values of secret parameters replaced, then as `text`.
  std::string url(std::string_view url) const;

 private:
  std::vector<std::string> spellings_;  ///< longest first
};

/// One request and what came back.
struct Exchange {
  std::string method;
  std::string url;
  HeaderList request_headers;
  std::string request_body;
  int status = 0;  ///< 0: no answer
  HeaderList response_headers;
  std::string response_body;
  std::string sent;   ///< no, maybe, yes
  std::string error;  ///< code and text, without an answer
  std::int64_t elapsed_ms = 0;
};

/// The exchanges of one attempt. One thread.
class Conversation {
 public:
  static constexpr std::size_t kBodyLimit = 4096;  ///< bytes kept of a body
  static constexpr std::size_t kMostExchanges = 32;

  /// Keeps `exchange`, redacted; past the limit only counts it.
  void add(Exchange exchange, const Redactor& redactor);
  /// A JSON array of objects with the members of Exchange; absent ones left out; bodies cut with a mark.
  std::string to_json() const;
  std::size_t size() const { return count_; }

 private:
  std::vector<Exchange> exchanges_;
  std::size_t count_ = 0;
};

}  // namespace tenon::observe
