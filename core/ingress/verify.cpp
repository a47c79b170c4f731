#include "ingress/verify.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/digest.hpp"
#include "base/text.hpp"

namespace tenon::ingress {
namespace {

using plugin::VerifyMode;
using plugin::VerifyScheme;

constexpr std::int64_t kToleranceSeconds = 300;
constexpr std::size_t kMostSignatures = 16;
constexpr std::size_t kMostKeys = 4;
constexpr std::size_t kLongestId = 256;
constexpr std::string_view kIdHeader = "webhook-id";
constexpr std::string_view kTimestampHeader = "webhook-timestamp";
constexpr std::string_view kSignatureHeader = "webhook-signature";
constexpr std::string_view kHeaderPart = "header:";

/// A header that must stand alone: with two of a name, another reader could take the other one.
struct Single {
  std::string_view value;
  std::size_t count = 0;
};

Single single(const runtime::Headers& headers, std::string_view name) {
  Single found;
  for (const auto& [header, value] : headers) {
    if (!equals_ignoring_case(header, name)) continue;
    if (found.count++ == 0) found.value = value;
  }
  return found;
}

/// No dot, which separates the signed parts; visible ASCII, so that it has one spelling.
bool is_delivery_id(std::string_view id) {
  return !id.empty() && id.size() <= kLongestId &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '.'; });
}

/// ^[1-9][0-9]{0,11}$; another spelling of the same number would pass for another delivery.
std::optional<std::int64_t> timestamp_of(std::string_view text) {
  if (text.empty() || text.size() > 12 || text.front() == '0') return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// Compares every `v1,` entry; nullopt if there are more than we look at.
std::optional<bool> any_matches(std::string_view list, std::string_view expected) {
  if (static_cast<std::size_t>(std::count(list.begin(), list.end(), ' ')) >= kMostSignatures)
    return std::nullopt;
  bool matches = false;
  while (true) {
    const auto blank = list.find(' ');
    const std::string_view entry = list.substr(0, blank);
    if (entry.starts_with("v1,")) matches = constant_time_equal(entry.substr(3), expected) || matches;
    if (blank == std::string_view::npos) return matches;
    list.remove_prefix(blank + 1);
  }
}

Result<Secret> decode_key(const VerifyScheme& scheme, const plugin::ConnectionSpec& connection,
                          const Secret& secret) {
  const std::string_view text = secret.reveal();
  const auto bad = [&](const char* expected) {
    return Error("verify_bad_key",
                 "connections." + connection.name + "." + scheme.setting + ": expected " + expected);
  };
  std::optional<std::string> bytes;
  switch (scheme.key_form) {
    case VerifyScheme::KeyForm::raw:
      bytes = std::string(text);
      break;
    case VerifyScheme::KeyForm::whsec:
      if (!text.starts_with("whsec_")) return bad("a text that begins with whsec_");
      bytes = from_base64(text.substr(6));
      if (!bytes) return bad("base64 after whsec_");
      break;
    case VerifyScheme::KeyForm::base64:
      bytes = from_base64(text);
      if (!bytes) return bad("base64");
      break;
    case VerifyScheme::KeyForm::hex:
      bytes = from_hex(text);
      if (!bytes) return bad("hexadecimal");
      break;
  }
  Secret key(*bytes);
  std::fill(bytes->begin(), bytes->end(), '\0');
  const std::size_t least = std::max<std::size_t>(scheme.least_key_bytes, 1);
  if (key.size() < least) return bad(("at least " + std::to_string(least) + " bytes").c_str());
  return key;
}

void note_headers(const VerifyScheme& scheme, std::vector<std::string>& names) {
  const auto note = [&names](std::string_view name) {
    std::string lower = to_lower(name);
    if (!lower.empty() && std::find(names.begin(), names.end(), lower) == names.end())
      names.push_back(std::move(lower));
  };
  if (scheme.type == VerifyScheme::Type::standard_webhooks) {
    for (const auto name : {kIdHeader, kTimestampHeader, kSignatureHeader}) note(name);
    return;
  }
  note(scheme.header);
  for (const std::string& part : scheme.signed_parts) {
    if (part.starts_with(kHeaderPart)) note(std::string_view(part).substr(kHeaderPart.size()));
  }
}

}  // namespace

Result<Verifier> Verifier::make(const plugin::ConnectionSpec& connection,
                                const std::vector<VerifyScheme>& schemes) {
  Verifier verifier;
  verifier.unauthenticated_ = connection.unauthenticated;
  for (const VerifyScheme& declared : schemes) {
    note_headers(declared, verifier.header_names_);
    const auto mode = connection.verify.find(declared.name);
    if (mode == connection.verify.end() || mode->second == VerifyMode::off) continue;
    const auto secret = connection.secrets.find(declared.setting);
    if (secret == connection.secrets.end() || secret->second.empty()) {
      if (mode->second != VerifyMode::required) continue;
      return Error("verify_secret_missing", "connections." + connection.name + ": verify." + declared.name +
                                                " is required, but " + declared.setting + " is not set");
    }
    Scheme scheme;
    scheme.declared = declared;
    scheme.mode = mode->second;
    std::vector<Secret> secrets{secret->second};
    if (const auto old = connection.old_secrets.find(declared.name); old != connection.old_secrets.end())
      secrets.insert(secrets.end(), old->second.begin(), old->second.end());
    if (secrets.size() > kMostKeys) {
      return Error("verify_bad_key", "connections." + connection.name + ".verify." + declared.name +
                                         ".old: at most " + std::to_string(kMostKeys - 1) + " old secrets");
    }
    for (const Secret& each : secrets) {
      if (declared.type == VerifyScheme::Type::secret_header) {
        scheme.keys.push_back(each);
      } else {
        TENON_TRY(Secret key, decode_key(declared, connection, each));
        scheme.keys.push_back(std::move(key));
      }
    }
    verifier.schemes_.push_back(std::move(scheme));
  }
  if (verifier.schemes_.empty() && !connection.unauthenticated) {
    return Error("verify_secret_missing",
                 "connections." + connection.name + ": nothing to verify its webhooks by is set");
  }
  return verifier;
}

Verified Verifier::check(const runtime::Headers& headers, std::string_view body, std::int64_t now_ms) const {
  Verified result;
  bool right = false;
  for (const Scheme& scheme : schemes_) {
    Answer answer;
    switch (scheme.declared.type) {
      case VerifyScheme::Type::standard_webhooks:
        answer = check_standard(scheme, headers, body, now_ms);
        break;
      case VerifyScheme::Type::secret_header:
        answer = check_secret_header(scheme, headers);
        break;
      case VerifyScheme::Type::hmac_sha256:
        answer = check_hmac(scheme, headers, body);
        break;
    }
    if (answer.verdict == Verdict::right) {
      right = true;
      if (!answer.delivery_id.empty()) result.delivery_id = std::move(answer.delivery_id);
    } else if (answer.verdict == Verdict::wrong || scheme.mode == VerifyMode::required) {
      if (result.reason.empty()) result.reason = answer.reason;
    }
  }
  if (!right && result.reason.empty() && !(unauthenticated_ && schemes_.empty())) result.reason = "unsigned";
  result.authenticated = result.reason.empty();
  if (!result.authenticated) result.delivery_id.clear();
  return result;
}

Verifier::Answer Verifier::check_standard(const Scheme& scheme, const runtime::Headers& headers,
                                          std::string_view body, std::int64_t now_ms) {
  const Single id = single(headers, kIdHeader);
  const Single timestamp = single(headers, kTimestampHeader);
  const Single signature = single(headers, kSignatureHeader);
  if (id.count + timestamp.count + signature.count == 0) return {Verdict::absent, "signature_missing", {}};
  if (id.count > 1 || timestamp.count > 1 || signature.count > 1) return {Verdict::wrong, "header_twice", {}};
  if (signature.value.empty() || id.count == 0 || timestamp.count == 0) {
    return {Verdict::wrong, "signature_missing", {}};
  }
  if (!is_delivery_id(id.value)) return {Verdict::wrong, "bad_id", {}};
  const auto sent_at = timestamp_of(timestamp.value);
  if (!sent_at) return {Verdict::wrong, "bad_timestamp", {}};
  const std::int64_t now = now_ms / 1000;
  if (*sent_at < now - kToleranceSeconds) return {Verdict::wrong, "too_old", {}};
  if (*sent_at > now + kToleranceSeconds) return {Verdict::wrong, "from_the_future", {}};
  bool right = false;
  for (const Secret& key : scheme.keys) {
    const Sha256 mac = hmac_sha256(key.reveal(), {id.value, ".", timestamp.value, ".", body});
    const auto matches = any_matches(signature.value, to_base64(bytes_of(mac)));
    if (!matches) return {Verdict::wrong, "too_many_signatures", {}};
    right = *matches || right;
  }
  if (!right) return {Verdict::wrong, "wrong_signature", {}};
  return {Verdict::right, {}, std::string(id.value)};
}

Verifier::Answer Verifier::check_secret_header(const Scheme& scheme, const runtime::Headers& headers) {
  const Single given = single(headers, scheme.declared.header);
  if (given.count == 0) return {Verdict::absent, "secret_missing", {}};
  if (given.count > 1) return {Verdict::wrong, "header_twice", {}};
  // Hashing first: the time then tells nothing of the secret's length either.
  const Sha256 hash = sha256(given.value);
  bool same = false;
  for (const Secret& key : scheme.keys)
    same = constant_time_equal(bytes_of(hash), bytes_of(sha256(key.reveal()))) || same;
  return {same ? Verdict::right : Verdict::wrong, same ? "" : "wrong_secret", {}};
}

Verifier::Answer Verifier::check_hmac(const Scheme& scheme, const runtime::Headers& headers,
                                      std::string_view body) {
  const VerifyScheme& declared = scheme.declared;
  const Single given = single(headers, declared.header);
  if (given.count == 0) return {Verdict::absent, "signature_missing", {}};
  if (given.count > 1) return {Verdict::wrong, "header_twice", {}};
  if (!given.value.starts_with(declared.prefix)) return {Verdict::wrong, "bad_signature", {}};
  const std::string_view text = given.value.substr(declared.prefix.size());
  const auto bytes = declared.encoding == VerifyScheme::Encoding::hex ? from_hex(text) : from_base64(text);
  if (!bytes || bytes->size() != Sha256{}.size()) return {Verdict::wrong, "bad_signature", {}};
  std::vector<std::string_view> parts;
  for (const std::string& part : declared.signed_parts) {
    if (part == "body") {
      parts.push_back(body);
    } else if (part.starts_with(kHeaderPart)) {
      const Single header = single(headers, std::string_view(part).substr(kHeaderPart.size()));
      if (header.count != 1 || header.value.empty()) return {Verdict::wrong, "signed_header_missing", {}};
      parts.push_back(header.value);
    } else if (part.size() >= 2) {
      parts.push_back(std::string_view(part).substr(1, part.size() - 2));
    }
  }
  if (declared.signed_parts.empty()) parts.push_back(body);
  bool same = false;
  for (const Secret& key : scheme.keys)
    same = constant_time_equal(*bytes, bytes_of(hmac_sha256(key.reveal(), parts))) || same;
  return {same ? Verdict::right : Verdict::wrong, same ? "" : "wrong_signature", {}};
}

}  // namespace tenon::ingress
