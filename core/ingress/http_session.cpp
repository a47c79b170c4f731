#include "ingress/http_session.hpp"

#include <algorithm>
#include <boost/beast/http/status.hpp>

#include "ingress/proxy_header.hpp"
#include "ingress/tls.hpp"
#include "runtime/crash_point.hpp"

namespace tenon::ingress {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t kLargeAnswer = 64 * 1024;
constexpr std::size_t kEarlyRead = 2048;
constexpr std::size_t kRecordHead = 5;
constexpr char kHandshakeRecord = 0x16;
/// After a refusal the rest of the request is read and dropped, or the reset that follows unread bytes would
/// take our answer with it.
constexpr std::size_t kLingerBytes = 8 * 1024 * 1024;
constexpr runtime::Duration kLingerTime = std::chrono::seconds(2);
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

void append_status_line(std::string& out, int status) {
  out += "HTTP/1.1 ";
  out += std::to_string(status);
  out += ' ';
  const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
  out.append(reason.data(), reason.size());
  out += "\r\n";
}

/// True if OpenSSL has enough to say something: the first record of a handshake is whole, or it is none.
bool is_whole_hello(std::string_view text) {
  if (text.empty()) return false;
  if (text.front() != kHandshakeRecord) return true;
  if (text.size() < kRecordHead) return false;
  const auto byte = [&](std::size_t at) {
    return static_cast<std::size_t>(static_cast<unsigned char>(text[at]));
  };
  return text.size() >= kRecordHead + (byte(3) << 8) + byte(4);
}

}  // namespace

HttpServer::Session::Session(std::shared_ptr<Core> core, Socket socket, const Address& peer,
                             std::shared_ptr<Listener> listener)
    : core_(std::move(core)),
      stream_(std::move(socket)),
      listener_(std::move(listener)),
      reader_(core_->limits.head, core_->limits.body,
              [this](std::size_t size) { return core_->make_bytes(*this, size); }),
      since_(core_->clock.steady()) {
  set_peer(peer);
  ++listener_->connections;
}

HttpServer::Session::~Session() {
  if (!proven_) --peer_share_->unproven;
}

void HttpServer::Session::set_peer(const Address& peer) {
  if (peer_share_) --peer_share_->unproven;
  peer_ = client_ = peer;
  peer_share_ = Clients::Share(core_->clients, peer);
  ++peer_share_->unproven;
}

bool HttpServer::Session::gives_way_to(const Session& other, std::size_t size) const {
  if (state_ != State::body || accounted_ == 0) return false;
  const Clients::Share& mine = client_share_ ? client_share_ : peer_share_;
  const Clients::Share& theirs = other.client_share_ ? other.client_share_ : other.peer_share_;
  return mine == theirs ? accounted_ > size : mine->bytes > theirs->bytes - other.accounted_ + size;
}

bool HttpServer::Session::holds_more_than(const Session& other) const {
  const Clients::Share& mine = client_share_ ? client_share_ : peer_share_;
  const Clients::Share& theirs = other.client_share_ ? other.client_share_ : other.peer_share_;
  return std::pair(mine->bytes, accounted_) > std::pair(theirs->bytes, other.accounted_);
}

void HttpServer::Session::start() {
  if (!trusts(core_->limits.trusted_proxies, peer_)) return begin();
  enter(State::proxy, core_->limits.idle);
  read_early(&Session::take_proxy_header);
}

/// Reads what comes before HTTP begins, then goes on at `next`.
void HttpServer::Session::read_early(void (Session::*next)()) {
  const std::size_t size = early_.size();
  early_.resize(size + kEarlyRead);
  stream_.async_read_some(net::buffer(early_.data() + size, kEarlyRead),
                          [self = shared_from_this(), size, next](ErrorCode error, std::size_t count) {
                            if (self->state_ == State::closed) return;
                            if (error) return self->close();
                            self->early_.resize(size + count);
                            ((*self).*next)();
                          });
}

void HttpServer::Session::take_proxy_header() {
  const ProxyHeader header = parse_proxy_header(early_);
  if (header.state == ProxyHeader::State::bad) return close();
  if (header.state == ProxyHeader::State::more) return read_early(&Session::take_proxy_header);
  if (header.client) {
    set_peer(*header.client);
    if (!core_->count(peer_, counted)) {
      ++core_->refused;
      return close();
    }
  }
  early_.erase(0, header.size);
  begin();
}

void HttpServer::Session::begin() {
  if (!listener_->tls()) {
    stream_.unread(std::exchange(early_, {}));
    enter(State::idle, core_->limits.idle);
    return read();
  }
  enter(State::handshake, core_->limits.handshake_time);
  take_hello();
}

/// OpenSSL gets the client's hello as a whole: a handshake that waits for it would cost 45 KiB.
void HttpServer::Session::take_hello() {
  if (!is_whole_hello(early_)) return read_early(&Session::take_hello);
  stream_.unread(std::exchange(early_, {}));
  if (!core_->tls || !stream_.start_tls(core_->tls->get())) return close();
  stream_.async_handshake([self = shared_from_this()](ErrorCode error) {
    if (self->state_ == State::closed) return;
    if (error) return self->close();
    self->enter(State::idle, self->core_->limits.idle);
    self->read();
  });
}

void HttpServer::Session::enter(State state, runtime::Duration time) {
  state_ = state;
  deadline_ = core_->clock.steady() + time;
}

void HttpServer::Session::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  ++serial_;
  release();
  stream_.close();
  --listener_->connections;
  core_->forget(shared_from_this());
}

void HttpServer::Session::drain() {
  if (state_ <= State::idle) close();
}

void HttpServer::Session::check(runtime::Duration now) {
  if (state_ == State::body) {
    const auto& limits = core_->limits;
    const runtime::Duration elapsed = now - body_since_;
    const double least =
        static_cast<double>(limits.body_rate) * std::chrono::duration<double>(elapsed).count();
    if (elapsed > limits.body_rate_grace && static_cast<double>(body_received_) < least) return refuse(408);
  }
  if (now < deadline_) return;
  switch (state_) {
    case State::head:
    case State::body:
      return refuse(408);
    case State::handling:
      return refuse(503);
    default:
      return close();
  }
}

void HttpServer::Session::read() {
  if (reading_) return;
  reading_ = true;
  stream_.async_read_some(reader_.prepare(), [self = shared_from_this()](ErrorCode error, std::size_t count) {
    self->on_read(error, count);
  });
}

void HttpServer::Session::on_read(ErrorCode error, std::size_t count) {
  reading_ = false;
  if (state_ == State::closed) return;
  if (state_ == State::lingering) return on_lingered(error, count);  // begun before
  if (state_ == State::writing) return;                              // refused meanwhile; on_written goes on
  if (error) return close();
  reader_.commit(count);
  if (state_ == State::body) body_received_ += count;
  advance();
}

/// Takes what has come as far as it goes.
void HttpServer::Session::advance() {
  if (state_ == State::idle) {
    if (reader_.empty()) {
      reader_.shrink();
      return read();
    }
    enter(State::head, core_->limits.head_time);
  }
  while (true) {
    const RequestReader::Step step = reader_.advance();
    if (step == RequestReader::Step::refused) return refuse(reader_.status());
    account(reader_.body_size(), step != RequestReader::Step::whole);
    if (step == RequestReader::Step::more) return read();
    if (step == RequestReader::Step::whole) return hand_over();
    if (!begin_body()) return;
  }
}

/// The head is accepted: false if the request ends here all the same.
bool HttpServer::Session::begin_body() {
  const auto& limits = core_->limits;
  close_after_ = !reader_.keep_alive() || requests_ + 1 >= limits.requests_per_connection;
  client_ = client_of(peer_, reader_.headers(), limits.trusted_proxies);
  client_share_ = client_ == peer_ ? Clients::Share() : Clients::Share(core_->clients, client_);
  if (!count_client()) {
    refuse(503);
    return false;
  }
  // The interim answer fits into the socket's buffer, unless the peer has not taken earlier answers either.
  if (reader_.wants_continue() && !stream_.write_now(kContinue)) {
    close();
    return false;
  }
  enter(State::body, limits.body_time);
  body_since_ = deadline_ - limits.body_time;
  body_received_ = 0;
  return true;
}

/// A request that a proxy passed on counts as a connection of the one who sent it, from its head to its
/// answer.
bool HttpServer::Session::count_client() {
  return client_ == peer_ || core_->count(client_, client_counted_);
}

void HttpServer::Session::hand_over() {
  Request request = reader_.take();
  request.remote = client_.text();
  ++requests_;
  if (!reader_.keep_alive()) close_after_ = true;
  enter(State::handling, core_->limits.answer_time);
  const std::uint64_t serial = ++serial_;
  // The handler has the bytes; they are in flight until the answer.
  if (!core_->handler) return close();
  core_->handler(std::move(request), [self = shared_from_this(), serial](Answer given) {
    self->answer(serial, std::move(given));
  });
}

void HttpServer::Session::answer(std::uint64_t serial, Answer given) {
  if (serial != serial_ || state_ != State::handling) return;
  if (given.status / 100 == 2 && !proven_) {
    proven_ = true;
    --peer_share_->unproven;
  }
  const bool close_it = close_after_ || given.close || core_->draining;
  write(std::move(given), close_it);
}

void HttpServer::Session::refuse(int status) {
  Answer refusal;
  refusal.status = status;
  if (status == 503) refusal.headers.emplace_back("Retry-After", "5");
  write(std::move(refusal), true);
}

void HttpServer::Session::write(Answer given, bool close_it) {
  ++serial_;
  reader_.abandon();
  release();
  close_after_ = close_it;
  out_.clear();
  append_status_line(out_, given.status);
  out_ += core_->date_line();
  for (const auto& [name, value] : given.headers) {
    out_ += name;
    out_ += ": ";
    out_ += value;
    out_ += "\r\n";
  }
  out_ += "Content-Length: ";
  out_ += std::to_string(given.body.size());
  out_ += close_it ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n";
  if (!reader_.is_head_request()) out_ += given.body;
  enter(State::writing, core_->limits.write_time);
  stream_.async_write(net::buffer(out_),
                      [self = shared_from_this()](ErrorCode error, std::size_t) { self->on_written(error); });
}

void HttpServer::Session::on_written(ErrorCode error) {
  if (state_ == State::closed) return;
  if (error) return close();
  TENON_CRASH_POINT("ingress.answer_written");
  if (close_after_) return linger();
  if (out_.capacity() > kLargeAnswer) std::string().swap(out_);
  enter(State::idle, core_->limits.idle);
  if (core_->draining && reader_.empty()) return close();
  advance();
}

void HttpServer::Session::linger() {
  ErrorCode error;
  stream_.finish(error);
  if (error) return close();
  enter(State::lingering, kLingerTime);
  reader_.clear();
  on_lingered({}, 0);
}

/// What still comes is dropped. A socket file has no cheap way to do that.
void HttpServer::Session::on_lingered(ErrorCode error, std::size_t count) {
  lingered_ += count;
  if (error || lingered_ > kLingerBytes) return close();
  if (peer_.family == 0) return read();
  if (std::exchange(reading_, true)) return;
  stream_.async_discard(
      [self = shared_from_this()](ErrorCode failed, std::size_t dropped) { self->on_read(failed, dropped); });
}

/// Keeps the sums of body bytes right.
void HttpServer::Session::account(std::size_t body_size, bool arriving) {
  const auto change = [](std::size_t& sum, std::size_t from, std::size_t to) { sum = sum - from + to; };
  const std::size_t now_arriving = arriving ? body_size : 0;
  change(core_->bytes_in_flight, accounted_, body_size);
  change(core_->bytes_arriving, accounted_arriving_, now_arriving);
  change((client_share_ ? client_share_ : peer_share_)->bytes, accounted_, body_size);
  accounted_ = body_size;
  accounted_arriving_ = now_arriving;
}

/// The request at work uses nothing any more.
void HttpServer::Session::release() {
  account(0, false);
  client_share_ = {};
  core_->uncount(client_counted_);
}

}  // namespace tenon::ingress
