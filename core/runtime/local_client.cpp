#include "runtime/local_client.hpp"

#include <curl/curl.h>

#include <memory>
#include <thread>

#include "base/text.hpp"

namespace tenon::runtime {
namespace {

constexpr long kConnectMs = 5'000;
constexpr long kTotalMs = 30'000;
constexpr std::size_t kMostBytes = 64 * 1024 * 1024;

struct Received {
  HttpResponse response;
  bool too_large = false;
};

std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* context) {
  auto& received = *static_cast<Received*>(context);
  if (received.response.body.size() + size * count > kMostBytes) {
    received.too_large = true;
    return 0;
  }
  received.response.body.append(bytes, size * count);
  return size * count;
}

std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* context) {
  auto& received = *static_cast<Received*>(context);
  const std::string_view line(bytes, size * count);
  const auto colon = line.find(':');
  if (colon != std::string_view::npos) {
    received.response.headers.emplace_back(std::string(line.substr(0, colon)),
                                           std::string(trim(line.substr(colon + 1))));
  }
  return size * count;
}

Error error_of(CURLcode code, const Received& received, const std::string& path) {
  if (received.too_large) return {"response_too_large", "more than 64 MiB from " + path};
  if (code == CURLE_COULDNT_CONNECT) return {"connect_failed", "nobody listens on " + path};
  if (code == CURLE_OPERATION_TIMEDOUT) return {"timeout", "no answer from " + path + " in time"};
  return {"bad_response", path + ": " + curl_easy_strerror(code)};
}

/// `body` null: GET.
Result<HttpResponse> local_request(const std::string& path, const std::string& target,
                                   const std::string* body) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), &curl_easy_cleanup);
  if (!curl) return Error("runtime_failed", "libcurl cannot start");
  Received received;
  const std::string url = "http://localhost" + target;
  CURL* const handle = curl.get();
  curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, path.c_str());
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROXY, "");
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http");
  curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, kConnectMs);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, kTotalMs);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &received);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &received);
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      body == nullptr ? nullptr : curl_slist_append(nullptr, "Content-Type: application/json"),
      &curl_slist_free_all);
  if (body != nullptr) {
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body->c_str());
  }
  const CURLcode code = curl_easy_perform(handle);
  if (code != CURLE_OK) return error_of(code, received, path);
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  received.response.status = static_cast<int>(status);
  return std::move(received.response);
}

}  // namespace

Result<HttpResponse> local_get(const std::string& path, const std::string& target) {
  return local_request(path, target, nullptr);
}

Result<HttpResponse> local_post(const std::string& path, const std::string& target, const std::string& body) {
  return local_request(path, target, &body);
}

std::int64_t wall_now_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::int64_t steady_now_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

void pause_for(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }

}  // namespace tenon::runtime
