#include "ingress/http_stream.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <cerrno>
#include <cstring>

namespace tenon::ingress {

/// OpenSSL's own socket BIO would raise SIGPIPE, and knows nothing of early bytes.
struct StreamBio {
  static int read(BIO* bio, char* into, int size) {
    auto& stream = *static_cast<Stream*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (size <= 0) return 0;
    if (!stream.early_.empty())
      return static_cast<int>(stream.take_early(into, static_cast<std::size_t>(size)));
    const auto count = recv(stream.socket_.native_handle(), into, static_cast<std::size_t>(size), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
    return static_cast<int>(count);
  }
  static int write(BIO* bio, const char* from, int size) {
    auto& stream = *static_cast<Stream*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const auto count =
        send(stream.socket_.native_handle(), from, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
    return static_cast<int>(count);
  }
  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }
  static const BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tenon stream");
      BIO_meth_set_read(fresh, read);
      BIO_meth_set_write(fresh, write);
      BIO_meth_set_ctrl(fresh, control);
      return fresh;
    }();
    return made;
  }
};

Stream::~Stream() { SSL_free(tls_); }

std::size_t Stream::take_early(char* into, std::size_t size) {
  const std::size_t count = std::min(size, early_.size());
  std::memcpy(into, early_.data(), count);
  early_.erase(0, count);
  return count;
}

bool Stream::start_tls(ssl_ctx_st* context) {
  SSL* const made = SSL_new(context);
  BIO* const bio = BIO_new(StreamBio::method());
  if (made == nullptr || bio == nullptr) {
    SSL_free(made);
    BIO_free(bio);
    return false;
  }
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(made, bio, bio);
  SSL_set_accept_state(made);
  tls_ = made;
  return true;
}

Stream::Wanted Stream::wanted_after(int result) const {
  const int error = SSL_get_error(tls_, result);
  ERR_clear_error();
  if (error == SSL_ERROR_WANT_READ) return Wanted::read;
  if (error == SSL_ERROR_WANT_WRITE) return Wanted::write;
  return Wanted::failed;
}

/// Calls `retry(error)` when the socket is ready.
template <class Retry>
void Stream::wait(Wanted wanted, Retry retry) {
  socket_.async_wait(wanted == Wanted::read ? Socket::wait_read : Socket::wait_write, std::move(retry));
}

void Stream::async_handshake(Function<void(ErrorCode)> done) {
  ERR_clear_error();
  const int result = SSL_accept(tls_);
  const Wanted wanted = result == 1 ? Wanted::nothing : wanted_after(result);
  if (wanted == Wanted::read || wanted == Wanted::write) {
    return wait(wanted, [this, done = std::move(done)](ErrorCode error) mutable {
      if (error) return done(error);
      async_handshake(std::move(done));
    });
  }
  const ErrorCode error = wanted == Wanted::failed ? ErrorCode(net::error::connection_aborted) : ErrorCode{};
  net::post(socket_.get_executor(), [error, done = std::move(done)]() mutable { done(error); });
}

void Stream::read_tls(net::mutable_buffer into, Function<void(ErrorCode, std::size_t)> done) {
  ERR_clear_error();
  std::size_t count = 0;
  Wanted wanted = Wanted::nothing;
  // A record holds at most 16 KiB: as many as fit are taken at once.
  while (wanted == Wanted::nothing && count < into.size()) {
    std::size_t got = 0;
    const int result = SSL_read_ex(tls_, static_cast<char*>(into.data()) + count, into.size() - count, &got);
    count += got;
    if (result != 1) wanted = wanted_after(result);
  }
  if (count == 0 && (wanted == Wanted::read || wanted == Wanted::write)) {
    return wait(wanted, [this, into, done = std::move(done)](ErrorCode error) mutable {
      if (error) return done(error, 0);
      read_tls(into, std::move(done));
    });
  }
  // What came before a failure is still given; the next read meets the failure again.
  const ErrorCode error = count == 0 ? ErrorCode(net::error::eof) : ErrorCode{};
  net::post(socket_.get_executor(), [error, count, done = std::move(done)]() mutable { done(error, count); });
}

void Stream::write_tls(net::const_buffer from, std::size_t sent,
                       Function<void(ErrorCode, std::size_t)> done) {
  ERR_clear_error();
  Wanted wanted = Wanted::nothing;
  while (wanted == Wanted::nothing && sent < from.size()) {
    std::size_t count = 0;
    const int result =
        SSL_write_ex(tls_, static_cast<const char*>(from.data()) + sent, from.size() - sent, &count);
    sent += count;
    if (result != 1) wanted = wanted_after(result);
  }
  if (wanted == Wanted::read || wanted == Wanted::write) {
    return wait(wanted, [this, from, sent, done = std::move(done)](ErrorCode error) mutable {
      if (error) return done(error, sent);
      write_tls(from, sent, std::move(done));
    });
  }
  const ErrorCode error = wanted == Wanted::failed ? ErrorCode(net::error::broken_pipe) : ErrorCode{};
  net::post(socket_.get_executor(), [error, sent, done = std::move(done)]() mutable { done(error, sent); });
}

bool Stream::write_now(std::string_view text) {
  if (tls_ != nullptr) {
    ERR_clear_error();
    std::size_t count = 0;
    const bool sent = SSL_write_ex(tls_, text.data(), text.size(), &count) == 1;
    ERR_clear_error();
    return sent && count == text.size();
  }
  ErrorCode error;
  return socket_.write_some(net::buffer(text), error) == text.size() && !error;
}

void Stream::async_discard(Function<void(ErrorCode, std::size_t)> done) {
  socket_.async_wait(Socket::wait_read, [this, done = std::move(done)](ErrorCode error) {
    if (error) return done(error, 0);
    constexpr std::size_t kAtOnce = 1024 * 1024;
    const auto count = recv(socket_.native_handle(), nullptr, kAtOnce, MSG_TRUNC | MSG_DONTWAIT);
    if (count > 0) return done({}, static_cast<std::size_t>(count));
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return done({}, 0);
    done(net::error::eof, 0);
  });
}

void Stream::finish(ErrorCode& error) {
  if (tls_ != nullptr) {
    ERR_clear_error();
    SSL_shutdown(tls_);
    ERR_clear_error();
  }
  socket_.shutdown(Socket::shutdown_send, error);
}

void Stream::close() {
  ErrorCode ignored;
  socket_.close(ignored);
}

}  // namespace tenon::ingress
