// Authenticated encryption: texts that others must neither read nor change.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace tenon {

constexpr std::size_t kAeadKeyBytes = 32;
constexpr std::size_t kAeadNonceBytes = 12;
constexpr std::size_t kAeadTagBytes = 16;

/// AES-256-GCM (NIST SP 800-38D): the ciphertext with its tag behind it. `bound` is not in it and must be the
/// same when it is opened. A nonce is never used twice with one key. Key and nonce have the sizes above.
std::string aead_seal(const Secret& key, std::string_view nonce, std::string_view bound,
                      std::string_view text);

/// nullopt if anything differs from what was sealed: key, nonce, `bound`, or a bit of `sealed`.
std::optional<Secret> aead_open(const Secret& key, std::string_view nonce, std::string_view bound,
                                std::string_view sealed);

}  // namespace tenon
