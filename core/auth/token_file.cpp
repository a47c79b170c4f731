#include "auth/token_file.hpp"

#include <charconv>
#include <filesystem>

#include "base/aead.hpp"
#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "runtime/files.hpp"
#include "runtime/secure_random.hpp"

namespace tenon::auth {
namespace {

constexpr std::string_view kMagic = "tenon-tokens ";
constexpr std::uint32_t kFormat = 1;
constexpr std::size_t kMostBytes = 256 * 1024;

/// Tells keys apart and nothing of the key.
std::string id_of(const Secret& key) {
  const Sha256 mac = hmac_sha256(key.reveal(), {"tenon token key"});
  return to_hex(bytes_of(mac).substr(0, 8));
}

void add_text(std::string& out, std::string_view name, std::string_view text) {
  out += out.empty() ? '{' : ',';
  append_json_string(out, name);
  out += ':';
  append_json_string(out, text);
}

void add_number(std::string& out, std::string_view name, std::int64_t number) {
  out += out.empty() ? '{' : ',';
  append_json_string(out, name);
  out += ':' + std::to_string(number);
}

std::string to_json_text(const Tokens& tokens) {
  std::string out;
  out.reserve(4096 + tokens.access.size() + tokens.refresh.size());  // no copies of secrets left by growing
  add_number(out, "version", static_cast<std::int64_t>(tokens.version));
  add_text(out, "client", tokens.client);
  add_text(out, "access_token", tokens.access.reveal());
  add_text(out, "refresh_token", tokens.refresh.reveal());
  add_text(out, "previous_refresh_token", tokens.previous_refresh.reveal());
  add_text(out, "scope", tokens.scope);
  add_number(out, "obtained_ms", tokens.obtained_ms);
  add_number(out, "lifetime_ms", tokens.lifetime_ms);
  add_number(out, "refreshing", tokens.refreshing ? 1 : 0);
  add_text(out, "needs_reauth", tokens.needs_reauth);
  return out + "}";
}

/// What was sealed was written by us; still, it is judged like any other text.
std::optional<Tokens> from_json_text(std::string_view text) {
  const auto document = parse_json(text);
  if (!document || !document->root.is_object()) return std::nullopt;
  bool whole = true;
  const auto words = [&](std::string_view name) {
    const Value value = document->root.get(name);
    whole = whole && value.is_string();
    return value.is_string() ? value.as_string() : std::string_view();
  };
  const auto number = [&](std::string_view name) {
    const Value value = document->root.get(name);
    const std::string digits = value.is_number() ? to_json(value) : "";
    std::int64_t out = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    whole = whole && !digits.empty() && failed == std::errc() && end == digits.data() + digits.size();
    return out;
  };
  Tokens tokens;
  tokens.version = static_cast<std::uint64_t>(number("version"));
  tokens.client = words("client");
  tokens.access = Secret(words("access_token"));
  tokens.refresh = Secret(words("refresh_token"));
  tokens.previous_refresh = Secret(words("previous_refresh_token"));
  tokens.scope = words("scope");
  tokens.obtained_ms = number("obtained_ms");
  tokens.lifetime_ms = number("lifetime_ms");
  tokens.refreshing = number("refreshing") != 0;
  tokens.needs_reauth = words("needs_reauth");
  if (!whole) return std::nullopt;
  return tokens;
}

Error damaged(const std::string& why) {
  return {"token_damaged", why + "; put a backup in its place, or remove it and log in anew"};
}

}  // namespace

std::string client_of(const plugin::OAuth2& oauth2) { return oauth2.client_id + " " + oauth2.token_url; }

Result<Secret> parse_token_key(std::string_view text) {
  text = trim(text);
  auto bytes = text.size() == 2 * kAeadKeyBytes ? from_hex(text) : std::nullopt;
  if (!bytes) bytes = from_base64(text);
  if (!bytes || bytes->size() != kAeadKeyBytes)
    return Error("token_key_invalid",
                 "expected 32 bytes in base64 or hexadecimal, as `openssl rand -base64 32` gives them");
  Secret key(*bytes);
  wipe(*bytes);
  return key;
}

std::string seal_tokens(const Secret& key, const std::string& connection, const Tokens& tokens) {
  const std::string head = std::string(kMagic) + std::to_string(kFormat) + " " + id_of(key) + "\n";
  const std::string nonce = runtime::secure_random(kAeadNonceBytes);
  std::string text = to_json_text(tokens);
  std::string out = head + nonce + aead_seal(key, nonce, head + connection, text);
  wipe(text);
  return out;
}

Result<Tokens> open_tokens(const Secret& key, const std::string& connection, std::string_view content) {
  const auto line = content.find('\n');
  if (!content.starts_with(kMagic) || line == std::string_view::npos) return damaged("is no file of tokens");
  const std::string_view head = content.substr(0, line + 1);
  const std::string_view words = content.substr(kMagic.size(), line - kMagic.size());
  const auto blank = std::min(words.find(' '), words.size());
  std::uint32_t format = 0;
  const auto [end, failed] = std::from_chars(words.data(), words.data() + blank, format);
  if (failed != std::errc() || end != words.data() + blank || format == 0)
    return damaged("its first line is not one of ours");
  if (format > kFormat)
    return Error("token_newer", "is of format " + std::to_string(format) + ", and this tenon knows " +
                                    std::to_string(kFormat) + "; it was left untouched");
  if (words.substr(std::min(blank + 1, words.size())) != id_of(key))
    return Error("token_key_wrong", "was encrypted with another key than the one given");
  std::string_view rest = content.substr(line + 1);
  if (rest.size() < kAeadNonceBytes + kAeadTagBytes) return damaged("is cut off");
  const std::string_view nonce = rest.substr(0, kAeadNonceBytes);
  rest.remove_prefix(kAeadNonceBytes);
  const auto text = aead_open(key, nonce, std::string(head) + connection, rest);
  if (!text) return damaged("has been changed, is cut off, or belongs to another connection");
  auto tokens = from_json_text(text->reveal());
  if (!tokens) return damaged("does not hold what it should");
  return std::move(*tokens);
}

Result<std::optional<Tokens>> TokenFiles::read(const std::string& connection) {
  std::error_code ignored;
  const std::string file = path(connection);
  if (!key_) return key_.error();
  if (!std::filesystem::exists(file, ignored)) return std::optional<Tokens>();
  TENON_CHECK(runtime::check_secret_file(file));
  TENON_TRY(const std::string content, runtime::read_file(file, kMostBytes));
  auto opened = open_tokens(*key_, connection, content);
  if (!opened) return Error(opened.error().code, file + ": " + opened.error().message);
  return std::optional<Tokens>(std::move(*opened));
}

Status TokenFiles::write(const std::string& connection, const Tokens& tokens) {
  if (!key_) return key_.error();
  TENON_CHECK(runtime::make_private_directory(folder_));
  return runtime::write_private_file(path(connection), seal_tokens(*key_, connection, tokens));
}

Result<std::shared_ptr<void>> TokenFiles::lock(const std::string& connection) {
  TENON_CHECK(runtime::make_private_directory(folder_));
  // A name that no connection can have: theirs do not begin with a dot.
  TENON_TRY(auto held, runtime::FileLock::take(folder_ + "/.lock-" + connection));
  return std::shared_ptr<void>(std::make_shared<runtime::FileLock>(std::move(held)));
}

}  // namespace tenon::auth
