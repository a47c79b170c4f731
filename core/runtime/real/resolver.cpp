#include "runtime/real/resolver.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "runtime/real/thread.hpp"

namespace tenon::runtime {

namespace {

/// Two tries of two seconds a server instead of five: nobody waits longer than 5 s for a name anyway.
void use_short_waits() {
  res_init();  // reads resolv.conf again: it may have changed
  _res.retrans = 2;
  _res.retry = 1;
}

Result<Resolver::Addresses> look_up(const std::string& host) {
  use_short_waits();
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int failed = getaddrinfo(host.c_str(), nullptr, &hints, &list); failed != 0) {
    return Error("dns_failed", host + ": " + gai_strerror(failed));
  }
  Resolver::Addresses addresses;
  for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* bytes =
        at->ai_family == AF_INET6
            ? static_cast<const void*>(&reinterpret_cast<sockaddr_in6*>(at->ai_addr)->sin6_addr)
            : static_cast<const void*>(&reinterpret_cast<sockaddr_in*>(at->ai_addr)->sin_addr);
    if (at->ai_family != AF_INET && at->ai_family != AF_INET6) continue;
    if (inet_ntop(at->ai_family, bytes, text.data(), text.size()) == nullptr) continue;
    std::string address(text.data());
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
      addresses.push_back(std::move(address));
    }
  }
  freeaddrinfo(list);
  if (addresses.empty()) return Error("dns_failed", host + ": no address");
  return addresses;
}

}  // namespace

struct Resolver::Shared {
  struct Question {
    std::string host;
    Function<void(Result<Addresses>)> done;
  };
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Question> questions;
  bool busy = false;
  bool stop = false;
  Executor* executor = nullptr;  ///< not touched once stop is set
  std::thread thread;

  void run() {
    std::unique_lock lock(mutex);
    for (;;) {
      wake.wait(lock, [this] { return stop || !questions.empty(); });
      if (stop) return;
      Question question = std::move(questions.front());
      questions.pop_front();
      busy = true;
      lock.unlock();
      auto answer = look_up(question.host);
      lock.lock();
      busy = false;
      if (stop) return;
      executor->post([done = std::move(question.done), answer = std::move(answer)]() mutable {
        done(std::move(answer));
      });
    }
  }
};

Resolver::Resolver(Executor& executor) : shared_(std::make_shared<Shared>()) {
  shared_->executor = &executor;
}

Resolver::~Resolver() {
  bool busy = false;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stop = true;
    busy = shared_->busy;
  }
  shared_->wake.notify_all();
  if (!shared_->thread.joinable()) return;
  if (busy) {
    shared_->thread.detach();  // it holds what it uses
  } else {
    shared_->thread.join();
  }
}

void Resolver::ask(std::string host, Function<void(Result<Addresses>)> done) {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->questions.push_back({std::move(host), std::move(done)});
    if (!shared_->thread.joinable()) {
      shared_->thread = start_thread("tenon-resolver", [shared = shared_] { shared->run(); });
    }
  }
  shared_->wake.notify_one();
}

}  // namespace tenon::runtime
