// CurlHttp: the HttpClient on libcurl's multi interface, driven by an executor's loop.
#pragma once

#include <curl/curl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "runtime/clock.hpp"
#include "runtime/real.hpp"
#include "runtime/real/resolver.hpp"
#include "runtime/real/transfer.hpp"

namespace tenon::runtime {

class CurlHttp final : public HttpClient {
 public:
  /// `io` is the loop of `executor`.
  CurlHttp(Executor& executor, boost::asio::io_context& io, const Clock& clock, const RealOptions& options);
  ~CurlHttp() override;

  Status open(const RealOptions& options);
  /// Ends all open requests without a call and lets go of the loop. After the executor has stopped.
  void close();

  Handle start(HttpRequest request, Function<void(HttpResult)> done) override;
  void cancel(Handle handle) override;

 private:
  struct Slot {
    std::unique_ptr<Transfer> transfer;
    Function<void(HttpResult)> done;
    std::uint32_t generation = 0;
    bool open = false;
    bool added = false;  ///< libcurl has it
    TimerId dns_timer = 0;
  };
  struct Socket {
    std::uint32_t events = 0;  ///< what the kernel watches; 0: not registered
    std::uint32_t wanted = 0;
    std::uint32_t generation = 0;
  };
  struct Name {
    std::string addresses;  ///< joined by commas, as CURLOPT_RESOLVE wants them
    Duration fresh_until{};
    std::vector<Handle> waiting;
    bool asked = false;
    std::unordered_map<std::uint16_t, Duration> told;  ///< port -> fresh_until of what libcurl was told
  };

  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void*);
  static int on_timer(CURLM*, long milliseconds, void* self);
  static curl_socket_t on_open(void* self, const curl_sockaddr* address);
  static int on_close(void* self, curl_socket_t socket);

  Slot* slot_of(Handle handle);
  std::size_t take_slot();
  void resolve(Handle handle, Slot& slot);
  void resolved(const std::string& host, Result<Resolver::Addresses> answer);
  void launch(Slot& slot, Name* name);
  void forget_socket(curl_socket_t socket);
  void kick();
  void watch();
  void on_ready();
  void drain();
  void complete(Slot& slot, HttpResult result);

  Executor& executor_;
  const Clock& clock_;
  TransferSettings settings_;
  // Both let go of the executor in close().
  std::optional<Resolver> resolver_;
  std::optional<boost::asio::posix::stream_descriptor>
      poll_;  ///< an epoll instance of our own, within the loop's
  CURLM* multi_ = nullptr;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<std::size_t> free_;
  std::vector<Socket> sockets_;  ///< by descriptor
  std::unordered_map<std::string, Name> names_;
  TimerId timer_ = 0;
  bool kicked_ = false;
};

Result<std::unique_ptr<CurlHttp>> make_curl_http(Executor& executor, boost::asio::io_context& io,
                                                 const Clock& clock, const RealOptions& options);

}  // namespace tenon::runtime
