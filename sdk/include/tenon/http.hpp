// request, response, and classify: what an answer means when nothing more is known of the remote.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tenon/http_date.hpp"
#include "tenon/outcome.hpp"
#include "tenon/text.hpp"

namespace tenon {

/// One outgoing request, built left to right. The host attaches the credential, so an author never does.
/// Setters throw std::invalid_argument for what cannot be sent (empty path segment, CR or LF in a header, …).
class request {
 public:
  static request get(std::string_view url) { return request("GET", url); }
  static request post(std::string_view url) { return request("POST", url); }
  static request put(std::string_view url) { return request("PUT", url); }
  static request patch(std::string_view url) { return request("PATCH", url); }
  static request del(std::string_view url) { return request("DELETE", url); }
  request(std::string_view method, std::string_view url) : method_(method) {
    if (!sdk::is_token(method)) throw std::invalid_argument("request: bad method");
    if (url.find('#') != std::string_view::npos)
      throw std::invalid_argument("request: a URL with a fragment");
    const auto mark = url.find('?');
    path_ = url.substr(0, mark);
    if (mark != std::string_view::npos) query_ = url.substr(mark);
  }

  /// Adds `/segment`, percent-encoded.
  template <class T>
  request& path(const T& segment) & {
    const auto text = text_of<T>::of(segment);
    // "." and ".." would be folded away on the road, encoded or not.
    if (text.empty() || text == "." || text == "..") throw std::invalid_argument("request: bad path segment");
    if (path_.ends_with('/')) path_.pop_back();
    path_ += '/';
    sdk::append_encoded(path_, text, ":@");
    return *this;
  }
  /// Adds `name=value` to the query; both are percent-encoded here, once.
  template <class T>
  request& query(std::string_view name, const T& value) & {
    query_ += query_.empty() ? '?' : '&';
    sdk::append_encoded(query_, name, ":");
    query_ += '=';
    sdk::append_encoded(query_, text_of<T>::of(value), ":,@");
    return *this;
  }
  request& header(std::string_view name, std::string_view value) & {
    if (!sdk::is_token(name)) throw std::invalid_argument("request: bad header name");
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
      throw std::invalid_argument("request: control character in a header");
    headers_.emplace_back(name, value);
    return *this;
  }
  request& body(std::string_view content_type, std::string bytes) & {
    body_ = std::move(bytes);
    return header("Content-Type", content_type);
  }
  /// A JSON body: a text that is JSON already, a document, or (with tenon/json.hpp) a JSON value.
  template <class T>
  request& json(const T& value) & {
    return body("application/json", json_text_of<T>::of(value));
  }
  /// Promises that it changes nothing that matters (a search by POST), so that it does not count as the
  /// call's one effect.
  request& safe() & {
    safe_ = true;
    return *this;
  }
  request& timeout_ms(std::uint32_t milliseconds) & {
    timeout_ms_ = milliseconds;
    return *this;
  }

  template <class T>
  request&& path(const T& segment) && {
    return std::move(path(segment));
  }
  template <class T>
  request&& query(std::string_view name, const T& value) && {
    return std::move(query(name, value));
  }
  request&& header(std::string_view name, std::string_view value) && {
    return std::move(header(name, value));
  }
  request&& body(std::string_view content_type, std::string bytes) && {
    return std::move(body(content_type, std::move(bytes)));
  }
  template <class T>
  request&& json(const T& value) && {
    return std::move(json(value));
  }
  request&& safe() && { return std::move(safe()); }
  request&& timeout_ms(std::uint32_t milliseconds) && { return std::move(timeout_ms(milliseconds)); }

  const std::string& method() const noexcept { return method_; }
  std::string url() const { return path_ + query_; }
  const std::vector<std::pair<std::string, std::string>>& headers() const noexcept { return headers_; }
  const std::string& body() const noexcept { return body_; }
  bool is_safe() const noexcept { return safe_; }
  std::uint32_t timeout_ms() const noexcept { return timeout_ms_; }

 private:
  std::string method_, path_, query_, body_;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::uint32_t timeout_ms_ = 0;
  bool safe_ = false;
};

enum class sent : std::uint32_t { no = TENON_SENT_NO, maybe = TENON_SENT_MAYBE, yes = TENON_SENT_YES };

enum class http_error : std::uint32_t {
  none = TENON_HTTP_OK,
  failed = TENON_HTTP_FAILED,
  timeout = TENON_HTTP_TIMEOUT,
  cancelled = TENON_HTTP_CANCELLED,
  refused = TENON_HTTP_REFUSED,
  too_large = TENON_HTTP_TOO_LARGE,
};

/// What came back. `status` is 0 where `error` is not none; `message` then says why, for people.
class response {
 public:
  response() {}

  bool ok() const noexcept { return error == http_error::none && status >= 200 && status < 300; }
  /// First header of that name, in any case of letters.
  std::optional<std::string_view> header(std::string_view name) const {
    for (const auto& [key, value] : headers)
      if (sdk::same_letters(key, name)) return std::string_view(value);
    return std::nullopt;
  }

  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  http_error error = http_error::none;
  tenon::sent sent = tenon::sent::no;
  std::string message;
  std::int64_t received_ms = 0;  ///< Unix milliseconds, by the host's clock
};

/// Milliseconds that the answer's Retry-After asks for, from now; at most an hour.
inline std::optional<std::int64_t> retry_after(const response& answer) {
  const auto wanted = answer.header("Retry-After");
  if (!wanted) return std::nullopt;
  return sdk::parse_retry_after(*wanted, answer.header("Date").value_or(std::string_view()),
                                answer.received_ms);
}

namespace sdk {

inline outcome classify_failure(const response& answer) {
  const auto why = answer.message.empty() ? std::string("no answer") : answer.message;
  switch (answer.error) {
    case http_error::cancelled:
      return outcome(verdict::cancelled, cause::none, "cancelled");
    case http_error::refused:
      return rejected(cause::plugin, "the host refused the request: " + why);
    case http_error::too_large:
      return retry(cause::ambiguous, "the answer is too large");
    default:
      return retry(answer.sent == tenon::sent::no ? cause::not_sent : cause::ambiguous, why);
  }
}

inline outcome classify_status(int status, bool asks_to_wait) {
  const auto text = "HTTP " + std::to_string(status);
  if (status >= 200 && status < 300) return delivered();
  switch (status) {
    case 401:
    case 407:
      return retry(cause::auth, text + ": the credentials are refused");
    case 403:
      return rejected(cause::auth, text + ": not allowed with these credentials");
    case 404:
    case 410:
      return retry(cause::stale, text + ": not found");
    case 408:
      return retry(cause::ambiguous, text);
    case 409:
    case 412:
    case 423:
      return retry(cause::conflict, text + ": exists already, or changed meanwhile");
    case 425:
      return retry(cause::remote_error, text);
    case 429:
      return retry(cause::throttled, text + ": too many requests");
    case 501:
    case 505:
      return rejected(cause::invalid, text);
    case 503:
      return retry(asks_to_wait ? cause::throttled : cause::remote_error, text);
    default:
      break;
  }
  if (status >= 300 && status < 400)
    return retry(cause::remote_error, text + ": redirects are not followed; check the connection's URL");
  if (status >= 400 && status < 500) return rejected(cause::invalid, text + ": the request is refused");
  if (status >= 500) return retry(cause::remote_error, text);
  return retry(cause::ambiguous, text + ": not a final answer");
}

}  // namespace sdk

/// What the answer means when nothing more is known of the remote; refine it by the body where the remote
/// says more.
///
///   2xx                           delivered
///   no answer                     retry: not_sent if nothing left the host, else ambiguous
///   401, 407 / 403                retry auth (the route is held) / rejected auth
///   404, 410                      retry stale: the id is gone. Outside of update the SDK turns it into
///   rejected invalid 408 / 425                     retry ambiguous / remote_error 409, 412, 423 retry
///   conflict: find again, decide anew 429, 503 with Retry-After     retry throttled 501, 505, other 4xx
///   rejected invalid 3xx, other 5xx                retry remote_error
inline outcome classify(const response& answer) {
  if (answer.error != http_error::none) return sdk::classify_failure(answer);
  const auto wait = retry_after(answer);
  auto result = sdk::classify_status(answer.status, wait.has_value());
  if (result.verdict == verdict::retry) result.retry_after_ms = wait;
  return result;
}

}  // namespace tenon
