// Inside of HttpServer: one connection. Include only from http_*.cpp: it brings Beast.
#pragma once

#include "ingress/http_core.hpp"
#include "ingress/http_reader.hpp"
#include "ingress/http_stream.hpp"

namespace tenon::ingress {

class HttpServer::Session : public std::enable_shared_from_this<HttpServer::Session> {
 public:
  Session(std::shared_ptr<Core> core, Socket socket, const Address& peer, std::shared_ptr<Listener> listener);
  ~Session();

  void start();
  /// Closes now, without an answer.
  void close();
  /// The server stops: an idle connection closes, another after its answer.
  void drain();
  /// Enforces deadlines; `now` is the steady clock's.
  void check(runtime::Duration now);

  /// True if it has brought no accepted request and is at work on none.
  bool brought_nothing() const {
    return !proven_ && state_ != State::handling && state_ != State::writing && state_ != State::closed;
  }
  /// Its age in seconds, times the connections like this that its client has.
  double idled(runtime::Duration now) const {
    return std::chrono::duration<double>(now - since_).count() * static_cast<double>(peer_share_->unproven);
  }
  /// What its body holds.
  std::size_t body_bytes() const { return accounted_; }
  /// True if its arriving body may be refused so that the one of `other` may grow to `size`.
  bool gives_way_to(const Session& other, std::size_t size) const;
  bool holds_more_than(const Session& other) const;
  /// An answer of the server's own, and the end of the connection.
  void refuse(int status);

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

  void read_early(void (Session::*next)());
  void take_proxy_header();
  void begin();
  void take_hello();
  void read();
  void on_read(ErrorCode error, std::size_t count);
  void advance();
  bool begin_body();
  bool count_client();
  void hand_over();
  void answer(std::uint64_t serial, Answer answer);
  void set_peer(const Address& peer);
  void write(Answer answer, bool close_after);
  void on_written(ErrorCode error);
  void linger();
  void on_lingered(ErrorCode error, std::size_t count);
  void account(std::size_t body_size, bool arriving);
  void release();
  void enter(State state, runtime::Duration time);

  std::shared_ptr<Core> core_;
  Stream stream_;
  Address peer_;    ///< who speaks on this connection: the other end, or for whom a proxy said it does
  Address client_;  ///< whose request is at work
  const std::shared_ptr<Listener> listener_;  ///< where it came in
  Clients::Share peer_share_;
  Clients::Share client_share_;  ///< none: the peer's holds
  State state_ = State::idle;
  bool proven_ = false;  ///< a request of it was answered 2xx
  bool reading_ = false;
  bool close_after_ = false;
  RequestReader reader_;
  std::string early_;         ///< a proxy's header, the client's hello
  std::uint64_t serial_ = 0;  ///< of the request at work: a late answer to another is ignored
  std::size_t requests_ = 0;
  std::size_t accounted_ = 0;
  std::size_t accounted_arriving_ = 0;
  std::size_t lingered_ = 0;
  AddressKey client_counted_{};  ///< what the request at work is counted by besides
  const runtime::Duration since_;
  runtime::Duration deadline_{};
  runtime::Duration body_since_{};
  std::size_t body_received_ = 0;
  std::string out_;
};

}  // namespace tenon::ingress
