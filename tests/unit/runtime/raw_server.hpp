// RawServer: a loopback server that does to each connection exactly what a test says, bytes and all.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace tenon::runtime::testing {

/// One accepted connection, in the hands of the test's script.
class Connection {
 public:
  Connection(int socket, int number, std::function<void(int)> close_it)
      : socket_(socket), number_(number), close_it_(std::move(close_it)) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { close(); }

  int number() const { return number_; }  ///< from 0
  int socket() const { return socket_; }

  /// A whole request by Content-Length; what came until then if the client closes.
  std::string read_request() {
    std::string text = std::move(rest_);
    rest_.clear();
    for (;;) {
      const auto end = text.find("\r\n\r\n");
      if (end != std::string::npos) {
        const std::size_t size = end + 4 + content_length(text.substr(0, end));
        if (text.size() >= size) {
          rest_ = text.substr(size);
          text.resize(size);
          return text;
        }
      }
      char buffer[16384];
      const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
      if (got <= 0) return text;
      text.append(buffer, static_cast<std::size_t>(got));
    }
  }

  /// False once the client is gone.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// Until the client closes or resets.
  void wait_for_close() {
    char buffer[4096];
    while (::recv(socket_, buffer, sizeof buffer, 0) > 0) {
    }
  }

  void close() {
    if (socket_ >= 0) close_it_(socket_);
    socket_ = -1;
  }

  /// Ends the connection with RST instead of FIN.
  void reset() {
    const linger now{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }

 private:
  static std::size_t content_length(const std::string& head) {
    const auto at = head.find("Content-Length: ");
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
  }
  int socket_;
  int number_;
  std::function<void(int)> close_it_;
  std::string rest_;
};

class RawServer {
 public:
  using Script = std::function<void(Connection&)>;

  /// Runs `script` for each connection, on a thread each.
  explicit RawServer(Script script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_, 512) != 0) {
      throw std::runtime_error("no loopback port");
    }
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { run(); });
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;
  ~RawServer() { stop(); }

  std::uint16_t port() const { return port_; }
  std::string url(std::string_view path = "/", std::string_view host = "127.0.0.1") const {
    return "http://" + std::string(host) + ":" + std::to_string(port_) + std::string(path);
  }
  int connections() const { return connections_; }

  /// Every open socket is shut down, all scripts end, the port is free.
  void stop() {
    if (listener_ < 0) return;
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    listener_ = -1;
    {
      const std::lock_guard lock(mutex_);
      for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
    }
    for (auto& thread : threads_) thread.join();
  }

 private:
  void run() {
    for (;;) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) {
        if (errno == EINTR || errno == ECONNABORTED) continue;
        return;
      }
      if (stopping_) {
        ::close(socket);
        return;
      }
      const int number = connections_++;
      {
        const std::lock_guard lock(mutex_);
        open_.push_back(socket);
      }
      threads_.emplace_back([this, socket, number] {
        Connection connection(socket, number, [this](int closing) {
          const std::lock_guard lock(mutex_);  // stop() must not shut down a number that was given out again
          std::erase(open_, closing);
          ::close(closing);
        });
        script_(connection);
      });
    }
  }

  Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// A plain answer with a body.
inline std::string answer(int status, std::string_view body, std::string_view headers = "") {
  return "HTTP/1.1 " + std::to_string(status) + " Text\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

}  // namespace tenon::runtime::testing
