// A client that sends exactly the bytes it is told, and reads what comes back. Blocking, with a limit.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace tenon::tests {

struct RawAnswer {
  int status = 0;    ///< 0: none came
  std::string head;  ///< status line and header lines
  std::string body;
  bool closed = false;  ///< the server ended the connection after it
};

class RawClient {
 public:
  /// As HttpServer::listen answered it.
  explicit RawClient(const std::string& address) {
    if (address.starts_with("unix:")) {
      sockaddr_un file{};
      file.sun_family = AF_UNIX;
      std::strncpy(file.sun_path, address.c_str() + 5, sizeof file.sun_path - 1);
      open(AF_UNIX, reinterpret_cast<sockaddr*>(&file), sizeof file);
    } else {
      sockaddr_in v4{};
      v4.sin_family = AF_INET;
      v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      v4.sin_port = htons(static_cast<std::uint16_t>(std::atoi(address.c_str() + address.rfind(':') + 1)));
      open(AF_INET, reinterpret_cast<sockaddr*>(&v4), sizeof v4);
    }
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return connected_; }
  /// False once the peer has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void finish() { shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  /// The next whole answer; interim ones (100) count too. Status 0 if the connection ended before.
  RawAnswer read_answer() {
    RawAnswer answer;
    std::size_t end = std::string::npos;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) {
        answer.closed = ended_;
        return answer;
      }
    }
    answer.head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    answer.status = std::atoi(answer.head.c_str() + 9);
    const auto at = answer.head.find("Content-Length: ");
    const std::size_t size =
        at == std::string::npos ? 0 : std::strtoul(answer.head.c_str() + at + 16, nullptr, 10);
    while (buffer_.size() < size && fill()) {
    }
    answer.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    answer.closed = answer.head.find("Connection: close") != std::string::npos && at_end();
    return answer;
  }
  /// True if the server ends the connection without another byte.
  bool at_end() { return buffer_.empty() && !fill() && ended_; }

 private:
  void open(int family, sockaddr* address, socklen_t size) {
    fd_ = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval limit{10, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    connected_ = ::connect(fd_, address, size) == 0;
  }
  bool fill() {
    char bytes[4096];
    const auto count = recv(fd_, bytes, sizeof bytes, 0);
    if (count == 0 || (count < 0 && errno == ECONNRESET)) ended_ = true;
    if (count <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }

  int fd_ = -1;
  bool connected_ = false;
  bool ended_ = false;
  std::string buffer_;
};

}  // namespace tenon::tests
