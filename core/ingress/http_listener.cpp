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
/// How many are accepted at a time: with one, whoever comes behind a thousand waits for a thousand rounds of
/// all that is open.
constexpr int kAcceptBatch = 32;
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

/// The address that a socket is bound to, as listen() takes it.
std::string bound_address(int fd) {
  Bound bound;
  if (getsockname(fd, bound.get(), &bound.size) != 0) return "?";
  if (bound.get()->sa_family == AF_UNIX) {
    const auto* file = reinterpret_cast<const sockaddr_un*>(&bound.storage);
    return std::string(kFilePrefix) + file->sun_path;
  }
  const bool four = bound.get()->sa_family == AF_INET;
  char host[INET6_ADDRSTRLEN] = "";
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(&bound.storage);
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&bound.storage);
  inet_ntop(bound.get()->sa_family,
            four ? static_cast<const void*>(&v4->sin_addr) : static_cast<const void*>(&v6->sin6_addr), host,
            sizeof host);
  const std::string port = ":" + std::to_string(ntohs(four ? v4->sin_port : v6->sin6_port));
  return four ? host + port : "[" + std::string(host) + "]" + port;
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

HttpServer::Listener::Listener(const std::shared_ptr<Core>& core, bool tls)
    : core_(core), executor_(core->executor), tls_(tls), acceptor_(core->io), next_(core->io) {}

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
  acceptor_.non_blocking(true, ignored);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, wanted.get(), wanted.size) != 0 || ::listen(fd, kBacklog) != 0)
    return listen_failed(address, errno);
  return bound_address(fd);
}

Result<std::string> HttpServer::Listener::adopt(int fd) {
  const std::string name = "socket " + std::to_string(fd);
  int type = 0;
  int listens = 0;
  socklen_t size = sizeof type;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return listen_failed(name, errno);
  size = sizeof listens;
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0) return listen_failed(name, errno);
  Bound bound;
  if (getsockname(fd, bound.get(), &bound.size) != 0) return listen_failed(name, errno);
  const int family = bound.get()->sa_family;
  if (type != SOCK_STREAM || listens == 0 || (family != AF_INET && family != AF_INET6 && family != AF_UNIX)) {
    return Error("listen_failed", name + ": expected a listening stream socket (ListenStream=)");
  }
  ErrorCode error;
  acceptor_.assign(net::generic::stream_protocol(family, family == AF_UNIX ? 0 : IPPROTO_TCP), fd, error);
  if (error) return listen_failed(name, error.value());
  acceptor_.non_blocking(true, error);
  return bound_address(fd);
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
  acceptor_.non_blocking(true, ignored);
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
  admit(*core);
  for (int more = 1; more < kAcceptBatch; ++more) {
    acceptor_.accept(next_, peer_, error);
    if (error) break;
    admit(*core);
  }
  accept();
}

void HttpServer::Listener::admit(HttpServer::Core& core) {
  const Address peer = Address::of(peer_.data());
  if (peer.family != 0) {
    const int on = 1;
    setsockopt(next_.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  ErrorCode ignored;
  next_.non_blocking(true, ignored);
  core.admit(std::move(next_), peer, shared_from_this());
  next_ = Socket(core.io);
}

void HttpServer::Listener::close() {
  ErrorCode ignored;
  acceptor_.close(ignored);
  if (!file_.empty()) unlink(file_.c_str());
  file_.clear();
}

}  // namespace tenon::ingress
