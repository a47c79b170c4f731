// Hashes, MACs, encodings and name-based ids; all of OpenSSL's libcrypto that core/ needs outside TLS.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tenon {

using Sha256 = std::array<std::uint8_t, 32>;

/// SHA-256 (FIPS 180-4) of the parts put together.
Sha256 sha256(std::string_view text);
/// HMAC-SHA256 (RFC 2104) over the parts put together, without copying them.
Sha256 hmac_sha256(std::string_view key, std::initializer_list<std::string_view> parts);
Sha256 hmac_sha256(std::string_view key, std::span<const std::string_view> parts);

/// The 32 bytes as text, for maps and rows.
inline std::string_view bytes_of(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// Lower-case hexadecimal.
std::string to_hex(std::string_view bytes);
/// Accepts both cases; nullopt for an odd length or another character.
std::optional<std::string> from_hex(std::string_view text);
/// RFC 4648 section 4, with padding.
std::string to_base64(std::string_view bytes);
/// RFC 4648 section 5, without padding.
std::string to_base64_url(std::string_view bytes);
/// Strict: padding required, unused bits zero, no white space. nullopt otherwise.
std::optional<std::string> from_base64(std::string_view text);

/// UUID version 5 (RFC 9562) of `name` in tenon's own namespace: same name, same id.
std::string uuid_v5(std::string_view name);

/// Equal in a time that depends on the lengths only.
bool constant_time_equal(std::string_view a, std::string_view b);

}  // namespace tenon
