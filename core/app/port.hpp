// Port: where webhooks come in, by what the command line and the service manager say.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "ingress/http_server.hpp"
#include "runtime/runtime.hpp"
#include "runtime/service_manager.hpp"

namespace tenon::app {

struct PortOptions {
  std::string listen = "127.0.0.1:8080";  ///< unless the service manager passes sockets
  std::string tls_certificate;            ///< PEM file; empty: plain HTTP
  std::string tls_key;
  std::vector<std::string> trusted_proxies;  ///< addresses or ranges
};

/// Made and used on the main thread. read(), then open(), once each.
class Port {
 public:
  explicit Port(const PortOptions& options) : options_(options) {}

  /// Checks the options, reads certificate and key, takes over passed sockets. Before other threads run.
  /// Errors: `bad_range`, `tls_certificate`, `listen_failed`, `bad_options`.
  Status read();

  /// Listens, or takes the passed sockets in place of `listen`. Answers URLs, with commas between. The
  /// runtime outlives the port.
  Result<std::string> open(runtime::Runtime& runtime, ingress::Handler handler);

  /// The socket that the service manager passed by the name `admin`, once.
  std::optional<int> take_admin_socket();

  /// Reads certificate and key anew; new connections use them. A pair that does not work is told in one line,
  /// and the old one stays.
  void reload();

  ingress::HttpServer& server() { return *server_; }
  /// None before open(). On the ingress executor.
  std::optional<ingress::HttpServer::Counts> counts() const;

 private:
  bool secure() const { return !options_.tls_certificate.empty(); }

  PortOptions options_;
  ingress::TrustedProxies proxies_;
  std::shared_ptr<const ingress::TlsContext> tls_;
  std::vector<runtime::PassedSocket> passed_;
  std::optional<ingress::HttpServer> server_;
  std::atomic<bool> open_ = false;  ///< the control socket may ask before it is
};

}  // namespace tenon::app
