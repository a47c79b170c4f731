// TlsContext: a certificate with its key, and how TLS is spoken with them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"

struct ssl_ctx_st;

namespace tenon::ingress {

/// TLS 1.2 and 1.3, forward-secret ciphers only, no renegotiation, no compression, ALPN `http/1.1`.
/// Immutable; from any thread. A connection keeps what it began with.
class TlsContext {
 public:
  /// `certificate` is a PEM file with the server's certificate first and its chain behind it, `key` a PEM
  /// file with the private key (P-256 or larger, or RSA of at least 2048 bits), not encrypted. Errors:
  /// `tls_certificate`, naming the file and what is wrong with it, never a part of the key.
  static Result<std::shared_ptr<const TlsContext>> load(const std::string& certificate,
                                                        const std::string& key);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  ssl_ctx_st* get() const { return context_; }
  /// What an operator should hear of a pair that works: it has expired, or others can read the key.
  const std::vector<std::string>& warnings() const { return warnings_; }
  /// When the certificate ends, as `Nov 25 12:00:00 2027 GMT`.
  const std::string& valid_until() const { return valid_until_; }

 private:
  TlsContext() = default;
  ssl_ctx_st* context_ = nullptr;
  std::vector<std::string> warnings_;
  std::string valid_until_;
};

}  // namespace tenon::ingress
