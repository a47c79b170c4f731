// Inside of HttpServer: what its listeners and connections share. Include only from http_*.cpp: it brings
// Asio.
#pragma once

#include <array>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <list>
#include <map>
#include <vector>

#include "ingress/http_server.hpp"

namespace tenon::ingress {

namespace net = boost::asio;
using ErrorCode = boost::system::error_code;
/// One type for TCP and socket files: one instantiation of all that is built on it.
using Socket = net::basic_stream_socket<net::generic::stream_protocol, net::io_context::executor_type>;
using Acceptor = net::basic_socket_acceptor<net::generic::stream_protocol, net::io_context::executor_type>;

/// An IPv4 address, or the first 64 bits of an IPv6 one; all zero: not counted.
using AddressKey = std::array<std::uint8_t, 16>;

class HttpServer::Core : public std::enable_shared_from_this<HttpServer::Core> {
 public:
  Core(runtime::Executor& executor, runtime::Clock& clock, const ServerLimits& limits, Handler handler);

  Result<std::string> listen(const std::string& address);
  void stop(runtime::Duration limit, Function<void()> done);
  /// Closes everything; nothing reaches the handler any more.
  void abandon();

  /// A connection came in; refuses it when a cap is reached.
  void admit(Socket socket, const AddressKey& address, std::string remote);
  /// A connection is gone.
  void forget(const std::shared_ptr<Session>& session);
  /// `Date: …` of this second, with its line end.
  const std::string& date_line();

  runtime::Executor& executor;
  runtime::Clock& clock;
  const ServerLimits limits;
  Handler handler;  ///< empty once abandoned
  net::io_context& io;
  bool draining = false;
  std::size_t bytes_in_flight = 0;
  std::list<std::shared_ptr<Session>> sessions;

 private:
  void sweep();
  void arm_sweep();
  void finish_stop();

  std::vector<std::shared_ptr<Listener>> listeners_;
  std::map<AddressKey, std::size_t> per_address_;
  runtime::Duration sweep_period_;
  runtime::TimerId sweep_timer_ = 0;
  runtime::TimerId stop_timer_ = 0;
  Function<void()> stopped_;
  std::int64_t date_second_ = -1;
  std::string date_line_;
};

/// One listening socket.
class HttpServer::Listener : public std::enable_shared_from_this<HttpServer::Listener> {
 public:
  explicit Listener(const std::shared_ptr<Core>& core);
  ~Listener();
  Result<std::string> open(const std::string& address);
  void accept();
  void close();

 private:
  Result<std::string> open_tcp(const std::string& address);
  Result<std::string> open_file(const std::string& path);
  void on_accept(ErrorCode error);

  std::weak_ptr<Core> core_;
  runtime::Executor& executor_;
  Acceptor acceptor_;
  Socket next_;
  net::generic::stream_protocol::endpoint peer_;
  std::string file_;  ///< to remove when closed
};

}  // namespace tenon::ingress
