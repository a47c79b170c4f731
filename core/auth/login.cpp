#include "auth/login.hpp"

#include <algorithm>
#include <map>

#include "base/digest.hpp"
#include "base/text.hpp"
#include "runtime/secure_random.hpp"

namespace tenon::auth {
namespace {

constexpr std::size_t kRandomBytes = 32;
constexpr std::size_t kMostCode = 4096;
constexpr std::int64_t kUnknownLifeMs = 300'000;

/// The path of a URL, `/` if it has none.
std::string path_of(std::string_view url) {
  const auto scheme = url.find("://");
  const auto begin = url.find('/', scheme == std::string_view::npos ? 0 : scheme + 3);
  if (begin == std::string_view::npos) return "/";
  return std::string(url.substr(begin, url.find_first_of("?#", begin) - begin));
}

/// As forms are encoded (application/x-www-form-urlencoded).
std::optional<std::string> decoded(std::string_view text) {
  std::string plain(text);
  std::replace(plain.begin(), plain.end(), '+', ' ');
  return percent_decode(plain);
}

/// nullopt if it cannot be read, or says something twice (RFC 6749 section 3.1 forbids that).
std::optional<std::map<std::string, std::string>> parameters(std::string_view query) {
  std::map<std::string, std::string> out;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    const auto name = decoded(pair.substr(0, equals));
    const auto value = decoded(pair.substr(std::min(equals + 1, pair.size())));
    if (!name || !value || !out.emplace(*name, *value).second) return std::nullopt;
  }
  return out;
}

}  // namespace

Login::Login(const plugin::OAuth2& oauth2, std::string redirect_uri)
    : oauth2_(oauth2),
      redirect_uri_(std::move(redirect_uri)),
      state_(to_base64_url(runtime::secure_random(kRandomBytes))),
      verifier_(to_base64_url(runtime::secure_random(kRandomBytes))) {}

std::string Login::url() const {
  std::string scopes;
  for (const std::string& scope : oauth2_.scopes) scopes += (scopes.empty() ? "" : " ") + scope;
  std::string out = oauth2_.authorize_url;
  out += out.find('?') == std::string::npos ? '?' : '&';
  out += "response_type=code&client_id=" + percent_encode(oauth2_.client_id);
  out += "&redirect_uri=" + percent_encode(redirect_uri_);
  if (!scopes.empty()) out += "&scope=" + percent_encode(scopes);
  out += "&state=" + std::string(state_.reveal());
  out += "&code_challenge=" + to_base64_url(bytes_of(sha256(verifier_.reveal())));
  return out + "&code_challenge_method=S256";
}

Login::Arrival Login::arrived(std::string_view method, std::string_view target) const {
  Arrival out;
  const auto mark = std::min(target.find('?'), target.size());
  if (method != "GET" || target.substr(0, mark) != path_of(redirect_uri_)) return out;
  const auto said = parameters(target.substr(std::min(mark + 1, target.size())));
  if (!said) return out;
  const auto value = [&](const char* name) {
    const auto found = said->find(name);
    return found == said->end() ? std::string() : found->second;
  };
  // First of all: whoever does not know the state has not come from there.
  if (!state_.equals(value("state"))) return out;
  if (const std::string error = value("error"); !error.empty()) {
    const std::string more = value("error_description");
    out.kind = Arrival::Kind::refused;
    out.why = more.empty() ? error : error + ": " + more;
    return out;
  }
  std::string code = value("code");
  if (code.empty() || code.size() > kMostCode) return out;
  out.kind = Arrival::Kind::code;
  out.code = Secret(code);
  wipe(code);
  return out;
}

runtime::HttpRequest Login::exchange(const Secret& code) const {
  return code_request(oauth2_, code, redirect_uri_, verifier_);
}

Result<Tokens> Login::tokens(const TokenAnswer& answer, const std::optional<Tokens>& former,
                             std::int64_t now_ms) const {
  if (answer.kind != TokenAnswer::Kind::issued)
    return Error("login_refused", "the code was not exchanged for tokens: " + answer.why);
  if (answer.refresh.empty())
    return Error(
        "login_refused",
        "no refresh token was issued, so the host could not renew the access token: ask for the scope "
        "that brings one (often `offline` or `offline_access`)");
  Tokens out;
  out.version = (former ? former->version : 0) + 1;
  out.client = client_of(oauth2_);
  out.access = answer.access;
  out.refresh = answer.refresh;
  out.scope = answer.scope;
  out.obtained_ms = now_ms;
  out.lifetime_ms = answer.lifetime_ms.value_or(kUnknownLifeMs);
  return out;
}

}  // namespace tenon::auth
