// Inside of HttpServer: what its listeners and connections share. Include only from http_*.cpp: it brings
// Asio.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <list>
#include <map>
#include <vector>

#include "ingress/address.hpp"
#include "ingress/http_clients.hpp"
#include "ingress/http_server.hpp"

namespace tenon::ingress {

namespace net = boost::asio;
using ErrorCode = boost::system::error_code;
/// One type for TCP and socket files: one instantiation of all that is built on it.
using Socket = net::basic_stream_socket<net::generic::stream_protocol, net::io_context::executor_type>;
using Acceptor = net::basic_socket_acceptor<net::generic::stream_protocol, net::io_context::executor_type>;

class HttpServer::Core : public std::enable_shared_from_this<HttpServer::Core> {
 public:
  Core(runtime::Executor& executor, runtime::Clock& clock, const ServerLimits& limits, Handler handler);

  Result<std::string> listen(const std::string& address, Security security);
  Result<std::string> adopt(int descriptor, Security security);
  void stop(runtime::Duration limit, Function<void()> done);
  /// Closes everything; nothing reaches the handler any more.
  void abandon();

  /// A connection came in; refuses it when a cap is reached.
  void admit(Socket socket, const Address& peer, const std::shared_ptr<Listener>& listener);
  Counts counts() const;
  /// Counts one more of a client and writes down by what in `key`; false at the cap, counting nothing.
  /// Loopback is not counted unless the limits say so, proxies never: they speak for many.
  bool count(const Address& client, AddressKey& key);
  /// Takes back what count() did; `key` is all zero afterwards.
  void uncount(AddressKey& key);
  /// True if the body at work of `session` may grow to `size`; bodies that hold too much are refused for it.
  bool make_bytes(const Session& session, std::size_t size);
  /// A connection is gone.
  void forget(const std::shared_ptr<Session>& session);
  /// `Date: …` of this second, with its line end.
  const std::string& date_line();

  runtime::Executor& executor;
  runtime::Clock& clock;
  const ServerLimits limits;
  Handler handler;  ///< empty once abandoned
  net::io_context& io;
  std::shared_ptr<const TlsContext> tls;  ///< of connections to come
  bool draining = false;
  std::uint64_t refused = 0;   ///< of Counts
  std::uint64_t gave_way = 0;  ///< of Counts
  std::size_t bytes_in_flight = 0;
  std::size_t bytes_arriving = 0;
  Clients clients;  ///< before the sessions, which have shares of it
  std::list<std::shared_ptr<Session>> sessions;

 private:
  bool make_room();
  Result<std::string> begin(const std::shared_ptr<Listener>& listener, Result<std::string> bound);
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
  Listener(const std::shared_ptr<Core>& core, bool tls);
  ~Listener();
  Result<std::string> open(const std::string& address);
  /// A socket that listens already; it is ours from now on.
  Result<std::string> adopt(int descriptor);
  void accept();
  void close();
  bool tls() const { return tls_; }

  std::string bound_to;         ///< its address
  std::size_t connections = 0;  ///< open ones that came in here

 private:
  void admit(HttpServer::Core& core);
  Result<std::string> open_tcp(const std::string& address);
  Result<std::string> open_file(const std::string& path);
  void on_accept(ErrorCode error);

  std::weak_ptr<Core> core_;
  runtime::Executor& executor_;
  const bool tls_;
  Acceptor acceptor_;
  Socket next_;
  net::generic::stream_protocol::endpoint peer_;
  std::string file_;  ///< to remove when closed
};

}  // namespace tenon::ingress
