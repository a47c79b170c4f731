// Transfer: one exchange over libcurl, and the easy handle it is done with.
#pragma once

#include <curl/curl.h>

#include <array>
#include <string>

#include "runtime/http.hpp"
#include "runtime/http_check.hpp"

namespace tenon::runtime {

/// What every transfer of a client shares.
struct TransferSettings {
  std::string ca_file;
  std::string user_agent;
  bool http2 = false;
  void* socket_owner = nullptr;  ///< first argument of the next two
  curl_socket_t (*open_socket)(void* owner, const curl_sockaddr* address) = nullptr;
  int (*close_socket)(void* owner, curl_socket_t socket) = nullptr;
};

/// Used again for one request after the other. One thread.
class Transfer {
 public:
  Transfer(const TransferSettings& settings, std::size_t slot);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer();

  CURL* easy() { return easy_; }
  std::size_t slot() const { return slot_; }  ///< its owner's number for it
  /// Takes the request over, before prepare().
  void accept(HttpRequest request, HttpTarget target, Duration now);
  const HttpRequest& request() const { return request_; }
  const HttpTarget& target() const { return target_; }
  Duration started() const { return started_; }

  /// Sets the handle up. `resolve` is an entry for CURLOPT_RESOLVE or empty; `remaining` the time left of the
  /// request's. False if memory or libcurl refuse.
  bool prepare(const std::string& resolve, Duration remaining);
  /// What came of it, once libcurl is done with the handle and before it is removed from its multi handle.
  HttpResult finish(CURLcode code);
  /// The same for a request that is given up while it is open.
  HttpResult give_up(std::string_view code, std::string message);
  /// Forgets the request, so that the handle can be used again.
  void clear();

 private:
  static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_request(void* self, char*, char*, int, int);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  bool add_header(const std::string& line);
  bool build_headers();
  void set_constants();
  void set_method();
  bool take_header(std::string_view line);
  void take_field(std::string_view line);
  RequestSent sent() const;
  Error error_of(CURLcode code) const;

  const TransferSettings& settings_;
  std::size_t slot_;
  CURL* easy_;
  curl_slist* headers_ = nullptr;
  curl_slist* resolve_ = nullptr;
  HttpRequest request_;
  HttpTarget target_;
  Duration started_{};
  HttpResponse response_;
  std::size_t header_bytes_ = 0;
  bool attached_ = false;     ///< prepare() was called: libcurl knows the request
  bool begun_ = false;        ///< a connection stood and the request was about to be written
  bool repeated_ = false;     ///< libcurl wanted to write it again
  bool status_seen_ = false;  ///< a status line came
  bool final_ = false;        ///< the header section of the final response is complete
  bool too_large_ = false;
  std::array<char, CURL_ERROR_SIZE> text_{};
};

}  // namespace tenon::runtime
