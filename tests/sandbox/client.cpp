#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

#include "http.hpp"
#include "text.hpp"

namespace sandbox {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;

class Client::Impl : public std::enable_shared_from_this<Client::Impl> {
 public:
  Impl(asio::io_context& io, const std::string& ip, std::uint16_t port)
      : stream_(io), at_(asio::ip::make_address(ip), port) {}

  void send(std::string request, std::int64_t timeout_ms, std::function<void(Exchange)> done) {
    request_ = std::move(request);
    done_ = std::move(done);
    exchange_ = Exchange();
    exchange_.sent_ms = steady_ms();
    stream_.expires_after(std::chrono::milliseconds(timeout_ms));
    if (usable()) {
      write();
      return;
    }
    drop();
    stream_.async_connect(at_, [self = shared_from_this()](error_code error) {
      if (error) return self->end();
      error_code ignored;
      self->stream_.socket().set_option(tcp::no_delay(true), ignored);
      self->write();
    });
  }

  void cancel() {
    done_ = nullptr;
    drop();
  }

 private:
  /// Open, and the other side has not closed it meanwhile.
  bool usable() {
    if (!open_) return false;
    char byte;
    const auto got = ::recv(stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

  void drop() {
    error_code ignored;
    stream_.socket().close(ignored);
    open_ = false;
    buffer_.clear();
  }

  void write() {
    asio::async_write(stream_, asio::buffer(request_),
                      [self = shared_from_this()](error_code error, std::size_t) {
                        if (error) return self->end();
                        self->read();
                      });
  }

  void read() {
    parser_.emplace();
    parser_->body_limit(1 << 20);
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
      if (error) return self->end();
      auto& message = self->parser_->get();
      self->exchange_.status = static_cast<int>(message.result_int());
      self->exchange_.body = std::move(message.body());
      self->open_ = message.keep_alive();
      self->end();
    });
  }

  /// Called from the loop only, so that `done` never runs inside send.
  void end() {
    exchange_.done_ms = steady_ms();
    stream_.expires_never();
    if (exchange_.status == 0 || !open_) drop();
    if (const auto done = std::exchange(done_, nullptr)) done(std::move(exchange_));
  }

  boost::beast::tcp_stream stream_;
  tcp::endpoint at_;
  bool open_ = false;
  boost::beast::flat_buffer buffer_;
  std::optional<http::response_parser<http::string_body>> parser_;
  std::string request_;
  std::function<void(Exchange)> done_;
  Exchange exchange_;
};

Client::Client(asio::io_context& io, const std::string& ip, std::uint16_t port)
    : impl_(std::make_shared<Impl>(io, ip, port)) {}
Client::~Client() { impl_->cancel(); }

void Client::send(std::string request, std::int64_t timeout_ms, std::function<void(Exchange)> done) {
  impl_->send(std::move(request), timeout_ms, std::move(done));
}

}  // namespace sandbox
