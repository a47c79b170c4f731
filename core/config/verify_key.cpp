#include "config/verify_key.hpp"

#include <algorithm>

#include "base/digest.hpp"

namespace tenon::config {

std::optional<std::string> key_fault(const plugin::VerifyScheme& scheme, std::string_view secret) {
  using Form = plugin::VerifyScheme::KeyForm;
  if (scheme.type == plugin::VerifyScheme::Type::secret_header) return std::nullopt;
  std::optional<std::string> bytes;
  switch (scheme.key_form) {
    case Form::raw:
      bytes = std::string(secret);
      break;
    case Form::whsec:
      if (!secret.starts_with("whsec_")) return "expected a key that begins with whsec_";
      bytes = from_base64(secret.substr(6));
      if (!bytes) return "expected base64 behind whsec_";
      break;
    case Form::base64:
      bytes = from_base64(secret);
      if (!bytes) return "expected a key in base64";
      break;
    case Form::hex:
      bytes = from_hex(secret);
      if (!bytes) return "expected a key in hexadecimal";
      break;
  }
  const std::size_t size = bytes->size();
  std::fill(bytes->begin(), bytes->end(), '\0');
  if (size >= std::max<std::size_t>(scheme.least_key_bytes, 1)) return std::nullopt;
  return "expected a key of at least " + std::to_string(scheme.least_key_bytes) + " bytes";
}

}  // namespace tenon::config
