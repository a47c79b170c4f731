// The HTTP client over TLS: whom it believes, and what it says if it does not.
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/runtime/http_fixture.hpp"
#include "tests/unit/runtime/raw_server.hpp"

namespace tenon::runtime {
namespace {

using testing::answer;
using testing::Connection;
using testing::RawServer;

template <class T>
using Held = std::unique_ptr<T, void (*)(T*)>;

struct Identity {
  Held<EVP_PKEY> key{nullptr, EVP_PKEY_free};
  Held<X509> certificate{nullptr, X509_free};
};

/// A self-signed certificate for `names` (as in subjectAltName), valid from now-1 h to now+`valid_for` s.
Identity make_identity(const std::string& names, long valid_for) {
  Identity identity;
  identity.key.reset(EVP_EC_gen("P-256"));
  identity.certificate.reset(X509_new());
  X509* certificate = identity.certificate.get();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), valid_for);
  X509_set_pubkey(certificate, identity.key.get());
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("tenon test"),
                             -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  for (const auto& [id, value] :
       {std::pair{NID_subject_alt_name, names}, std::pair{NID_basic_constraints, std::string("CA:TRUE")}}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(certificate, identity.key.get(), EVP_sha256());
  return identity;
}

class HttpTls : public testing::HttpFixture {
 protected:
  RealOptions options() const override {
    RealOptions options;
    options.watchdog = false;
    options.ca_file = ca_file_;
    return options;
  }

  void SetUp() override {}  // open() below, once the certificate is known

  void open(const std::string& names, long valid_for, bool trusted) {
    identity_ = make_identity(names, valid_for);
    if (trusted) {
      std::string folder = (std::filesystem::temp_directory_path() / "tenon-tls-XXXXXX").string();
      ASSERT_NE(mkdtemp(folder.data()), nullptr);
      folder_ = folder;
      ca_file_ = folder_ + "/ca.pem";
      FILE* file = std::fopen(ca_file_.c_str(), "w");
      PEM_write_X509(file, identity_.certificate.get());
      std::fclose(file);
    }
    context_.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate(context_.get(), identity_.certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), identity_.key.get());
    HttpFixture::SetUp();
  }

  void TearDown() override {
    runtime_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

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

  Identity identity_;
  Held<SSL_CTX> context_{nullptr, SSL_CTX_free};
  std::string folder_;
  std::string ca_file_;
  std::atomic<int> requests_{0};
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
  EXPECT_EQ(result.sent, RequestSent::no);
  EXPECT_EQ(requests_, 0);
}

TEST_F(HttpTls, NorAnotherName) {
  open("DNS:other.example,IP:127.0.0.2", 3600, true);
  for (const std::string_view host : {"127.0.0.1", "localhost"}) {
    const HttpResult result = ask(host);
    EXPECT_EQ(result.error.code, "tls_failed") << result.error.message;
    EXPECT_EQ(result.sent, RequestSent::no);
  }
  EXPECT_EQ(requests_, 0);
}

TEST_F(HttpTls, NorAnExpiredCertificate) {
  open("IP:127.0.0.1", -60, true);
  const HttpResult result = ask();
  EXPECT_EQ(result.error.code, "tls_failed") << result.error.message;
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
