// The HTTP client over TLS: whom it believes, and what it says if it does not.
#include "tests/unit/runtime/tls_fixture.hpp"

namespace tenon::runtime {
namespace {

using testing::answer;
using testing::Connection;
using testing::Held;
using testing::RawServer;

class HttpTls : public testing::TlsFixture {
 protected:
  /// Speaks TLS, answers each request with the number of requests of this connection.
  void serve(Connection& connection, int most = 1000) {
    const Held<SSL> tls(SSL_new(context_.get()), SSL_free);
    SSL_set_fd(tls.get(), connection.socket());
    if (SSL_accept(tls.get()) != 1) return;
    for (int count = 1;; ++count) {
      std::string request;
      while (request.find("\r\n\r\n") == std::string::npos) {
        char buffer[4096];
        const int got = SSL_read(tls.get(), buffer, sizeof buffer);
        if (got <= 0) return;
        request.append(buffer, static_cast<std::size_t>(got));
      }
      ++requests_;
      if (count > most) return;
      const std::string reply = answer(200, std::to_string(count));
      SSL_write(tls.get(), reply.data(), static_cast<int>(reply.size()));
    }
  }

  HttpResult ask(std::string_view host = "127.0.0.1") {
    RawServer server([this](Connection& connection) { serve(connection); });
    return fetch(get("https://" + std::string(host) + ":" + std::to_string(server.port()) + "/"));
  }
};

TEST_F(HttpTls, ATrustedServerIsBelievedAndItsConnectionKept) {
  open("IP:127.0.0.1,DNS:localhost", 3600, true);
  RawServer server([this](Connection& connection) { serve(connection); });
  const std::string port = std::to_string(server.port());
  for (const std::string body : {"1", "2"}) {
    const HttpResult result = fetch(get("https://127.0.0.1:" + port + "/"));
    ASSERT_TRUE(result.response) << result.error.text();
    EXPECT_EQ(result.response->body, body);
    EXPECT_EQ(result.sent, RequestSent::yes);
  }
  const HttpResult by_name = fetch(get("https://localhost:" + port + "/"));
  ASSERT_TRUE(by_name.response) << by_name.error.text();
}

TEST_F(HttpTls, AnUnknownAuthorityIsNot) {
  open("IP:127.0.0.1", 3600, false);
  const HttpResult result = ask();
  EXPECT_EQ(result.error.code, "tls_failed") << result.error.message;
  EXPECT_NE(result.error.message.find("self-signed certificate"), std::string::npos) << result.error.message;
  EXPECT_EQ(result.sent, RequestSent::no);
  EXPECT_EQ(requests_, 0);
}

TEST_F(HttpTls, NorAnotherName) {
  open("DNS:other.example,IP:127.0.0.2", 3600, true);
  for (const std::string_view host : {"127.0.0.1", "localhost"}) {
    const HttpResult result = ask(host);
    EXPECT_EQ(result.error.code, "tls_failed") << result.error.message;
    EXPECT_NE(result.error.message.find("subject"), std::string::npos) << result.error.message;
    EXPECT_EQ(result.sent, RequestSent::no);
  }
  EXPECT_EQ(requests_, 0);
}

TEST_F(HttpTls, NorAnExpiredCertificate) {
  open("IP:127.0.0.1", -60, true);
  const HttpResult result = ask();
  EXPECT_EQ(result.error.code, "tls_failed") << result.error.message;
  EXPECT_NE(result.error.message.find("certificate has expired"), std::string::npos) << result.error.message;
  EXPECT_EQ(result.sent, RequestSent::no);
  EXPECT_EQ(requests_, 0);
}

TEST_F(HttpTls, NorAProtocolThatIsTooOld) {
  open("IP:127.0.0.1", 3600, true);
  SSL_CTX_set_security_level(context_.get(), 0);
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context_.get(), TLS1_1_VERSION);
  const HttpResult result = ask();
  EXPECT_EQ(result.error.code, "tls_failed") << result.error.message;
  EXPECT_NE(result.error.message.find("protocol version"), std::string::npos) << result.error.message;
  EXPECT_EQ(result.sent, RequestSent::no);
  EXPECT_EQ(requests_, 0);
}

TEST_F(HttpTls, ALostReusedConnectionIsNotAskedAgain) {
  open("IP:127.0.0.1", 3600, true);
  RawServer server([this](Connection& connection) { serve(connection, 1); });
  const std::string url = "https://127.0.0.1:" + std::to_string(server.port()) + "/";
  ASSERT_TRUE(fetch(get(url)).response);
  const HttpResult result = fetch(post(url, ""));
  EXPECT_EQ(result.error.code, "connection_lost") << result.error.message;
  EXPECT_EQ(result.sent, RequestSent::maybe);
  EXPECT_EQ(requests_, 2);
}

TEST_F(HttpTls, ASilentServerHitsTheConnectDeadline) {
  open("IP:127.0.0.1", 3600, true);
  RawServer server([](Connection& connection) { connection.wait_for_close(); });
  HttpRequest request = get("https://127.0.0.1:" + std::to_string(server.port()) + "/");
  request.connect_timeout = std::chrono::milliseconds(50);
  const HttpResult result = fetch(request);
  EXPECT_EQ(result.error.code, "timeout") << result.error.message;
  EXPECT_EQ(result.sent, RequestSent::no);
}

}  // namespace
}  // namespace tenon::runtime
