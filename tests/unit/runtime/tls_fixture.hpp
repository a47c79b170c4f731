// A TLS server of the test's own making, and a client that may trust it.
#pragma once

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "tests/unit/runtime/http_fixture.hpp"
#include "tests/unit/runtime/raw_server.hpp"

namespace tenon::runtime::testing {

template <class T>
using Held = std::unique_ptr<T, void (*)(T*)>;

struct Identity {
  Held<EVP_PKEY> key{nullptr, EVP_PKEY_free};
  Held<X509> certificate{nullptr, X509_free};
};

/// A self-signed certificate for `names` (as in subjectAltName), valid from now-1 h to now+`valid_for` s.
inline Identity make_identity(const std::string& names, long valid_for) {
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

/// Knows a certificate and the file it stands in, and opens the client once both are known.
class TlsFixture : public HttpFixture {
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
    std::string folder = (std::filesystem::temp_directory_path() / "tenon-tls-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    FILE* file = std::fopen(certificate_file().c_str(), "w");
    PEM_write_X509(file, identity_.certificate.get());
    std::fclose(file);
    if (trusted) ca_file_ = certificate_file();
    context_.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate(context_.get(), identity_.certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), identity_.key.get());
    HttpFixture::SetUp();
  }

  void TearDown() override {
    runtime_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  std::string certificate_file() const { return folder_ + "/ca.pem"; }

  Identity identity_;
  Held<SSL_CTX> context_{nullptr, SSL_CTX_free};
  std::string folder_;
  std::string ca_file_;
  std::atomic<int> requests_{0};
};

}  // namespace tenon::runtime::testing
