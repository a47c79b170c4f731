#include "runtime/real/curl_http.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace tenon::runtime {

namespace {

constexpr Duration kResolveLimit = std::chrono::seconds(5);
constexpr Duration kNameFresh = std::chrono::seconds(30);

std::uint32_t epoll_events_of(int what) {
  switch (what) {
    case CURL_POLL_IN:
      return EPOLLIN;
    case CURL_POLL_OUT:
      return EPOLLOUT;
    case CURL_POLL_INOUT:
      return EPOLLIN | EPOLLOUT;
    default:
      return 0;
  }
}

int select_bits_of(std::uint32_t events) {
  int bits = 0;
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP)) != 0) bits |= CURL_CSELECT_IN;
  if ((events & EPOLLOUT) != 0) bits |= CURL_CSELECT_OUT;
  if ((events & EPOLLERR) != 0) bits |= CURL_CSELECT_ERR;
  return bits;
}

std::string entry_of(const HttpTarget& target, const std::string& addresses) {
  return target.host + ":" + std::to_string(target.port) + ":" + addresses;
}

}  // namespace

CurlHttp::CurlHttp(Executor& executor, boost::asio::io_context& io, const Clock& clock,
                   const RealOptions& options)
    : executor_(executor), clock_(clock), resolver_(std::in_place, executor), poll_(std::in_place, io) {
  settings_.ca_file = options.ca_file;
  settings_.user_agent = options.user_agent;
  settings_.http2 = options.http2;
  settings_.socket_owner = this;
  settings_.open_socket = &CurlHttp::on_open;
  settings_.close_socket = &CurlHttp::on_close;
}

CurlHttp::~CurlHttp() { close(); }

Status CurlHttp::open(const RealOptions& options) {
  if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK) return Error("runtime_failed", "libcurl does not start");
  multi_ = curl_multi_init();
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  if (multi_ == nullptr || poll < 0)
    return Error("runtime_failed", "no memory or descriptor for the HTTP client");
  poll_->assign(poll);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlHttp::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlHttp::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options.idle_connections));
  curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(options.max_connections));
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING,
                    static_cast<long>(options.http2 ? CURLPIPE_MULTIPLEX : CURLPIPE_NOTHING));
  watch();
  return {};
}

void CurlHttp::close() {
  resolver_.reset();
  if (multi_ == nullptr) return;
  for (auto& slot : slots_) {
    if (slot->added) curl_multi_remove_handle(multi_, slot->transfer->easy());
    slot->open = slot->added = false;
    slot->transfer.reset();
  }
  curl_multi_cleanup(multi_);
  multi_ = nullptr;
  poll_.reset();
}

CurlHttp::Slot* CurlHttp::slot_of(Handle handle) {
  const std::size_t index = (handle & 0xffffffffU) - 1;
  if ((handle & 0xffffffffU) == 0 || index >= slots_.size()) return nullptr;
  Slot& slot = *slots_[index];
  return slot.open && slot.generation == handle >> 32 ? &slot : nullptr;
}

std::size_t CurlHttp::take_slot() {
  if (free_.empty()) {
    slots_.push_back(std::make_unique<Slot>());
    free_.push_back(slots_.size() - 1);
  }
  const std::size_t index = free_.back();
  free_.pop_back();
  Slot& slot = *slots_[index];
  ++slot.generation;
  if (!slot.transfer) slot.transfer = std::make_unique<Transfer>(settings_, index);
  return index;
}

HttpClient::Handle CurlHttp::start(HttpRequest request, Function<void(HttpResult)> done) {
  if (multi_ == nullptr) return 0;  // closed: the host is going
  const Duration now = clock_.steady();
  const std::size_t index = take_slot();
  Slot& slot = *slots_[index];
  const Handle handle = (Handle{slot.generation} << 32) | (index + 1);
  slot.open = true;
  slot.done = std::move(done);
  auto target = check_request(request);
  if (!target) {
    slot.transfer->accept({}, {}, now);
    complete(slot, slot.transfer->give_up(target.error().code, target.error().message));
    return handle;
  }
  const bool address = target->address;
  slot.transfer->accept(std::move(request), std::move(*target), now);
  if (address) {
    launch(slot, nullptr);
  } else {
    resolve(handle, slot);
  }
  return handle;
}

void CurlHttp::cancel(Handle handle) {
  Slot* slot = slot_of(handle);
  if (slot == nullptr || multi_ == nullptr) return;
  complete(*slot, slot->transfer->give_up("cancelled", "the request was cancelled"));
}

void CurlHttp::resolve(Handle handle, Slot& slot) {
  const HttpTarget& target = slot.transfer->target();
  Name& name = names_[target.host];
  if (!name.addresses.empty() && clock_.steady() < name.fresh_until) {
    launch(slot, &name);
    return;
  }
  name.waiting.push_back(handle);
  const HttpRequest& request = slot.transfer->request();
  const Duration limit = std::min({kResolveLimit, request.connect_timeout, request.timeout});
  slot.dns_timer = executor_.after(limit, [this, handle] {
    Slot* late = slot_of(handle);
    if (late == nullptr) return;
    late->dns_timer = 0;
    complete(*late,
             late->transfer->give_up("dns_failed", late->transfer->target().host + ": no answer in time"));
  });
  if (name.asked) return;
  name.asked = true;
  resolver_->ask(target.host, [this, host = target.host](Result<Resolver::Addresses> answer) {
    resolved(host, std::move(answer));
  });
}

void CurlHttp::resolved(const std::string& host, Result<Resolver::Addresses> answer) {
  if (multi_ == nullptr) return;
  Name& name = names_[host];
  name.asked = false;
  std::vector<Handle> waiting;
  waiting.swap(name.waiting);
  if (answer) {
    name.addresses.clear();
    for (const std::string& address : *answer) {
      if (!name.addresses.empty()) name.addresses += ',';
      name.addresses += address.find(':') == std::string::npos ? address : "[" + address + "]";
    }
    name.fresh_until = clock_.steady() + kNameFresh;
  }
  for (const Handle handle : waiting) {
    Slot* slot = slot_of(handle);
    if (slot == nullptr) continue;
    if (answer) {
      launch(*slot, &name);
    } else {
      complete(*slot, slot->transfer->give_up(answer.error().code, answer.error().message));
    }
  }
  if (!answer) names_.erase(host);
}

void CurlHttp::launch(Slot& slot, Name* name) {
  executor_.cancel(std::exchange(slot.dns_timer, 0));
  Transfer& transfer = *slot.transfer;
  const Duration remaining = transfer.request().timeout - (clock_.steady() - transfer.started());
  if (remaining <= Duration::zero()) {
    complete(slot, transfer.give_up("timeout", "the time was over before a connection stood"));
    return;
  }
  std::string entry;
  if (name != nullptr) {
    // libcurl keeps what it was told until it is told anew, and so never resolves a name itself.
    Duration& told = name->told[transfer.target().port];
    if (std::exchange(told, name->fresh_until) != name->fresh_until)
      entry = entry_of(transfer.target(), name->addresses);
  }
  if (transfer.easy() == nullptr || !transfer.prepare(entry, remaining) ||
      curl_multi_add_handle(multi_, transfer.easy()) != CURLM_OK) {
    complete(slot, transfer.give_up("connect_failed", "libcurl refused the request"));
    return;
  }
  slot.added = true;
}

/// libcurl wants to be called soon. Never from within its own callbacks, so it is posted; once for many.
void CurlHttp::kick() {
  if (std::exchange(kicked_, true)) return;
  executor_.post([this] {
    kicked_ = false;
    if (multi_ == nullptr) return;
    int running = 0;
    curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
    drain();
  });
}

int CurlHttp::on_timer(CURLM*, long milliseconds, void* self) {
  auto& client = *static_cast<CurlHttp*>(self);
  client.executor_.cancel(std::exchange(client.timer_, 0));
  if (milliseconds == 0) client.kick();
  if (milliseconds > 0) {
    client.timer_ = client.executor_.after(std::chrono::milliseconds(milliseconds), [&client] {
      client.timer_ = 0;
      client.kick();
    });
  }
  return 0;
}

/// A socket that libcurl loses interest in stays registered: a kept-alive connection is wanted and unwanted
/// with each request, and most get wanted again before anything happens on them.
int CurlHttp::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
  auto& client = *static_cast<CurlHttp*>(self);
  const auto index = static_cast<std::size_t>(socket);
  if (index >= client.sockets_.size()) client.sockets_.resize(index + 1);
  Socket& entry = client.sockets_[index];
  entry.wanted = epoll_events_of(what);
  if (entry.wanted == 0 || entry.wanted == entry.events) return 0;
  epoll_event event{};
  event.events = entry.wanted;
  event.data.u64 = (std::uint64_t{entry.generation} << 32) | static_cast<std::uint32_t>(socket);
  const int poll = client.poll_->native_handle();
  if (entry.events != 0 && epoll_ctl(poll, EPOLL_CTL_MOD, socket, &event) == 0) {
    entry.events = entry.wanted;
  } else if (epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event) == 0 ||
             epoll_ctl(poll, EPOLL_CTL_MOD, socket, &event) == 0) {
    entry.events = entry.wanted;
  } else {
    return -1;
  }
  return 0;
}

/// A number may come back at once for another connection: events of the one before are stale then.
void CurlHttp::forget_socket(curl_socket_t socket) {
  const auto index = static_cast<std::size_t>(socket);
  if (index < sockets_.size()) sockets_[index] = {0, 0, sockets_[index].generation + 1};
}

curl_socket_t CurlHttp::on_open(void* self, const curl_sockaddr* address) {
  const int socket = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (socket >= 0) static_cast<CurlHttp*>(self)->forget_socket(socket);
  return socket < 0 ? CURL_SOCKET_BAD : socket;
}

int CurlHttp::on_close(void* self, curl_socket_t socket) {
  static_cast<CurlHttp*>(self)->forget_socket(socket);
  return ::close(socket);
}

void CurlHttp::watch() {
  poll_->async_wait(boost::asio::posix::descriptor_base::wait_read,
                    [this](const boost::system::error_code& error) {
                      if (error || multi_ == nullptr) return;
                      on_ready();
                      watch();
                    });
}

void CurlHttp::on_ready() {
  std::array<epoll_event, 128> events{};
  const int count = epoll_wait(poll_->native_handle(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    const auto socket = static_cast<int>(event.data.u64 & 0xffffffffU);
    Socket& entry = sockets_[static_cast<std::size_t>(socket)];
    if (entry.generation != event.data.u64 >> 32) continue;
    if (entry.wanted == 0) {  // an idle connection that its remote closed; libcurl sees it before using it
      epoll_ctl(poll_->native_handle(), EPOLL_CTL_DEL, socket, nullptr);
      entry.events = 0;
      continue;
    }
    int running = 0;
    curl_multi_socket_action(multi_, socket, select_bits_of(event.events), &running);
  }
  drain();
}

void CurlHttp::drain() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    Transfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    Slot& slot = *slots_[transfer->slot()];
    complete(slot, transfer->finish(message->data.result));
  }
}

/// Frees the slot and posts the result. Nothing of the caller's runs here.
void CurlHttp::complete(Slot& slot, HttpResult result) {
  executor_.cancel(std::exchange(slot.dns_timer, 0));
  if (std::exchange(slot.added, false)) curl_multi_remove_handle(multi_, slot.transfer->easy());
  result.elapsed = clock_.steady() - slot.transfer->started();
  slot.open = false;
  slot.transfer->clear();
  free_.push_back(slot.transfer->slot());
  executor_.post(
      [done = std::move(slot.done), result = std::move(result)]() mutable { done(std::move(result)); });
}

Result<std::unique_ptr<CurlHttp>> make_curl_http(Executor& executor, boost::asio::io_context& io,
                                                 const Clock& clock, const RealOptions& options) {
  auto client = std::make_unique<CurlHttp>(executor, io, clock, options);
  TENON_CHECK(client->open(options));
  return client;
}

}  // namespace tenon::runtime
