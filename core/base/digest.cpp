#include "base/digest.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace tenon {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

const unsigned char* as_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

Sha256 sha256(std::string_view text) {
  Sha256 digest;
  SHA256(as_bytes(text), text.size(), digest.data());
  return digest;
}

Sha256 hmac_sha256(std::string_view key, std::initializer_list<std::string_view> parts) {
  return hmac_sha256(key, std::span(parts.begin(), parts.size()));
}

Sha256 hmac_sha256(std::string_view key, std::span<const std::string_view> parts) {
  // RFC 2104 over the one-shot hash context: EVP_MAC allocates and looks algorithms up on every call.
  constexpr std::size_t kBlock = 64;
  std::array<std::uint8_t, kBlock> pad{};
  if (key.size() > kBlock) {
    const Sha256 hashed = sha256(key);
    std::memcpy(pad.data(), hashed.data(), hashed.size());
  } else {
    std::memcpy(pad.data(), key.data(), key.size());
  }
  for (auto& byte : pad) byte ^= 0x36;
  thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                                     &EVP_MD_CTX_free);
  static const EVP_MD* const algorithm = EVP_sha256();
  Sha256 digest;
  EVP_DigestInit_ex(context.get(), algorithm, nullptr);
  EVP_DigestUpdate(context.get(), pad.data(), pad.size());
  for (const auto part : parts) EVP_DigestUpdate(context.get(), part.data(), part.size());
  EVP_DigestFinal_ex(context.get(), digest.data(), nullptr);
  for (auto& byte : pad) byte ^= 0x36 ^ 0x5c;
  EVP_DigestInit_ex(context.get(), algorithm, nullptr);
  EVP_DigestUpdate(context.get(), pad.data(), pad.size());
  EVP_DigestUpdate(context.get(), digest.data(), digest.size());
  EVP_DigestFinal_ex(context.get(), digest.data(), nullptr);
  OPENSSL_cleanse(pad.data(), pad.size());
  return digest;
}

std::string to_hex(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kHexDigits[byte >> 4];
    out += kHexDigits[byte & 15];
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

std::string to_base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  const auto* in = as_bytes(bytes);
  std::size_t i = 0;
  for (; i + 2 < bytes.size(); i += 3) {
    const unsigned group = in[i] << 16U | in[i + 1] << 8U | in[i + 2];
    for (const unsigned shift : {18U, 12U, 6U, 0U}) out += kBase64[group >> shift & 63U];
  }
  const std::size_t left = bytes.size() - i;
  if (left == 0) return out;
  const unsigned group = in[i] << 16U | (left == 2 ? in[i + 1] << 8U : 0U);
  out += kBase64[group >> 18U & 63U];
  out += kBase64[group >> 12U & 63U];
  out += left == 2 ? kBase64[group >> 6U & 63U] : '=';
  out += '=';
  return out;
}

std::string to_base64_url(std::string_view bytes) {
  std::string text = to_base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const bool last = i + 4 == text.size();
    const int padding = last ? (text[i + 3] == '=') + (text[i + 3] == '=' && text[i + 2] == '=') : 0;
    unsigned group = 0;
    for (int k = 0; k < 4; ++k) {
      const int value = k >= 4 - padding ? 0 : base64_value(text[i + static_cast<std::size_t>(k)]);
      if (value < 0) return std::nullopt;
      group = group << 6U | static_cast<unsigned>(value);
    }
    if ((padding == 1 && (group & 0xffU) != 0) || (padding == 2 && (group & 0xffffU) != 0))
      return std::nullopt;
    out += static_cast<char>(group >> 16U);
    if (padding < 2) out += static_cast<char>(group >> 8U & 0xffU);
    if (padding < 1) out += static_cast<char>(group & 0xffU);
  }
  return out;
}

std::string uuid_v5(std::string_view name) {
  // A random namespace, fixed for ever: create ids hang on it.
  static constexpr unsigned char kNamespace[16] = {0x5b, 0x1d, 0x4e, 0x0a, 0x6f, 0x3c, 0x5d, 0x52,
                                                   0x8c, 0x7e, 0x31, 0x9a, 0x44, 0xd0, 0x6b, 0x27};
  std::string input(reinterpret_cast<const char*>(kNamespace), sizeof kNamespace);
  input += name;
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(as_bytes(input), input.size(), digest);
  digest[6] = static_cast<unsigned char>((digest[6] & 0x0fU) | 0x50U);
  digest[8] = static_cast<unsigned char>((digest[8] & 0x3fU) | 0x80U);
  std::string out;
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += kHexDigits[digest[i] >> 4];
    out += kHexDigits[digest[i] & 15];
  }
  return out;
}

bool constant_time_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), b.size()) == 0;
}

}  // namespace tenon
