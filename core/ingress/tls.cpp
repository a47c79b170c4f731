#include "ingress/tls.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string_view>

namespace tenon::ingress {
namespace {

template <class T>
using Held = std::unique_ptr<T, void (*)(T*)>;
using Bio = std::unique_ptr<BIO, int (*)(BIO*)>;

constexpr std::size_t kLongestRecord = 4096;  ///< that we send: answers are short, and buffers are as long
constexpr long kLongestFile = 1024 * 1024;
constexpr int kLeastRsaBits = 2048;
constexpr int kLeastCurveBits = 256;
/// TLS 1.2; those of 1.3 are all forward-secret.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr std::string_view kHttp11("\x08http/1.1", 9);

Error bad_pair(const std::string& file, const std::string& what) {
  return {"tls_certificate", file + ": " + what};
}

Result<Bio> open(const std::string& file) {
  struct stat status {};
  if (stat(file.c_str(), &status) != 0) return bad_pair(file, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return bad_pair(file, "not a file");
  if (status.st_size > kLongestFile) return bad_pair(file, "larger than 1 MiB");
  errno = 0;
  Bio bio(BIO_new_file(file.c_str(), "r"), BIO_free);
  if (!bio) return bad_pair(file, errno != 0 ? std::strerror(errno) : "cannot be read");
  return bio;
}

/// Nobody is asked for a pass phrase: a host starts alone.
int no_pass_phrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

Result<Held<EVP_PKEY>> read_key(const std::string& file) {
  TENON_TRY(const Bio bio, open(file));
  bool encrypted = false;
  Held<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_pass_phrase, &encrypted), EVP_PKEY_free);
  ERR_clear_error();
  if (!key && encrypted)
    return bad_pair(file, "the key is encrypted: expected a PEM file without a pass phrase");
  if (!key) return bad_pair(file, "expected a private key in PEM");
  const int bits = EVP_PKEY_get_bits(key.get());
  const bool rsa = EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA;
  const bool curve = EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_EC;
  if ((!rsa || bits < kLeastRsaBits) && (!curve || bits < kLeastCurveBits)) {
    return bad_pair(file,
                    "expected an elliptic-curve key of at least 256 bits (P-256) or an RSA key of at "
                    "least 2048 bits");
  }
  return key;
}

/// The server's certificate and those behind it.
Status use_chain(SSL_CTX* context, const std::string& file, std::string& valid_until, bool& in_time) {
  TENON_TRY(const Bio bio, open(file));
  const Held<X509> first(PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr), X509_free);
  if (!first) return bad_pair(file, "expected a certificate in PEM");
  if (SSL_CTX_use_certificate(context, first.get()) != 1)
    return bad_pair(file, "the certificate is too weak");
  while (X509* const next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    if (SSL_CTX_add0_chain_cert(context, next) != 1) {
      X509_free(next);
      return bad_pair(file, "a certificate of the chain cannot be used");
    }
  }
  // The end of the file is where no further PEM block begins; all else is a broken block.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end) return bad_pair(file, "a certificate of the chain is broken");
  in_time = X509_cmp_current_time(X509_get0_notAfter(first.get())) > 0 &&
            X509_cmp_current_time(X509_get0_notBefore(first.get())) < 0;
  const Bio text(BIO_new(BIO_s_mem()), BIO_free);
  ASN1_TIME_print(text.get(), X509_get0_notAfter(first.get()));
  char* data = nullptr;
  const long size = BIO_get_mem_data(text.get(), &data);
  valid_until.assign(data, static_cast<std::size_t>(size));
  return {};
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void*) {
  unsigned char* chosen = nullptr;
  const auto* ours = reinterpret_cast<const unsigned char*>(kHttp11.data());
  const int found = SSL_select_next_proto(&chosen, size, ours, static_cast<unsigned>(kHttp11.size()), offered,
                                          offered_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void harden(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, kCiphers);
  SSL_CTX_set_options(context,
                      SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Sessions are resumed by tickets, which cost us no memory; idle connections keep no buffers.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_max_send_fragment(context, kLongestRecord);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
}

}  // namespace

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Result<std::shared_ptr<const TlsContext>> TlsContext::load(const std::string& certificate,
                                                           const std::string& key) {
  ERR_clear_error();
  std::shared_ptr<TlsContext> made(new TlsContext);
  made->context_ = SSL_CTX_new(TLS_server_method());
  if (made->context_ == nullptr) return Error("tls_certificate", "OpenSSL gave no context");
  harden(made->context_);
  bool in_time = true;
  TENON_CHECK(use_chain(made->context_, certificate, made->valid_until_, in_time));
  TENON_TRY(const Held<EVP_PKEY> private_key, read_key(key));
  if (SSL_CTX_use_PrivateKey(made->context_, private_key.get()) != 1 ||
      SSL_CTX_check_private_key(made->context_) != 1) {
    ERR_clear_error();
    return bad_pair(key, "is not the key of the certificate in " + certificate);
  }
  if (!in_time) {
    made->warnings_.push_back(certificate + ": the certificate is out of its time (it ends " +
                              made->valid_until_ + "): senders will refuse it");
  }
  struct stat status {};
  if (stat(key.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0) {
    made->warnings_.push_back(key + ": every user of this machine can read the key: chmod o-r it");
  }
  return std::shared_ptr<const TlsContext>(std::move(made));
}

}  // namespace tenon::ingress
