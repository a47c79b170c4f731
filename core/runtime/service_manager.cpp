#include "runtime/service_manager.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace tenon::runtime {
namespace {

constexpr int kFirstDescriptor = 3;
constexpr int kMostDescriptors = 64;

std::optional<std::string> variable(const char* name) {
  const char* const value = getenv(name);
  if (value == nullptr) return std::nullopt;
  return value;
}

std::optional<long> number_of(std::string_view text) {
  long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> names;
  while (true) {
    const auto colon = text.find(':');
    names.emplace_back(text.substr(0, colon));
    if (colon == std::string_view::npos) return names;
    text.remove_prefix(colon + 1);
  }
}

}  // namespace

Result<std::vector<PassedSocket>> passed_sockets() {
  const auto process = variable("LISTEN_PID");
  const auto count_text = variable("LISTEN_FDS");
  const auto names_text = variable("LISTEN_FDNAMES");
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) unsetenv(name);
  std::vector<PassedSocket> sockets;
  if (!process || !count_text || number_of(*process) != getpid()) return sockets;
  const auto count = number_of(*count_text);
  if (!count || *count < 0 || *count > kMostDescriptors)
    return Error("listen_failed", "LISTEN_FDS: expected a number of sockets up to " +
                                      std::to_string(kMostDescriptors) + ", found " + *count_text);
  std::vector<std::string> names(static_cast<std::size_t>(*count));
  if (names_text) {
    std::vector<std::string> given = split_names(*names_text);
    if (given.size() != names.size()) {
      return Error("listen_failed", "LISTEN_FDNAMES names " + std::to_string(given.size()) +
                                        " sockets, LISTEN_FDS says " + *count_text);
    }
    names = std::move(given);
  }
  for (int i = 0; i < *count; ++i) {
    const int descriptor = kFirstDescriptor + i;
    if (fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) {
      return Error("listen_failed", "LISTEN_FDS says " + *count_text + " sockets, but descriptor " +
                                        std::to_string(descriptor) + " is not open");
    }
    sockets.push_back({descriptor, std::move(names[static_cast<std::size_t>(i)])});
  }
  return sockets;
}

void notify_service_manager(std::string_view state) {
  const auto path = variable("NOTIFY_SOCKET");
  sockaddr_un address{};
  if (!path || path->empty() || path->size() >= sizeof address.sun_path) return;
  if (path->front() != '/' && path->front() != '@') return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path->data(), path->size());
  if (path->front() == '@') address.sun_path[0] = '\0';  // an abstract name
  const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path->size());
  // A manager that does not listen is no reason to fail.
  (void)sendto(descriptor, state.data(), state.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address), size);
  ::close(descriptor);
}

}  // namespace tenon::runtime
