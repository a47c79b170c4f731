// Inside of HttpServer: one connection. Include only from http_*.cpp: it brings Beast.
#pragma once

#include "ingress/http_core.hpp"
#include "ingress/http_reader.hpp"
#include "ingress/http_stream.hpp"

namespace tenon::ingress {

class HttpServer::Session : public std::enable_shared_from_this<HttpServer::Session> {
 public:
  Session(std::shared_ptr<Core> core, Socket socket, const Address& peer, bool tls);

  void start();
  /// Closes now, without an answer.
  void close();
  /// The server stops: an idle connection closes, another after its answer.
  void drain();
  /// Enforces deadlines; `now` is the steady clock's.
  void check(runtime::Duration now);

  /// True while it has not brought one whole request.
  bool brought_nothing() const { return requests_ == 0 && state_ < State::handling; }

  AddressKey counted{};  ///< what this connection is counted by; all zero: nothing
  std::list<std::shared_ptr<Session>>::iterator place;

 private:
  enum class State : std::uint8_t {
    proxy,  ///< a trusted peer may say for whom it speaks
    handshake,
    idle,
    head,
    body,
    handling,
    writing,
    lingering,
    closed
  };

  void read_proxy_header();
  void on_proxy_bytes(std::size_t count);
  void begin();
  void read();
  void on_read(ErrorCode error, std::size_t count);
  void advance();
  bool begin_body();
  bool count_client();
  void hand_over();
  void answer(std::uint64_t serial, Answer answer);
  void refuse(int status);
  void write(Answer answer, bool close_after);
  void on_written(ErrorCode error);
  void linger();
  void account(std::size_t body_size);
  std::size_t room() const;
  void release();
  void enter(State state, runtime::Duration time);

  std::shared_ptr<Core> core_;
  Stream stream_;
  Address peer_;    ///< who speaks on this connection: the other end, or for whom a proxy said it does
  Address client_;  ///< whose request is at work
  const bool tls_;
  State state_ = State::idle;
  bool reading_ = false;
  bool close_after_ = false;
  RequestReader reader_;
  std::string early_;         ///< while a proxy's header is read
  std::uint64_t serial_ = 0;  ///< of the request at work: a late answer to another is ignored
  std::size_t requests_ = 0;
  std::size_t accounted_ = 0;
  std::size_t lingered_ = 0;
  AddressKey client_counted_{};  ///< what the request at work is counted by besides
  runtime::Duration deadline_{};
  runtime::Duration body_since_{};
  std::size_t body_received_ = 0;
  std::string out_;
};

}  // namespace tenon::ingress
