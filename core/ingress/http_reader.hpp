// Inside of HttpServer: the framing of requests, from bytes to whole requests, without a socket. Include only
// from http_*.cpp: it brings Beast.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/function.hpp"
#include "ingress/head.hpp"
#include "ingress/message.hpp"

namespace tenon::ingress {

/// Reads one request after the other out of a connection's bytes. Every head is checked by head.hpp first,
/// then Beast must agree; trailers are dropped. Bodies are bounded while they come.
class RequestReader {
 public:
  enum class Step : std::uint8_t {
    more,        ///< all was taken; more bytes are needed
    head_whole,  ///< the head is accepted; may be advanced further
    whole,       ///< take() has a request
    refused      ///< status() says how; nothing more comes of this connection
  };

  /// `fits(size)`: whether the body at work may hold so much now; else the request is refused with 503.
  RequestReader(const HeadLimits& head, std::size_t body, Function<bool(std::size_t)> fits);

  /// Room for the next read; then tell how much of it was filled.
  boost::asio::mutable_buffer prepare();
  void commit(std::size_t count);
  /// True if no byte of a next request is there.
  bool empty() const { return buffer_.size() == 0; }
  /// Between two requests: gives memory back that a large one took.
  void shrink();
  /// Drops what is buffered.
  void clear();

  /// Goes on as far as the bytes allow.
  Step advance();

  int status() const { return status_; }
  /// From head_whole on.
  const runtime::Headers& headers() const { return request_.headers; }
  bool wants_continue() const { return wants_continue_; }
  bool is_head_request() const { return is_head_request_; }
  /// False if the sender will not use the connection again.
  bool keep_alive() const { return keep_alive_; }
  std::size_t body_size() const { return parser_ ? parser_->get().body().size() : 0; }
  /// After `whole`: the request, `remote` empty; the next one may begin.
  Request take();
  /// Gives up the request at work.
  void abandon();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  Step refuse(int status);
  Step read_head();
  Step read_body();
  bool parse_head();

  const HeadLimits head_limits_;
  const std::size_t body_limit_;
  Function<bool(std::size_t)> fits_;
  boost::beast::flat_buffer buffer_;
  HeadScanner scanner_;
  std::optional<Parser> parser_;  ///< while a body is read
  Request request_;
  int status_ = 0;
  std::size_t prepared_ = 0;
  bool fills_up_ = false;  ///< the last read took all the room that it had
  bool wants_continue_ = false;
  bool is_head_request_ = false;
  bool keep_alive_ = true;
};

}  // namespace tenon::ingress
