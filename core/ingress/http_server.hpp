// HttpServer: whole HTTP/1.1 requests in, by TCP or TLS, whole answers out, every resource bounded.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "ingress/address.hpp"
#include "ingress/head.hpp"
#include "ingress/message.hpp"
#include "ingress/tls.hpp"
#include "runtime/clock.hpp"
#include "runtime/executor.hpp"

namespace tenon::ingress {

/// What a peer may use. Sizes in bytes.
struct ServerLimits {
  HeadLimits head;                 ///< else 431, or 414 for the target
  std::size_t body = 1024 * 1024;  ///< else 413, by declared length or while it comes
  runtime::Duration handshake_time = std::chrono::seconds(10);  ///< of TLS; else closed
  runtime::Duration head_time = std::chrono::seconds(10);       ///< from its first byte; else 408
  runtime::Duration body_time = std::chrono::seconds(20);       ///< from the end of the head; else 408
  std::size_t body_rate = 512;  ///< least bytes a second after `body_rate_grace`; else 408
  runtime::Duration body_rate_grace = std::chrono::seconds(5);
  runtime::Duration idle = std::chrono::seconds(15);         ///< without a request; else closed
  runtime::Duration answer_time = std::chrono::seconds(30);  ///< for the handler; else 503
  runtime::Duration write_time = std::chrono::seconds(20);   ///< for the peer to take the answer; else closed
  std::size_t requests_per_connection = 100;                 ///< then closed
  /// At the cap one that has brought no accepted request (answered 2xx) is closed for a new one: the oldest,
  /// unless another client has many of those. If all have, the new one is closed at once.
  std::size_t connections = 1024;
  std::size_t connections_per_address = 64;  ///< IPv6: per /64; more are closed at once
  bool cap_loopback = false;  ///< a proxy on this machine speaks for many: it is not capped per address
  std::size_t bytes_in_flight = 64 * 1024 * 1024;  ///< of bodies not yet answered; else 503
  /// Of those the ones that are still arriving. Where one more does not fit, a larger one of its client, or
  /// one of a client that holds more, is refused for it; else itself, with 503.
  std::size_t bytes_arriving = 8 * 1024 * 1024;
  /// Breaks both on purpose, for tests that show that they matter: nobody gives way to anybody.
  bool nobody_gives_way = false;
  /// Peers that may say for whom they speak, by a PROXY header at the start of the connection or by
  /// X-Forwarded-For. The caps hold per client then: of its connections, and of its requests at work.
  TrustedProxies trusted_proxies;
};

enum class Security : std::uint8_t { plain, tls };

/// Listens on TCP addresses and socket files. Keep-alive and pipelining; strict framing (head.hpp): every
/// refusal of the server itself is answered with an empty body and closes the connection.
class HttpServer {
 public:
  /// `executor` is a real one (it has an io_context) and outlives the server; the handler runs on it.
  HttpServer(runtime::Executor& executor, runtime::Clock& clock, ServerLimits limits, Handler handler);
  /// On the executor's own thread, or when it runs no more. Open connections are closed; late answers are
  /// ignored.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// `127.0.0.1:0`, `[::]:8080`, or `unix:/path` (mode 0600; a file that nobody listens on any more is
  /// replaced). Answers the bound address in the same form. From any thread, one call at a time. Errors:
  /// `bad_address`, `listen_failed`.
  Result<std::string> listen(const std::string& address, Security security = Security::plain);
  /// The same for a stream socket that listens already, such as a service manager passes on; it belongs to
  /// the server from now on. Errors: `listen_failed`.
  Result<std::string> adopt(int descriptor, Security security = Security::plain);

  /// What connections to `tls` listeners begin with from now on; open ones keep what they have. Before the
  /// first, they are closed. From any thread.
  void set_tls(std::shared_ptr<const TlsContext> tls);

  /// Stops accepting, closes what is idle, answers what has begun and closes it; after `limit` closes the
  /// rest. From any thread, once; `done` on the executor.
  void stop(runtime::Duration limit, Function<void()> done);

  struct Counts {
    struct Listener {
      std::string address;  ///< as listen() answered it
      Security security = Security::plain;
      std::size_t connections = 0;
    };
    std::size_t connections = 0;
    std::size_t most = 0;  ///< the cap
    std::size_t bytes_in_flight = 0;
    std::uint64_t refused = 0;   ///< closed at once by a cap
    std::uint64_t gave_way = 0;  ///< closed, or their body refused, for others
    std::vector<Listener> listeners;
  };
  /// On the executor's own thread.
  Counts counts() const;

 private:
  class Core;
  class Session;
  class Listener;
  std::shared_ptr<Core> core_;
};

}  // namespace tenon::ingress
