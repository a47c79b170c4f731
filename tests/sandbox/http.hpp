// HTTP on one io_context: a server that asks a Judge, and a client connection. The only files that know Beast
// are server.cpp and client.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "message.hpp"

namespace boost::asio {
class io_context;
}

namespace sandbox {

class Server {
 public:
  class Impl;
  /// Listens at `address`, as in 127.0.0.1:0. Throws std::exception if that cannot be.
  Server(boost::asio::io_context& io, std::string_view address, Judge& judge);
  ~Server();
  /// Where it listens, as in 127.0.0.1:40123.
  std::string address() const;
  /// Closes the connections whose plan was to hang.
  void release_hung();

 private:
  std::shared_ptr<Impl> impl_;
};

/// What became of one request. No status: refused, reset, timed out or not understood.
struct Exchange {
  int status = 0;
  std::string body;
  double sent_ms = 0, done_ms = 0;  ///< by steady_ms()
};

/// A keep-alive connection that connects anew when it must. One request at a time.
class Client {
 public:
  Client(boost::asio::io_context& io, const std::string& ip, std::uint16_t port);
  /// Cancels what is under way; its callback is not called then.
  ~Client();
  /// `request` is sent as it is. `done` is called once, never from within send.
  void send(std::string request, std::int64_t timeout_ms, std::function<void(Exchange)> done);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sandbox
