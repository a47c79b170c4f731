// The HTTP client over HTTP/2: the same promises as over HTTP/1.1, against nghttpd and against servers that
// keep to none.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/unit/runtime/tls_fixture.hpp"

namespace tenon::runtime {
namespace {

using testing::Connection;
using testing::Held;
using testing::RawServer;

class Http2 : public testing::TlsFixture {
 protected:
  RealOptions options() const override {
    RealOptions options = TlsFixture::options();
    options.http2 = true;
    return options;
  }
};

/// nghttpd (Debian's nghttp2-server) on a free port, serving `folder`; gone with the test.
class Nghttpd {
 public:
  Nghttpd(const std::string& folder, const std::string& key, const std::string& certificate) {
    port_ = free_port();
    const std::string port = std::to_string(port_);
    child_ = fork();
    if (child_ == 0) {
      const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
      dup2(nowhere, 1);
      dup2(nowhere, 2);
      execlp("nghttpd", "nghttpd", "--address=127.0.0.1", "--echo-upload", "-d", folder.c_str(), port.c_str(),
             key.c_str(), certificate.c_str(), nullptr);
      _exit(127);
    }
    while (!accepts() && waitpid(child_, nullptr, WNOHANG) == 0) std::this_thread::yield();
  }
  Nghttpd(const Nghttpd&) = delete;
  Nghttpd& operator=(const Nghttpd&) = delete;
  ~Nghttpd() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  std::string url(const std::string& path) const {
    return "https://127.0.0.1:" + std::to_string(port_) + path;
  }

 private:
  static int connected(std::uint16_t port, bool bind_it) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    const int done = bind_it ? ::bind(socket, any, sizeof address) : ::connect(socket, any, sizeof address);
    if (done == 0) return socket;
    close(socket);
    return -1;
  }
  static std::uint16_t free_port() {
    const int socket = connected(0, true);
    sockaddr_in address{};
    socklen_t size = sizeof address;
    getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    close(socket);
    return ntohs(address.sin_port);
  }
  bool accepts() const {
    const int socket = connected(port_, false);
    if (socket >= 0) close(socket);
    return socket >= 0;
  }
  std::uint16_t port_ = 0;
  pid_t child_ = -1;
};

class Http2Server : public Http2 {
 protected:
  void serve_folder() {
    open("IP:127.0.0.1", 3600, true);
    const std::string key = folder_ + "/key.pem";
    FILE* file = std::fopen(key.c_str(), "w");
    PEM_write_PrivateKey(file, identity_.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    std::filesystem::create_directory(folder_ + "/served");
    std::ofstream(folder_ + "/served/hello.txt") << "hello over two";
    server_.emplace(folder_ + "/served", key, certificate_file());
  }
  void TearDown() override {
    server_.reset();
    Http2::TearDown();
  }
  std::optional<Nghttpd> server_;
};

TEST_F(Http2Server, AnswersOverOneConnection) {
  serve_folder();
  const HttpResult result = fetch(get(server_->url("/hello.txt")));
  ASSERT_TRUE(result.response) << result.error.text() << " (is nghttp2-server installed?)";
  EXPECT_EQ(result.response->status, 200);
  EXPECT_EQ(result.response->body, "hello over two");
  ASSERT_NE(find_header(result.response->headers, "server"), nullptr);
  EXPECT_NE(find_header(result.response->headers, "server")->find("nghttpd"), std::string::npos);
  std::vector<std::future<HttpResult>> many;
  for (int i = 0; i < 100; ++i) many.push_back(start(get(server_->url("/hello.txt"))));
  for (auto& one : many) EXPECT_EQ(one.get().response.value_or(HttpResponse()).body, "hello over two");
}

TEST_F(Http2Server, TakesABodyAsItIs) {
  serve_folder();
  for (const std::size_t size : {0U, 1U, 16384U, 300'000U}) {
    std::string body(size, 'b');
    if (size > 0) body[size / 2] = '\0';
    const HttpResult result = fetch(post(server_->url("/echo"), body));
    ASSERT_TRUE(result.response) << result.error.text();
    EXPECT_EQ(result.response->status, 200);
    EXPECT_TRUE(size == 0 || result.response->body == body) << size;
    EXPECT_EQ(result.sent, RequestSent::yes);
  }
}

TEST_F(Http2Server, ATenGibibyteBodyIsCutAtTheLimit) {
  serve_folder();
  std::ofstream(folder_ + "/served/large") << "";
  std::filesystem::resize_file(folder_ + "/served/large", std::uintmax_t{10} << 30);
  HttpRequest request = get(server_->url("/large"));
  request.response_body_limit = 1 << 20;
  EXPECT_EQ(fetch(request).error.code, "response_too_large");
  EXPECT_TRUE(fetch(get(server_->url("/hello.txt"))).response) << "the connection serves the next";
}

/// Speaks HTTP/2 byte by byte (RFC 9113), as a script says.
class Frames {
 public:
  Frames(SSL_CTX* context, Connection& connection) : tls_(SSL_new(context), SSL_free) {
    SSL_set_fd(tls_.get(), connection.socket());
    if (SSL_accept(tls_.get()) != 1) return;
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(tls_.get(), &chosen, &size);
    ok_ = std::string_view(reinterpret_cast<const char*>(chosen), size) == "h2" && !read(24).empty();
    send(4, 0, 0, "");
  }
  bool ok() const { return ok_; }
  /// The number of the next stream that a request opens; 0 if the client is gone.
  std::uint32_t request() {
    for (;;) {
      const std::string head = read(9);
      if (head.size() < 9) return 0;
      const auto byte = [&](int i) { return static_cast<unsigned char>(head[static_cast<std::size_t>(i)]); };
      const std::size_t size = (byte(0) << 16U) | (byte(1) << 8U) | byte(2);
      if (size > 0 && read(size).size() < size) return 0;
      if (byte(3) == 4 && (byte(4) & 1) == 0) send(4, 1, 0, "");
      if (byte(3) == 1) return (byte(5) << 24U) | (byte(6) << 16U) | (byte(7) << 8U) | byte(8);
    }
  }
  bool send(unsigned type, unsigned flags, std::uint32_t stream, const std::string& payload) {
    std::string frame;
    for (const std::size_t byte : {payload.size() >> 16, payload.size() >> 8, payload.size(),
                                   std::size_t{type}, std::size_t{flags}, std::size_t{stream} >> 24,
                                   std::size_t{stream} >> 16, std::size_t{stream} >> 8, std::size_t{stream}})
      frame += static_cast<char>(byte);
    frame += payload;
    return SSL_write(tls_.get(), frame.data(), static_cast<int>(frame.size())) > 0;
  }
  /// A header in its plainest form (RFC 7541, 6.2.2, no Huffman).
  static std::string field(const std::string& name, const std::string& value) {
    return std::string(1, '\0') + number(name.size()) + name + number(value.size()) + value;
  }
  void wait_for_close() {
    while (!read(1).empty()) {
    }
  }

 private:
  static std::string number(std::size_t n) {  // of seven bits (RFC 7541, 5.1)
    if (n < 127) return {static_cast<char>(n)};
    std::string out{127};
    for (n -= 127; n >= 128; n /= 128) out += static_cast<char>(n % 128 + 128);
    return out + static_cast<char>(n);
  }
  std::string read(std::size_t size) {
    std::string out(size, '\0');
    for (std::size_t have = 0; have < size;) {
      const int got = SSL_read(tls_.get(), out.data() + have, static_cast<int>(size - have));
      if (got <= 0) return {};
      have += static_cast<std::size_t>(got);
    }
    return out;
  }
  Held<SSL> tls_;
  bool ok_ = false;
};

constexpr unsigned kData = 0, kHeaders = 1, kReset = 3, kGoAway = 7, kContinuation = 9;
constexpr unsigned kEndStream = 1, kEndHeaders = 4;
const std::string kStatus200 = "\x88";

class Http2Hostile : public Http2 {
 protected:
  using Script = std::function<void(Frames&, std::uint32_t stream)>;
  void SetUp() override {
    open("IP:127.0.0.1", 3600, true);
    SSL_CTX_set_alpn_select_cb(
        context_.get(),
        [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in, unsigned length,
           void*) {
          static const unsigned char kOffer[] = "\x02h2";
          return SSL_select_next_proto(const_cast<unsigned char**>(out), size, kOffer, 3, in, length) ==
                         OPENSSL_NPN_NEGOTIATED
                     ? SSL_TLSEXT_ERR_OK
                     : SSL_TLSEXT_ERR_ALERT_FATAL;
        },
        nullptr);
  }
  /// One request to a server that does `script` for each that it sees. Without a body: libcurl 7.88 may
  /// notice an answer that ends before the body was sent only at the deadline.
  HttpResult against(const Script& script, bool with_body = false) {
    RawServer server([&](Connection& connection) { serve(connection, script); });
    const std::string url = "https://127.0.0.1:" + std::to_string(server.port()) + "/";
    HttpRequest request = with_body ? post(url, "{}") : get(url);
    request.timeout = std::chrono::seconds(5);
    return fetch(std::move(request));
  }
  void serve(Connection& connection, const Script& script) {
    Frames frames(context_.get(), connection);
    if (!frames.ok()) return;
    while (const std::uint32_t stream = frames.request()) {
      ++requests_;
      script(frames, stream);
    }
  }
  void expect(const HttpResult& result, std::string_view code, RequestSent sent) {
    EXPECT_EQ(result.error.code, code) << result.error.message;
    EXPECT_EQ(result.sent, sent);
    EXPECT_EQ(requests_, 1) << "never twice";
  }
};

TEST_F(Http2Hostile, AnswersInFrames) {
  const HttpResult result = against([](Frames& frames, std::uint32_t stream) {
    frames.send(kHeaders, kEndHeaders, stream, kStatus200 + Frames::field("x-a", "1"));
    frames.send(kData, kEndStream, stream, "ok");
  });
  ASSERT_TRUE(result.response) << result.error.text();
  EXPECT_EQ(result.response->body, "ok");
  EXPECT_EQ(*find_header(result.response->headers, "x-a"), "1");
}

TEST_F(Http2Hostile, EndlessHeaders) {
  // Compressed to a few bytes each: one field of 3,000 bytes, then references to it (RFC 7541, 6.2.1
  // and 6.1).
  const HttpResult result = against([](Frames& frames, std::uint32_t stream) {
    const std::string block = kStatus200 + "\x40" + Frames::field("x-a", std::string(3000, 'a')).substr(1);
    frames.send(kHeaders, kEndHeaders, stream, block + std::string(12, '\xbe'));
    while (frames.send(kData, 0, stream, "b")) {
    }
  });
  // libcurl 7.88 hands a block over in parts of 16 KiB as further frames come: the limit, or the deadline.
  EXPECT_TRUE(result.error.code == "response_too_large" || result.error.code == "timeout")
      << result.error.text();
  EXPECT_EQ(result.sent, RequestSent::yes);
  EXPECT_EQ(requests_, 1) << "never twice";
}

TEST_F(Http2Hostile, EndlessContinuations) {
  const HttpResult result = against([](Frames& frames, std::uint32_t stream) {
    frames.send(kHeaders, 0, stream, kStatus200);
    while (frames.send(kContinuation, 0, stream, Frames::field("x-a", std::string(16'000, 'a')))) {
    }
  });
  EXPECT_FALSE(result.response);
  EXPECT_NE(result.error.code, "timeout") << "cut by a limit, not by the clock";
  EXPECT_EQ(requests_, 1);
}

TEST_F(Http2Hostile, EndlessInterimAnswers) {
  const HttpResult result = against([](Frames& frames, std::uint32_t stream) {
    const std::string interim =
        Frames::field(":status", "100") + Frames::field("x-a", std::string(1000, 'a'));
    while (frames.send(kHeaders, kEndHeaders, stream, interim)) {
    }
  });
  EXPECT_EQ(result.error.code, "response_too_large") << result.error.message;
  EXPECT_EQ(requests_, 1);
}

TEST_F(Http2Hostile, EndlessBody) {
  expect(against([](Frames& frames, std::uint32_t stream) {
           frames.send(kHeaders, kEndHeaders, stream, kStatus200);
           // Past what the client's window admits, it is the client's to refuse.
           while (frames.send(kData, 0, stream, std::string(16'384, 'b'))) {
           }
         }),
         "response_too_large", RequestSent::yes);
}

TEST_F(Http2Hostile, AGzipBombIsBytes) {
  const HttpResult result = against([](Frames& frames, std::uint32_t stream) {
    frames.send(kHeaders, kEndHeaders, stream, kStatus200 + Frames::field("content-encoding", "gzip"));
    frames.send(kData, kEndStream, stream, "\x1f\x8b\x08 not unpacked");
  });
  ASSERT_TRUE(result.response) << result.error.text();
  EXPECT_EQ(result.response->body, "\x1f\x8b\x08 not unpacked");
}

TEST_F(Http2Hostile, ALostConnectionIsNotAskedAgain) {
  for (const bool with_body : {true, false}) {
    requests_ = 0;
    RawServer server([&](Connection& connection) {
      Frames frames(context_.get(), connection);
      if (frames.ok() && frames.request() != 0) ++requests_;
    });
    const std::string url = "https://127.0.0.1:" + std::to_string(server.port()) + "/";
    const HttpResult result = fetch(with_body ? post(url, "{}") : get(url));
    EXPECT_FALSE(result.response);
    EXPECT_EQ(result.sent, RequestSent::maybe) << result.error.text();
    EXPECT_EQ(requests_, 1);
  }
}

TEST_F(Http2Hostile, ALostReusedConnectionIsNotAskedAgain) {
  RawServer server([&](Connection& connection) {
    Frames frames(context_.get(), connection);
    if (!frames.ok()) return;
    while (const std::uint32_t stream = frames.request()) {
      if (++requests_ == 2) return;
      frames.send(kHeaders, kEndHeaders | kEndStream, stream, kStatus200);
    }
  });
  const std::string url = "https://127.0.0.1:" + std::to_string(server.port()) + "/";
  ASSERT_TRUE(fetch(get(url)).response);
  const HttpResult result = fetch(post(url, "{}"));
  EXPECT_EQ(result.error.code, "connection_lost") << result.error.message;
  EXPECT_EQ(result.sent, RequestSent::maybe);
  EXPECT_EQ(requests_, 2);
}

TEST_F(Http2Hostile, ARefusedStreamIsNotAskedAgainByTheClient) {
  const HttpResult result = against([](Frames& frames, std::uint32_t stream) {
    frames.send(kReset, 0, stream, std::string("\0\0\0\x07", 4));
  });
  EXPECT_EQ(result.error.code, "connection_lost") << result.error.message;
  EXPECT_EQ(requests_, 1) << "the host decides what follows";
}

TEST_F(Http2Hostile, AServerThatGoesAwayIsNotAskedAgainByTheClient) {
  const HttpResult result =
      against([](Frames& frames, std::uint32_t) { frames.send(kGoAway, 0, 0, std::string(8, '\0')); });
  EXPECT_FALSE(result.response);
  EXPECT_EQ(requests_, 1);
}

TEST_F(Http2Hostile, NeverAnswers) {
  RawServer server([&](Connection& connection) {
    serve(connection, [](Frames& frames, std::uint32_t) { frames.wait_for_close(); });
  });
  HttpRequest request = post("https://127.0.0.1:" + std::to_string(server.port()) + "/", "{}");
  request.timeout = std::chrono::milliseconds(200);
  expect(fetch(std::move(request)), "timeout", RequestSent::maybe);
}

}  // namespace
}  // namespace tenon::runtime
