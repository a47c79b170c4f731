#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "ingress/http_core.hpp"

namespace tenon::ingress {
namespace {

constexpr int kBacklog = 1024;
constexpr runtime::Duration kAcceptPause = std::chrono::milliseconds(100);
constexpr std::string_view kFilePrefix = "unix:";

/// A socket address of any family.
struct Bound {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

Error bad_address(const std::string& address) {
  return {"bad_address",
          address + " is no address to listen on: expected 127.0.0.1:8080, [::]:8080 or unix:/path"};
}

Error listen_failed(const std::string& address, int error) {
  return {"listen_failed", "cannot listen on " + address + ": " + std::strerror(error)};
}

Result<Bound> parse_tcp(const std::string& address) {
  const auto colon = address.rfind(':');
  if (colon == std::string::npos) return bad_address(address);
  std::string host = address.substr(0, colon);
  unsigned port = 0;
  const char* const end = address.data() + address.size();
  const auto [parsed, error] = std::from_chars(address.data() + colon + 1, end, port);
  if (error != std::errc{} || parsed != end || port > 65535) return bad_address(address);
  Bound bound;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&bound.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<std::uint16_t>(port));
    if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) != 1) return bad_address(address);
    bound.size = sizeof(sockaddr_in6);
  } else {
    if (host == "localhost") host = "127.0.0.1";
    auto* v4 = reinterpret_cast<sockaddr_in*>(&bound.storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<std::uint16_t>(port));
    if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) != 1) return bad_address(address);
    bound.size = sizeof(sockaddr_in);
  }
  return bound;
}

/// Its text without the port, and what connections are counted by.
std::pair<std::string, AddressKey> describe(const sockaddr* address) {
  AddressKey key{};
  char text[INET6_ADDRSTRLEN] = "unix";
  if (address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    key[0] = 4;
    std::memcpy(key.data() + 12, &v4->sin_addr, 4);
  } else if (address->sa_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
    inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
      key[0] = 4;
      std::memcpy(key.data() + 12, v6->sin6_addr.s6_addr + 12, 4);
    } else {
      key[0] = 6;
      std::memcpy(key.data() + 8, &v6->sin6_addr, 8);
    }
  }
  return {text, key};
}

/// 127.0.0.0/8 and ::1, also as an IPv4-mapped address.
bool is_loopback(const AddressKey& key, const sockaddr* address) {
  if (key[0] == 4) return key[12] == 127;
  return key[0] == 6 && IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
}

/// True if a process answers on the socket file.
bool somebody_listens(const sockaddr_un& file) {
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return true;
  const bool connected = connect(probe, reinterpret_cast<const sockaddr*>(&file), sizeof file) == 0;
  const bool refused = !connected && errno == ECONNREFUSED;
  ::close(probe);
  return !refused;
}

}  // namespace

HttpServer::Listener::Listener(const std::shared_ptr<Core>& core)
    : core_(core), executor_(core->executor), acceptor_(core->io), next_(core->io) {}

HttpServer::Listener::~Listener() { close(); }

Result<std::string> HttpServer::Listener::open(const std::string& address) {
  if (address.starts_with(kFilePrefix)) return open_file(address.substr(kFilePrefix.size()));
  return open_tcp(address);
}

Result<std::string> HttpServer::Listener::open_tcp(const std::string& address) {
  TENON_TRY(Bound wanted, parse_tcp(address));
  const int family = wanted.get()->sa_family;
  const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return listen_failed(address, errno);
  ErrorCode ignored;
  acceptor_.assign(net::generic::stream_protocol(family, IPPROTO_TCP), fd, ignored);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, wanted.get(), wanted.size) != 0 || ::listen(fd, kBacklog) != 0)
    return listen_failed(address, errno);
  Bound bound;
  getsockname(fd, bound.get(), &bound.size);
  const auto port = ntohs(family == AF_INET ? reinterpret_cast<sockaddr_in*>(&bound.storage)->sin_port
                                            : reinterpret_cast<sockaddr_in6*>(&bound.storage)->sin6_port);
  const std::string host = describe(bound.get()).first;
  return (family == AF_INET ? host : "[" + host + "]") + ":" + std::to_string(port);
}

Result<std::string> HttpServer::Listener::open_file(const std::string& path) {
  sockaddr_un file{};
  file.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof file.sun_path) {
    return Error("bad_address", "the socket's path has " + std::to_string(path.size()) +
                                    " bytes; expected 1 to " + std::to_string(sizeof file.sun_path - 1) +
                                    ": " + path);
  }
  std::memcpy(file.sun_path, path.data(), path.size());
  struct stat existing {};
  if (lstat(path.c_str(), &existing) == 0) {
    if (!S_ISSOCK(existing.st_mode)) return listen_failed(path, EEXIST);
    if (somebody_listens(file)) return listen_failed(path, EADDRINUSE);
    unlink(path.c_str());
  }
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return listen_failed(path, errno);
  ErrorCode ignored;
  acceptor_.assign(net::generic::stream_protocol(AF_UNIX, 0), fd, ignored);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&file), sizeof file) != 0) return listen_failed(path, errno);
  file_ = path;
  // Nobody can connect before listen(), so the mode is right from the first moment.
  if (chmod(path.c_str(), 0600) != 0 || ::listen(fd, kBacklog) != 0) return listen_failed(path, errno);
  return std::string(kFilePrefix) + path;
}

void HttpServer::Listener::accept() {
  acceptor_.async_accept(next_, peer_,
                         [self = shared_from_this()](ErrorCode error) { self->on_accept(error); });
}

void HttpServer::Listener::on_accept(ErrorCode error) {
  const auto core = core_.lock();
  if (!core || !acceptor_.is_open()) return;
  if (error) {
    // Out of descriptors, most likely: trying again at once would spin.
    core->executor.after(kAcceptPause, [self = shared_from_this()] {
      if (self->acceptor_.is_open()) self->accept();
    });
    return;
  }
  auto [text, key] = describe(peer_.data());
  if (key != AddressKey{}) {
    const int on = 1;
    setsockopt(next_.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  if (!core->limits.cap_loopback && is_loopback(key, peer_.data())) key = {};
  ErrorCode ignored;
  next_.non_blocking(true, ignored);
  core->admit(std::move(next_), key, text);
  next_ = Socket(core->io);
  accept();
}

void HttpServer::Listener::close() {
  ErrorCode ignored;
  acceptor_.close(ignored);
  if (!file_.empty()) unlink(file_.c_str());
  file_.clear();
}

}  // namespace tenon::ingress
