#include "base/aead.hpp"

#include <openssl/evp.h>

#include <limits>
#include <memory>
#include <stdexcept>

namespace tenon {
namespace {

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

Context context() { return {EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free}; }

bool fits(const Secret& key, std::string_view nonce, std::string_view bound, std::string_view text) {
  constexpr std::size_t kMost = std::numeric_limits<int>::max();
  return key.size() == kAeadKeyBytes && nonce.size() == kAeadNonceBytes && bound.size() < kMost &&
         text.size() < kMost;
}

}  // namespace

std::string aead_seal(const Secret& key, std::string_view nonce, std::string_view bound,
                      std::string_view text) {
  if (!fits(key, nonce, bound, text)) throw std::logic_error("aead_seal: sizes");
  std::string out(text.size() + kAeadTagBytes, '\0');
  const Context made = context();
  int written = 0;
  const bool ok =
      made &&
      EVP_EncryptInit_ex(made.get(), EVP_aes_256_gcm(), nullptr, bytes(key.reveal()), bytes(nonce)) == 1 &&
      EVP_EncryptUpdate(made.get(), nullptr, &written, bytes(bound), static_cast<int>(bound.size())) == 1 &&
      EVP_EncryptUpdate(made.get(), bytes(out), &written, bytes(text), static_cast<int>(text.size())) == 1 &&
      EVP_EncryptFinal_ex(made.get(), bytes(out) + text.size(), &written) == 1 &&
      EVP_CIPHER_CTX_ctrl(made.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(kAeadTagBytes),
                          bytes(out) + text.size()) == 1;
  if (!ok) throw std::runtime_error("aead_seal: the library refused");
  return out;
}

std::optional<Secret> aead_open(const Secret& key, std::string_view nonce, std::string_view bound,
                                std::string_view sealed) {
  if (!fits(key, nonce, bound, sealed) || sealed.size() < kAeadTagBytes) return std::nullopt;
  const std::string_view text = sealed.substr(0, sealed.size() - kAeadTagBytes);
  std::string tag(sealed.substr(text.size()));
  std::string out(text.size() + 1, '\0');  // never empty: its data are written to
  const Context made = context();
  int written = 0;
  const bool ok =
      made &&
      EVP_DecryptInit_ex(made.get(), EVP_aes_256_gcm(), nullptr, bytes(key.reveal()), bytes(nonce)) == 1 &&
      EVP_DecryptUpdate(made.get(), nullptr, &written, bytes(bound), static_cast<int>(bound.size())) == 1 &&
      EVP_DecryptUpdate(made.get(), bytes(out), &written, bytes(text), static_cast<int>(text.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(made.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(kAeadTagBytes), bytes(tag)) ==
          1 &&
      EVP_DecryptFinal_ex(made.get(), bytes(out) + text.size(), &written) == 1;
  std::optional<Secret> opened;
  if (ok) opened.emplace(std::string_view(out).substr(0, text.size()));
  wipe(out);
  return opened;
}

}  // namespace tenon
