// Inside of HttpServer: one connection. Include only from http_*.cpp: it brings Beast.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

#include "ingress/http_core.hpp"

namespace tenon::ingress {

class HttpServer::Session : public std::enable_shared_from_this<HttpServer::Session> {
 public:
  Session(std::shared_ptr<Core> core, Socket socket, const AddressKey& address, std::string remote);

  void start();
  /// Closes now, without an answer.
  void close();
  /// The server stops: an idle connection closes, another after its answer.
  void drain();
  /// Enforces deadlines; `now` is the steady clock's.
  void check(runtime::Duration now);

  const AddressKey address;
  std::list<std::shared_ptr<Session>>::iterator place;

 private:
  enum class State : std::uint8_t { idle, head, body, handling, writing, lingering, closed };
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  void read();
  void on_read(ErrorCode error, std::size_t count);
  void advance();
  bool take_head();
  bool take_body();
  bool begin_body(const Head& head, bool body_began);
  bool parse_head();
  void hand_over();
  void answer(std::uint64_t serial, Answer answer);
  void refuse(int status);
  void write(Answer answer, bool close_after);
  void on_written(ErrorCode error);
  void linger();
  void account(std::size_t body_size);
  void enter(State state, runtime::Duration time);

  std::shared_ptr<Core> core_;
  Socket socket_;
  const std::string remote_;
  State state_ = State::idle;
  bool reading_ = false;
  bool close_after_ = false;
  bool head_request_ = false;  ///< the answer goes without its body
  boost::beast::flat_buffer buffer_;
  HeadScanner scanner_;
  std::optional<Parser> parser_;
  Request request_;
  std::uint64_t serial_ = 0;  ///< of the request at work: a late answer to another is ignored
  std::size_t requests_ = 0;
  std::size_t accounted_ = 0;
  std::size_t lingered_ = 0;
  runtime::Duration deadline_{};
  runtime::Duration body_since_{};
  std::size_t body_received_ = 0;
  std::string out_;
};

}  // namespace tenon::ingress
