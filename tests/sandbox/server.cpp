#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <stdexcept>
#include <unordered_set>

#include "http.hpp"
#include "text.hpp"

namespace sandbox {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

/// Enough for a batch of 100,000 deliveries; the APIs refuse bodies over 1 MiB themselves.
constexpr std::uint64_t kBodyLimit = 64ull << 20;

std::string_view reason_of(int status) {
  const auto text = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
  return text == "<unknown-status>" ? std::string_view("Status") : std::string_view(text.data(), text.size());
}

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

class Session;

class Server::Impl : public std::enable_shared_from_this<Server::Impl> {
 public:
  Impl(asio::io_context& io, tcp::endpoint at, Judge& judge) : io_(io), acceptor_(io, at), judge_(judge) {}
  void accept();
  Judge& judge() { return judge_; }
  tcp::endpoint at() const { return acceptor_.local_endpoint(); }
  void stop() { acceptor_.close(); }

  std::unordered_set<std::shared_ptr<Session>> hung;

 private:
  asio::io_context& io_;
  tcp::acceptor acceptor_;
  Judge& judge_;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, std::shared_ptr<Server::Impl> server)
      : socket_(std::move(socket)), server_(std::move(server)) {
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    const auto peer = socket_.remote_endpoint(ignored).address();
    loopback_ =
        peer.is_loopback() || (peer.is_v6() && peer.to_v6().is_v4_mapped() &&
                               asio::ip::make_address_v4(asio::ip::v4_mapped, peer.to_v6()).is_loopback());
  }

  void read() {
    parser_.emplace();
    parser_->body_limit(kBodyLimit);
    parser_->header_limit(64 * 1024);
    http::async_read(socket_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
      if (!error) {
        self->decide();
      } else if (error != http::error::end_of_stream &&
                 error.category() == make_error_code(http::error::bad_method).category()) {
        self->complain(error == http::error::body_limit ? 413 : 400);
      }
    });
  }

  void close() {
    error_code ignored;
    socket_.close(ignored);
    answered(false);
  }

 private:
  void decide() {
    const auto& message = parser_->get();
    keep_alive_ = message.keep_alive();
    Request request;
    request.method = view(message.method_string());
    request.target = view(message.target());
    const auto mark = request.target.find('?');
    request.path = request.target.substr(0, mark);
    if (mark != std::string_view::npos) request.query = parse_query(request.target.substr(mark + 1));
    request.body = message.body();
    request.authorization = view(message[http::field::authorization]);
    request.content_type = view(message[http::field::content_type]);
    request.auth_token = view(message["X-Auth-Token"]);
    request.idempotency_key = view(message["Idempotency-Key"]);
    request.loopback = loopback_;
    auto plan = server_->judge().judge(request);
    ticket_ = plan.ticket;
    if (plan.action == Plan::Action::hang) {
      server_->hung.insert(shared_from_this());
      return;
    }
    compose(plan.reply);
    if (plan.delay_ms <= 0) {
      carry_out(plan.action);
      return;
    }
    auto timer = std::make_shared<asio::steady_timer>(socket_.get_executor(),
                                                      std::chrono::milliseconds(plan.delay_ms));
    timer->async_wait([self = shared_from_this(), timer, action = plan.action](error_code) {
      if (self->gone()) {
        self->close();
      } else {
        self->carry_out(action);
      }
    });
  }

  /// The peer has closed or reset, as far as one can know.
  bool gone() {
    char byte;
    const auto got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
  }

  void compose(const Reply& reply) {
    const bool bare = reply.status == 204 || reply.status == 304;
    out_.clear();
    out_.append("HTTP/1.1 ")
        .append(std::to_string(reply.status))
        .append(1, ' ')
        .append(reason_of(reply.status))
        .append("\r\n");
    if (!reply.body.empty()) out_.append("Content-Type: ").append(reply.content_type).append("\r\n");
    if (!bare) out_.append("Content-Length: ").append(std::to_string(reply.body.size())).append("\r\n");
    if (!keep_alive_) out_.append("Connection: close\r\n");
    out_.append(reply.headers).append("\r\n");
    if (!bare && parser_->get().method() != http::verb::head) out_.append(reply.body);
  }

  void carry_out(Plan::Action action) {
    if (action == Plan::Action::reset) {
      error_code ignored;
      socket_.set_option(asio::socket_base::linger(true, 0), ignored);
      close();
      return;
    }
    asio::async_write(socket_, asio::buffer(out_),
                      [self = shared_from_this()](error_code error, std::size_t) {
                        self->answered(!error);
                        if (error) return;
                        if (self->keep_alive_) {
                          self->read();
                        } else {
                          error_code ignored;
                          self->socket_.shutdown(tcp::socket::shutdown_send, ignored);
                        }
                      });
  }

  void complain(int status) {
    Reply reply;
    reply.status = status;
    keep_alive_ = false;
    compose(reply);
    carry_out(Plan::Action::answer);
  }

  void answered(bool reached) {
    if (const auto ticket = std::exchange(ticket_, 0)) server_->judge().answered(ticket, reached);
  }

  tcp::socket socket_;
  std::shared_ptr<Server::Impl> server_;
  boost::beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::string out_;
  std::uint64_t ticket_ = 0;
  bool keep_alive_ = true, loopback_ = true;
};

void Server::Impl::accept() {
  acceptor_.async_accept(io_, [self = shared_from_this()](error_code error, tcp::socket socket) {
    if (!self->acceptor_.is_open()) return;
    if (!error) std::make_shared<Session>(std::move(socket), self)->read();
    self->accept();
  });
}

Server::Server(asio::io_context& io, std::string_view address, Judge& judge) {
  const auto colon = address.rfind(':');
  const auto port = colon == std::string_view::npos ? std::nullopt : whole_number(address.substr(colon + 1));
  if (!port || *port > 65535)
    throw std::runtime_error("an address is written 127.0.0.1:8090, not " + std::string(address));
  auto host = std::string(address.substr(0, colon));
  if (host == "localhost") host = "127.0.0.1";
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const tcp::endpoint at(asio::ip::make_address(host), static_cast<std::uint16_t>(*port));
  impl_ = std::make_shared<Impl>(io, at, judge);
  impl_->accept();
}

Server::~Server() {
  release_hung();
  impl_->stop();
}

std::string Server::address() const {
  const auto at = impl_->at();
  const auto host = at.address().to_string();
  return (at.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(at.port());
}

void Server::release_hung() {
  for (const auto& session : std::exchange(impl_->hung, {})) session->close();
}

}  // namespace sandbox
