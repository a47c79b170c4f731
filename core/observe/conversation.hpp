// Conversation: what was said to a remote during one attempt, fit to be kept and shown: secrets are out,
// sizes bounded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "observe/redactor.hpp"

namespace tenon::observe {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

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
  /// A JSON array of objects with the members of Exchange; absent ones left out; bodies cut with a mark;
  /// headers of one name in one member, their values joined by ", ".
  std::string to_json() const;
  std::size_t size() const { return count_; }

 private:
  std::vector<Exchange> exchanges_;
  std::size_t count_ = 0;
};

}  // namespace tenon::observe
