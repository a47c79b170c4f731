// Peer: one non-blocking connection of a load client, plain or TLS, if wanted from another loopback address
// or behind a PROXY header.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

class Peer {
 public:
  struct To {
    int port = 0;
    bool tls = false;
    std::string source;     ///< empty: any
    std::string proxy_for;  ///< empty: no PROXY header
    int receive_buffer = 0;
  };

  Peer() = default;
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() { close(); }

  /// Once per process.
  static void begin() { std::signal(SIGPIPE, SIG_IGN); }

  /// Wakes `epoll` with `data` on each change (edge-triggered): read and write until they say -1.
  bool open(const To& to, int epoll, std::uint64_t data) {
    close();
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return false;
    if (to.receive_buffer != 0)
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &to.receive_buffer, sizeof to.receive_buffer);
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // Ports are chosen at connect, so that one address may have many.
    setsockopt(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if (!to.source.empty()) {
      inet_pton(AF_INET, to.source.c_str(), &address.sin_addr);
      if (bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return false;
    }
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    address.sin_port = htons(static_cast<std::uint16_t>(to.port));
    if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS)
      return false;
    if (!to.proxy_for.empty()) early_ = "PROXY TCP4 " + to.proxy_for + " 127.0.0.1 1 2\r\n";
    if (to.tls) {
      ssl_ = SSL_new(context());
      SSL_set_fd(ssl_, fd_);
      SSL_set_connect_state(ssl_);
    }
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.u64 = data;
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd_, &event) == 0;
  }

  bool is_open() const { return fd_ >= 0; }

  void close() {
    SSL_free(ssl_);
    ssl_ = nullptr;
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
    early_.clear();
  }

  /// Bytes taken; -1: not now; 0: the connection is over.
  long write(std::string_view text) {
    if (!send_early()) return -1;
    return ssl_ == nullptr ? of(send(fd_, text.data(), text.size(), 0))
                           : of_tls(SSL_write(ssl_, text.data(), static_cast<int>(text.size())));
  }
  long read(char* into, std::size_t size) {
    if (!send_early()) return -1;
    return ssl_ == nullptr ? of(recv(fd_, into, size, 0))
                           : of_tls(SSL_read(ssl_, into, static_cast<int>(size)));
  }
  /// Beside TLS: what never becomes a handshake.
  long write_raw(std::string_view text) {
    if (!send_early()) return -1;
    return of(send(fd_, text.data(), text.size(), 0));
  }
  long read_raw(char* into, std::size_t size) { return of(recv(fd_, into, size, 0)); }

 private:
  static SSL_CTX* context() {
    static SSL_CTX* const made = [] {
      SSL_CTX* fresh = SSL_CTX_new(TLS_client_method());
      SSL_CTX_set_mode(fresh, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
      SSL_CTX_set_session_cache_mode(fresh, SSL_SESS_CACHE_OFF);
      return fresh;
    }();
    return made;
  }

  bool send_early() {
    if (early_.empty()) return true;
    if (send(fd_, early_.data(), early_.size(), 0) != static_cast<ssize_t>(early_.size())) return false;
    early_.clear();
    return true;
  }

  static long of(ssize_t result) {
    if (result > 0) return result;
    return result < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOTCONN) ? -1 : 0;
  }

  long of_tls(int result) {
    const int error = result > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl_, result);
    ERR_clear_error();
    if (error == SSL_ERROR_NONE) return result;
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? -1 : 0;
  }

  int fd_ = -1;
  SSL* ssl_ = nullptr;
  std::string early_;
};

}  // namespace bench
