// Inside of HttpServer: the bytes of one connection, as they are or by TLS. Include only from http_*.cpp: it
// brings Asio.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "base/function.hpp"
#include "ingress/http_core.hpp"

struct ssl_st;
struct ssl_ctx_st;

namespace tenon::ingress {

/// One read, one write or handshake at a time. The caller keeps the stream alive until its calls have come
/// back; none comes back inline.
///
/// OpenSSL works on the socket itself, not through a pair of memory buffers as Asio's own stream does: an
/// idle connection then costs a few KiB and not 34, and nothing is copied twice.
class Stream {
 public:
  explicit Stream(Socket socket) : socket_(std::move(socket)) {}
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Bytes that were read too many before TLS or HTTP began: they are read first. Before start_tls.
  void unread(std::string bytes) { early_ = std::move(bytes); }
  /// From here on all bytes go through TLS. Returns false if OpenSSL has no memory for it.
  bool start_tls(ssl_ctx_st* context);
  /// `done(error)`.
  void async_handshake(Function<void(ErrorCode)> done);

  /// `done(error, count)`; the end of the stream is an error.
  template <class Done>
  void async_read_some(net::mutable_buffer into, Done done) {
    if (tls_ != nullptr) return read_tls(into, Function<void(ErrorCode, std::size_t)>(std::move(done)));
    if (early_.empty()) return socket_.async_read_some(into, std::move(done));
    const std::size_t count = take_early(static_cast<char*>(into.data()), into.size());
    net::post(socket_.get_executor(),
              [count, done = std::move(done)]() mutable { done(ErrorCode{}, count); });
  }

  /// `done(error, count)` once all is sent; `from` stays valid until then.
  template <class Done>
  void async_write(net::const_buffer from, Done done) {
    if (tls_ != nullptr) return write_tls(from, 0, Function<void(ErrorCode, std::size_t)>(std::move(done)));
    net::async_write(socket_, from, std::move(done));
  }

  /// Sends a few bytes without waiting; false if they do not fit now.
  bool write_now(std::string_view text);
  /// Drops what has come, of a TCP connection, as it is on the wire: neither copied nor decrypted.
  /// `done(error, count)`.
  void async_discard(Function<void(ErrorCode, std::size_t)> done);
  /// Says that nothing more will be sent.
  void finish(ErrorCode& error);
  void close();

 private:
  enum class Wanted : std::uint8_t { nothing, read, write, failed };
  static long on_bio_control(void* bio, int command, long, void*);
  std::size_t take_early(char* into, std::size_t size);
  Wanted wanted_after(int result) const;
  template <class Retry>
  void wait(Wanted wanted, Retry retry);
  void read_tls(net::mutable_buffer into, Function<void(ErrorCode, std::size_t)> done);
  void write_tls(net::const_buffer from, std::size_t sent, Function<void(ErrorCode, std::size_t)> done);

  friend struct StreamBio;
  Socket socket_;
  ssl_st* tls_ = nullptr;
  std::string early_;
};

}  // namespace tenon::ingress
