// HttpClient: the only way out to the network.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/function.hpp"
#include "base/result.hpp"
#include "runtime/executor.hpp"

namespace tenon::runtime {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// The first header of that name, ignoring case; nullptr if none.
const std::string* find_header(const Headers& headers, std::string_view name);

struct HttpRequest {
  std::string method = "GET";
  std::string url;  ///< absolute http or https; anything else fails with `bad_url`
  Headers headers;  ///< names are tokens, values hold no CR, LF or NUL: else `bad_header`
  std::string body;
  Duration connect_timeout = std::chrono::seconds(5);
  Duration timeout = std::chrono::seconds(60);        ///< the whole exchange
  std::size_t response_header_limit = 32 * 1024;      ///< bytes
  std::size_t response_body_limit = 4 * 1024 * 1024;  ///< bytes
};

struct HttpResponse {
  int status = 0;
  Headers headers;  ///< in the order received; names as received
  std::string body;
};

/// What the transport knows of whether the remote saw the request.
enum class RequestSent : std::uint8_t { no, maybe, yes };

/// Either a complete response, or an error with a code: bad_url, bad_header, dns_failed, connect_failed,
/// tls_failed, timeout, connection_lost, response_too_large, bad_response, cancelled.
struct HttpResult {
  std::optional<HttpResponse> response;
  Error error;  ///< meaningful without response
  RequestSent sent = RequestSent::no;
  Duration elapsed{};
};

/// Pooled, keep-alive HTTP over the executor it was made for. A request is put on the wire at most once: a
/// reused connection that dies unanswered is reported (sent: maybe), never repeated. No redirects, no proxies
/// from the environment, no cookies, no decompression. All calls and completions on its executor's thread.
class HttpClient {
 public:
  using Handle = std::uint64_t;
  virtual ~HttpClient() = default;
  /// `done` runs exactly once, never inline.
  virtual Handle start(HttpRequest request, Function<void(HttpResult)> done) = 0;
  /// Completes the request as `cancelled` (posted) if it is still open; else does nothing.
  virtual void cancel(Handle handle) = 0;
};

}  // namespace tenon::runtime
