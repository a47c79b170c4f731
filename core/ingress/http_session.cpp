#include "ingress/http_session.hpp"

#include <algorithm>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>

namespace tenon::ingress {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t kSmallRead = 4 * 1024;
constexpr std::size_t kLargeRead = 64 * 1024;
constexpr std::size_t kKeptBuffer = 8 * 1024;
/// After a refusal the rest of the request is read and dropped, or the reset that follows unread bytes would
/// take our answer with it.
constexpr std::size_t kLingerBytes = 8 * 1024 * 1024;
constexpr runtime::Duration kLingerTime = std::chrono::seconds(2);
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string_view text_of(const boost::beast::flat_buffer& buffer) {
  return {static_cast<const char*>(buffer.cdata().data()), buffer.size()};
}

bool has_bare_newline(std::string_view text) {
  for (auto at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    if (at == 0 || text[at - 1] != '\r') return true;
  }
  return false;
}

void append_status_line(std::string& out, int status) {
  out += "HTTP/1.1 ";
  out += std::to_string(status);
  out += ' ';
  const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
  out.append(reason.data(), reason.size());
  out += "\r\n";
}

}  // namespace

HttpServer::Session::Session(std::shared_ptr<Core> core, Socket socket, const AddressKey& peer,
                             std::string remote)
    : address(peer),
      core_(std::move(core)),
      socket_(std::move(socket)),
      remote_(std::move(remote)),
      scanner_(core_->limits.head) {}

void HttpServer::Session::start() {
  enter(State::idle, core_->limits.idle);
  read();
}

void HttpServer::Session::enter(State state, runtime::Duration time) {
  state_ = state;
  deadline_ = core_->clock.steady() + time;
}

void HttpServer::Session::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  ++serial_;
  account(0);
  ErrorCode ignored;
  socket_.close(ignored);
  core_->forget(shared_from_this());
}

void HttpServer::Session::drain() {
  if (state_ == State::idle) close();
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
  std::size_t wanted = kSmallRead;
  if (state_ == State::body) {
    const auto rest = parser_->content_length_remaining();
    wanted = static_cast<std::size_t>(
        std::clamp<std::uint64_t>(rest.value_or(kLargeRead), kSmallRead, kLargeRead));
  }
  socket_.async_read_some(
      buffer_.prepare(wanted),
      [self = shared_from_this()](ErrorCode error, std::size_t count) { self->on_read(error, count); });
}

void HttpServer::Session::on_read(ErrorCode error, std::size_t count) {
  reading_ = false;
  if (state_ == State::closed) return;
  if (state_ == State::lingering) {
    lingered_ += count;
    if (error || lingered_ > kLingerBytes) return close();
    return read();
  }
  if (state_ == State::writing) return;  // refused meanwhile; on_written goes on
  if (error) return close();
  buffer_.commit(count);
  if (state_ == State::body) body_received_ += count;
  advance();
}

/// Takes what the buffer holds as far as it goes.
void HttpServer::Session::advance() {
  if (state_ == State::idle) {
    if (buffer_.size() == 0) {
      if (buffer_.capacity() > kKeptBuffer) buffer_.shrink_to_fit();
      return read();
    }
    enter(State::head, core_->limits.head_time);
    scanner_.reset();
  }
  if (state_ == State::head && !take_head()) return;
  if (state_ == State::body && take_body()) hand_over();
}

/// True once the head is complete and accepted; else it asked for more or refused.
bool HttpServer::Session::take_head() {
  const std::string_view text = text_of(buffer_);
  const HeadScanner::Found found = scanner_.scan(text);
  if (found.refuse != 0) {
    refuse(found.refuse);
    return false;
  }
  if (found.size == 0) {
    read();
    return false;
  }
  const Head head = check_head(text.substr(0, found.size), core_->limits.head);
  if (head.refuse != 0) {
    refuse(head.refuse);
    return false;
  }
  return begin_body(head, text.size() > found.size);
}

bool HttpServer::Session::begin_body(const Head& head, bool body_began) {
  const auto& limits = core_->limits;
  head_request_ = head.method == "HEAD";
  const bool last = requests_ + 1 >= limits.requests_per_connection;
  close_after_ = head.minor_version == 0 || last;
  const std::uint64_t declared = head.content_length.value_or(0);
  int refused = 0;
  if (declared > limits.body) {
    refused = 413;
  } else if (head.minor_version == 1 && head.expect == Head::Expect::other) {
    refused = 417;
  } else if (core_->bytes_in_flight + declared > limits.bytes_in_flight) {
    refused = 503;
  }
  if (refused != 0) {
    refuse(refused);
    return false;
  }
  if (head.expect == Head::Expect::hundred_continue && head.minor_version == 1 && head.has_body() &&
      !body_began) {
    // Fits into the socket's buffer, unless the peer has not taken earlier answers either.
    ErrorCode error;
    if (socket_.write_some(net::buffer(kContinue), error) != kContinue.size() || error) {
      close();
      return false;
    }
  }
  if (!parse_head()) return false;
  enter(State::body, limits.body_time);
  body_since_ = deadline_ - limits.body_time;
  body_received_ = buffer_.size();
  return true;
}

/// The head once more by Beast, which must agree; its fields are taken now, before trailers can join them.
bool HttpServer::Session::parse_head() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(core_->limits.head.bytes + kSmallRead));
  parser_->body_limit(core_->limits.body);
  ErrorCode error;
  buffer_.consume(parser_->put(buffer_.cdata(), error));
  if (error || !parser_->is_header_done()) {
    refuse(400);
    return false;
  }
  const auto& message = parser_->get();
  request_.method.assign(message.method_string().data(), message.method_string().size());
  request_.target.assign(message.target().data(), message.target().size());
  request_.headers.clear();
  for (const auto& field : message) {
    request_.headers.emplace_back(std::string(field.name_string().data(), field.name_string().size()),
                                  std::string(field.value().data(), field.value().size()));
  }
  parser_->eager(true);
  return true;
}

/// True once the request is whole; else it asked for more or refused.
bool HttpServer::Session::take_body() {
  while (!parser_->is_done() && buffer_.size() != 0) {
    ErrorCode error;
    const std::size_t used = parser_->put(buffer_.cdata(), error);
    buffer_.consume(used);
    if (error == http::error::need_more) {
      if (used == 0) break;
    } else if (error) {
      refuse(error == http::error::body_limit ? 413 : 400);
      return false;
    }
  }
  account(parser_->get().body().size());
  if (core_->bytes_in_flight > core_->limits.bytes_in_flight) {
    refuse(503);
    return false;
  }
  if (parser_->is_done()) return true;
  // What Beast leaves unread is a chunk's line or trailers: of bounded size, and its lines end in CR LF.
  if (buffer_.size() > core_->limits.head.bytes || has_bare_newline(text_of(buffer_))) {
    refuse(400);
    return false;
  }
  read();
  return false;
}

void HttpServer::Session::hand_over() {
  request_.body = std::move(parser_->get().body());
  request_.remote = remote_;
  ++requests_;
  if (!parser_->keep_alive()) close_after_ = true;
  parser_.reset();
  enter(State::handling, core_->limits.answer_time);
  const std::uint64_t serial = ++serial_;
  if (!core_->handler) return close();
  core_->handler(std::exchange(request_, {}), [self = shared_from_this(), serial](Answer given) {
    self->answer(serial, std::move(given));
  });
}

void HttpServer::Session::answer(std::uint64_t serial, Answer given) {
  if (serial != serial_ || state_ != State::handling) return;
  const bool close_it = close_after_ || given.close || core_->draining;
  write(std::move(given), close_it);
}

/// An answer of the server's own, and the end of the connection.
void HttpServer::Session::refuse(int status) {
  Answer refusal;
  refusal.status = status;
  if (status == 503) refusal.headers.emplace_back("Retry-After", "5");
  write(std::move(refusal), true);
}

void HttpServer::Session::write(Answer given, bool close_it) {
  ++serial_;
  parser_.reset();
  account(0);
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
  if (!head_request_) out_ += given.body;
  enter(State::writing, core_->limits.write_time);
  net::async_write(socket_, net::buffer(out_),
                   [self = shared_from_this()](ErrorCode error, std::size_t) { self->on_written(error); });
}

void HttpServer::Session::on_written(ErrorCode error) {
  if (state_ == State::closed) return;
  if (error) return close();
  if (close_after_) return linger();
  if (out_.capacity() > kLargeRead) std::string().swap(out_);
  head_request_ = false;
  enter(State::idle, core_->limits.idle);
  if (core_->draining && buffer_.size() == 0) return close();
  advance();
}

void HttpServer::Session::linger() {
  ErrorCode error;
  socket_.shutdown(Socket::shutdown_send, error);
  if (error) return close();
  enter(State::lingering, kLingerTime);
  buffer_.clear();
  read();
}

/// Keeps the server's sum of body bytes right.
void HttpServer::Session::account(std::size_t body_size) {
  core_->bytes_in_flight += body_size;
  core_->bytes_in_flight -= accounted_;
  accounted_ = body_size;
}

}  // namespace tenon::ingress
