#include "ingress/http_server.hpp"

#include <algorithm>

#include "ingress/http_session.hpp"
#include "runtime/asio_access.hpp"

namespace tenon::ingress {
namespace {

constexpr runtime::Duration kLongestSweep = std::chrono::milliseconds(250);
constexpr runtime::Duration kShortestSweep = std::chrono::milliseconds(5);

/// A timeout is noticed at most a quarter of the shortest one late.
runtime::Duration sweep_period_of(const ServerLimits& limits) {
  const auto shortest =
      std::min({limits.handshake_time, limits.head_time, limits.body_time, limits.body_rate_grace,
                limits.idle, limits.answer_time, limits.write_time});
  return std::clamp<runtime::Duration>(shortest / 4, kShortestSweep, kLongestSweep);
}

std::string imf_date(std::int64_t seconds) {
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t time = seconds;
  std::tm tm{};
  gmtime_r(&time, &tm);
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[tm.tm_wday], tm.tm_mday,
                kMonths[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
  return text;
}

}  // namespace

HttpServer::Core::Core(runtime::Executor& on, runtime::Clock& with_clock, const ServerLimits& with_limits,
                       Handler with_handler)
    : executor(on),
      clock(with_clock),
      limits(with_limits),
      handler(std::move(with_handler)),
      io(runtime::io_context_of(on)),
      sweep_period_(sweep_period_of(with_limits)) {}

Result<std::string> HttpServer::Core::listen(const std::string& address, Security security) {
  const auto listener = std::make_shared<Listener>(shared_from_this(), security == Security::tls);
  return begin(listener, listener->open(address));
}

Result<std::string> HttpServer::Core::adopt(int descriptor, Security security) {
  const auto listener = std::make_shared<Listener>(shared_from_this(), security == Security::tls);
  return begin(listener, listener->adopt(descriptor));
}

Result<std::string> HttpServer::Core::begin(const std::shared_ptr<Listener>& listener,
                                            Result<std::string> bound) {
  if (!bound) return bound;
  listener->bound_to = *bound;
  executor.post([self = shared_from_this(), listener] {
    if (self->draining) return listener->close();
    self->listeners_.push_back(listener);
    listener->accept();
  });
  return bound;
}

void HttpServer::Core::admit(Socket socket, const Address& peer, const std::shared_ptr<Listener>& listener) {
  AddressKey key{};
  if (draining || !make_room() || !count(peer, key)) {
    if (!draining) ++refused;
    ErrorCode ignored;
    socket.close(ignored);
    return;
  }
  auto session = std::make_shared<Session>(shared_from_this(), std::move(socket), peer, listener);
  session->counted = key;
  session->place = sessions.insert(sessions.end(), session);
  arm_sweep();
  session->start();
}

/// At the cap, a connection that has brought nothing makes room: else a thousand that say a byte now and then
/// would keep everybody out. Its age counts, and how many of those its client has: by age alone, many
/// newcomers would drive out the one that is about to bring something. True if one more may come.
bool HttpServer::Core::make_room() {
  if (sessions.size() < limits.connections) return true;
  if (limits.nobody_gives_way) return false;
  const Session* victim = nullptr;
  const runtime::Duration now = clock.steady();
  double most = -1;
  for (const auto& session : sessions) {
    const double idled = session->brought_nothing() ? session->idled(now) : -1;
    if (idled <= most) continue;
    most = idled;
    victim = session.get();
  }
  if (victim == nullptr) return false;
  ++gave_way;
  std::shared_ptr<Session>(*victim->place)->close();
  return true;
}

bool HttpServer::Core::make_bytes(const Session& session, std::size_t size) {
  for (;;) {
    const std::size_t more = size - std::min(size, session.body_bytes());
    const bool arrives = bytes_arriving + more <= limits.bytes_arriving;
    if (arrives && bytes_in_flight + more <= limits.bytes_in_flight) return true;
    if (limits.nobody_gives_way) return false;
    const Session* victim = nullptr;
    for (const auto& other : sessions) {
      if (other.get() != &session && other->gives_way_to(session, size) &&
          (victim == nullptr || other->holds_more_than(*victim))) {
        victim = other.get();
      }
    }
    if (victim == nullptr) return false;
    ++gave_way;
    std::shared_ptr<Session>(*victim->place)->refuse(503);
  }
}

bool HttpServer::Core::count(const Address& client, AddressKey& key) {
  const bool free = (client.is_loopback() && !limits.cap_loopback) || trusts(limits.trusted_proxies, client);
  const AddressKey wanted = free ? AddressKey{} : client.key();
  if (wanted != AddressKey{}) {
    std::size_t& counted = per_address_[wanted];
    if (counted >= limits.connections_per_address) return false;
    ++counted;
  }
  uncount(key);
  key = wanted;
  return true;
}

void HttpServer::Core::uncount(AddressKey& key) {
  if (const auto found = per_address_.find(key); found != per_address_.end() && --found->second == 0)
    per_address_.erase(found);
  key = {};
}

void HttpServer::Core::forget(const std::shared_ptr<Session>& session) {
  uncount(session->counted);
  sessions.erase(session->place);
  if (sessions.empty()) finish_stop();
}

void HttpServer::Core::arm_sweep() {
  if (sweep_timer_ != 0) return;
  sweep_timer_ = executor.after(sweep_period_, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->sweep();
  });
}

void HttpServer::Core::sweep() {
  sweep_timer_ = 0;
  const runtime::Duration now = clock.steady();
  for (auto at = sessions.begin(); at != sessions.end();) {
    const std::shared_ptr<Session> session = *at++;  // it may remove itself
    session->check(now);
  }
  if (!sessions.empty()) arm_sweep();
}

void HttpServer::Core::stop(runtime::Duration limit, Function<void()> done) {
  draining = true;
  stopped_ = std::move(done);
  for (const auto& listener : listeners_) listener->close();
  listeners_.clear();
  for (auto at = sessions.begin(); at != sessions.end();) {
    const std::shared_ptr<Session> session = *at++;
    session->drain();
  }
  if (sessions.empty()) return finish_stop();
  stop_timer_ = executor.after(limit, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->stop_timer_ = 0;
    while (!self->sessions.empty()) std::shared_ptr<Session>(self->sessions.front())->close();
  });
}

void HttpServer::Core::finish_stop() {
  if (!stopped_) return;
  executor.cancel(stop_timer_);
  stop_timer_ = 0;
  executor.post(std::exchange(stopped_, {}));
}

void HttpServer::Core::abandon() {
  draining = true;
  handler = {};
  stopped_ = {};
  for (const auto& listener : listeners_) listener->close();
  listeners_.clear();
  while (!sessions.empty()) std::shared_ptr<Session>(sessions.front())->close();
}

const std::string& HttpServer::Core::date_line() {
  const std::int64_t second = clock.wall_ms() / 1000;
  if (second != date_second_) {
    date_second_ = second;
    date_line_ = "Date: " + imf_date(second) + "\r\n";
  }
  return date_line_;
}

HttpServer::HttpServer(runtime::Executor& executor, runtime::Clock& clock, ServerLimits limits,
                       Handler handler)
    : core_(std::make_shared<Core>(executor, clock, limits, std::move(handler))) {}

HttpServer::~HttpServer() { core_->abandon(); }

Result<std::string> HttpServer::listen(const std::string& address, Security security) {
  return core_->listen(address, security);
}

Result<std::string> HttpServer::adopt(int descriptor, Security security) {
  return core_->adopt(descriptor, security);
}

void HttpServer::set_tls(std::shared_ptr<const TlsContext> tls) {
  core_->executor.post([core = core_, tls = std::move(tls)]() mutable { core->tls = std::move(tls); });
}

void HttpServer::stop(runtime::Duration limit, Function<void()> done) {
  core_->executor.post(
      [core = core_, limit, done = std::move(done)]() mutable { core->stop(limit, std::move(done)); });
}

HttpServer::Counts HttpServer::counts() const { return core_->counts(); }

HttpServer::Counts HttpServer::Core::counts() const {
  Counts counts;
  counts.connections = sessions.size();
  counts.most = limits.connections;
  counts.bytes_in_flight = bytes_in_flight;
  counts.refused = refused;
  counts.gave_way = gave_way;
  for (const auto& listener : listeners_) {
    counts.listeners.push_back(
        {listener->bound_to, listener->tls() ? Security::tls : Security::plain, listener->connections});
  }
  return counts;
}

}  // namespace tenon::ingress
