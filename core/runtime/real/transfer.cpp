#include "runtime/real/transfer.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace tenon::runtime {

namespace {

long milliseconds(Duration duration) {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
  return static_cast<long>(std::clamp<std::int64_t>(ms, 1, 24LL * 3600 * 1000));  // 0 would mean: for ever
}

bool is_tls_error(CURLcode code) {
  switch (code) {
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_USE_SSL_FAILED:
      return true;
    default:
      return false;
  }
}

bool is_bad_response(CURLcode code) {
  switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:  // an HTTP/0.9 answer, or no HTTP at all
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP_RETURNED_ERROR:
    case CURLE_BAD_FUNCTION_ARGUMENT:
      return true;
    default:
      return false;
  }
}

}  // namespace

Transfer::Transfer(const TransferSettings& settings, std::size_t slot)
    : settings_(settings), slot_(slot), easy_(curl_easy_init()) {
  if (easy_ != nullptr) set_constants();
}

Transfer::~Transfer() {
  if (easy_ != nullptr) curl_easy_cleanup(easy_);
  curl_slist_free_all(headers_);
  curl_slist_free_all(resolve_);
}

void Transfer::set_constants() {
  const auto set = [this](CURLoption option, auto value) { curl_easy_setopt(easy_, option, value); };
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_ERRORBUFFER, text_.data());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PROXY, "");  // the environment's proxies are not asked
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_HTTP_VERSION,
      static_cast<long>(settings_.http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  set(CURLOPT_HTTP09_ALLOWED, 0L);
  set(CURLOPT_HTTP_CONTENT_DECODING, 0L);
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!settings_.ca_file.empty()) set(CURLOPT_CAINFO, settings_.ca_file.c_str());
  set(CURLOPT_USERAGENT, settings_.user_agent.c_str());
  set(CURLOPT_MAXAGE_CONN, 60L);        // remotes close idle connections; do not run into it
  set(CURLOPT_MAXLIFETIME_CONN, 600L);  // follow a moved name in the end
  set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_open_socket);
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_CLOSESOCKETFUNCTION, settings_.close_socket);
  set(CURLOPT_CLOSESOCKETDATA, settings_.socket_owner);
  set(CURLOPT_PREREQFUNCTION, &Transfer::on_request);
  set(CURLOPT_PREREQDATA, this);
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, this);
}

void Transfer::accept(HttpRequest request, HttpTarget target, Duration now) {
  request_ = std::move(request);
  target_ = std::move(target);
  started_ = now;
}

bool Transfer::prepare(const std::string& resolve, Duration remaining) {
  attached_ = true;
  if (!build_headers()) return false;
  if (!resolve.empty()) {
    resolve_ = curl_slist_append(nullptr, resolve.c_str());
    if (resolve_ == nullptr) return false;
  }
  curl_easy_setopt(easy_, CURLOPT_RESOLVE, resolve_);
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, milliseconds(remaining));
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request_.connect_timeout));
  set_method();
  return curl_easy_setopt(easy_, CURLOPT_URL, request_.url.c_str()) == CURLE_OK;
}

void Transfer::set_method() {
  const std::string& method = request_.method;
  const bool wants_body = method == "POST" || method == "PUT" || method == "PATCH";
  if (!request_.body.empty() || wants_body) {
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS,
                     request_.body.c_str());  // not copied; sets the method to POST
  } else if (method == "HEAD") {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
  } else {
    curl_easy_setopt(easy_, CURLOPT_HTTPGET, 1L);  // takes NOBODY back too
  }
  curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, method.c_str());
}

bool Transfer::add_header(const std::string& line) {
  curl_slist* longer = curl_slist_append(headers_, line.c_str());
  if (longer == nullptr) return false;
  headers_ = longer;
  return true;
}

bool Transfer::build_headers() {
  std::string line;
  bool has_type = false;
  for (const auto& [name, value] : request_.headers) {
    line = name;
    const bool blank = trim(value).empty();
    line += blank ? ";" : ": ";  // libcurl's spelling of a header with an empty value
    if (!blank) line += value;
    if (!add_header(line)) return false;
    has_type = has_type || equals_ignoring_case(name, "content-type");
  }
  // libcurl would add these of its own accord to a request with a body.
  return (has_type || add_header("Content-Type:")) && add_header("Expect:");
}

/// A new connection after the request was begun could only serve to repeat it.
curl_socket_t Transfer::on_open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (transfer.begun_) {
    transfer.repeated_ = true;
    return CURL_SOCKET_BAD;
  }
  return transfer.settings_.open_socket(transfer.settings_.socket_owner, address);
}

/// Asked before each writing of a request to a connection. libcurl would write it again when a reused
/// connection died unanswered; for a POST that could be a second effect, so nothing is ever written twice.
int Transfer::on_request(void* self, char*, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (transfer.begun_) {
    transfer.repeated_ = true;
    return CURL_PREREQFUNC_ABORT;
  }
  transfer.begun_ = true;
  return CURL_PREREQFUNC_OK;
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t bytes = size * count;
  return transfer.take_header({data, bytes}) ? bytes : 0;
}

bool Transfer::take_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > request_.response_header_limit) {
    too_large_ = true;
    return false;
  }
  if (final_) return true;  // trailers are dropped
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if (line.substr(0, 5) == "HTTP/" && response_.headers.empty()) {
    status_seen_ = true;
    const auto space = line.find(' ');
    response_.status = 0;
    if (space != std::string_view::npos) {
      for (const char c : line.substr(space + 1, 3)) response_.status = response_.status * 10 + (c - '0');
    }
    return true;
  }
  if (line.empty()) {
    final_ = response_.status >= 200;
    if (!final_) response_.headers.clear();  // an interim response; the final one follows
    return true;
  }
  take_field(line);
  return true;
}

void Transfer::take_field(std::string_view line) {
  if (line.front() == ' ' ||
      line.front() == '\t') {  // a folded line (obsolete): one space stands for the fold
    if (!response_.headers.empty()) response_.headers.back().second.append(" ").append(trim(line));
    return;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;  // refused by libcurl already
  response_.headers.emplace_back(std::string(line.substr(0, colon)),
                                 std::string(trim(line.substr(colon + 1))));
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t bytes = size * count;
  std::string& body = transfer.response_.body;
  if (bytes > transfer.request_.response_body_limit - body.size()) {
    transfer.too_large_ = true;
    return bytes + 1;  // anything but `bytes` ends the transfer
  }
  if (body.empty()) {
    curl_off_t length = -1;
    curl_easy_getinfo(transfer.easy_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (length > static_cast<curl_off_t>(bytes)) {
      body.reserve(
          std::min<std::size_t>(static_cast<std::size_t>(length), transfer.request_.response_body_limit));
    }
  }
  body.append(data, bytes);
  return bytes;
}

RequestSent Transfer::sent() const {
  if (status_seen_) return RequestSent::yes;
  if (!begun_) return RequestSent::no;
  if (!target_.tls) {
    // Counts what the socket took. Under TLS a failed write may have put bytes on the wire all the same.
    long taken = 0;
    if (curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &taken) == CURLE_OK && taken == 0)
      return RequestSent::no;
  }
  return RequestSent::maybe;
}

Error Transfer::error_of(CURLcode code) const {
  std::string message = text_[0] != '\0' ? text_.data() : curl_easy_strerror(code);
  if (too_large_) {
    const bool headers = header_bytes_ > request_.response_header_limit;
    return {"response_too_large",
            headers ? "more header bytes than " + std::to_string(request_.response_header_limit)
                    : "more body bytes than " + std::to_string(request_.response_body_limit)};
  }
  if (repeated_) return {"connection_lost", "the reused connection ended before an answer"};
  if (code == CURLE_OPERATION_TIMEDOUT) return {"timeout", std::move(message)};
  if (code == CURLE_COULDNT_RESOLVE_HOST) return {"dns_failed", std::move(message)};
  if (code == CURLE_URL_MALFORMAT) return {"bad_url", std::move(message)};
  if (is_tls_error(code)) return {"tls_failed", std::move(message)};
  if (!begun_) return {"connect_failed", std::move(message)};
  if (is_bad_response(code)) return {"bad_response", std::move(message)};
  return {"connection_lost", std::move(message)};
}

HttpResult Transfer::finish(CURLcode code) {
  HttpResult result;
  result.sent = sent();
  if (code == CURLE_OK && final_ && response_.status <= 599) {
    result.response = std::move(response_);
  } else if (code == CURLE_OK) {
    result.error = {"bad_response", "not a complete HTTP response"};
  } else {
    result.error = error_of(code);
  }
  return result;
}

HttpResult Transfer::give_up(std::string_view code, std::string message) {
  HttpResult result;
  result.sent = attached_ ? sent() : RequestSent::no;
  result.error = {std::string(code), std::move(message)};
  return result;
}

void Transfer::clear() {
  curl_slist_free_all(headers_);
  curl_slist_free_all(resolve_);
  headers_ = nullptr;
  resolve_ = nullptr;
  if (attached_) {
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, nullptr);
    curl_easy_setopt(easy_, CURLOPT_RESOLVE, nullptr);
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, nullptr);  // pointed into the request
    curl_easy_setopt(easy_, CURLOPT_HTTPGET, 1L);
  }
  request_ = {};
  target_ = {};
  response_ = {};
  header_bytes_ = 0;
  attached_ = begun_ = repeated_ = status_seen_ = final_ = too_large_ = false;
  text_[0] = '\0';
}

}  // namespace tenon::runtime
