#include "oauth.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "rules.hpp"
#include "text.hpp"

namespace sandbox {
namespace {

using nlohmann::json;

std::string value_of(const Query& query, std::string_view name) {
  const auto at =
      std::find_if(query.begin(), query.end(), [name](const auto& each) { return each.first == name; });
  return at == query.end() ? std::string() : at->second;
}

/// The challenge of RFC 7636, S256.
std::string challenge_of(std::string_view verifier) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(verifier.data()), verifier.size(), digest);
  auto out = base64({reinterpret_cast<const char*>(digest), sizeof digest});
  while (out.ends_with('=')) out.pop_back();
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  return out;
}

bool is_here(std::string_view uri) {
  return uri.starts_with("http://127.0.0.1:") || uri.starts_with("http://localhost:") ||
         uri.starts_with("http://[::1]:");
}

/// Form values use + for a blank.
Query read_form(std::string_view body) {
  Query out;
  for (const auto pair : split(body, '&')) {
    const auto equals = std::min(pair.find('='), pair.size());
    out.emplace_back(url_decode(pair.substr(0, equals), true),
                     url_decode(pair.substr(std::min(equals + 1, pair.size())), true));
  }
  return out;
}

}  // namespace

OAuth::OAuth(const Settings& settings, Effects& effects) : settings_(settings), effects_(effects) {}

void OAuth::clear() {
  ways_ = Ways();
  codes_.clear();
  families_.clear();
  refreshes_.clear();
  accesses_.clear();
  refreshed_ = reused_ = killed_ = 0;
}

Reply OAuth::handle(const Request& request) {
  if (request.path.ends_with("/authorize"))
    return request.method == "GET" ? authorize(request) : refuse(Rule::o_method);
  return request.method == "POST" ? token(request) : refuse(Rule::o_method);
}

std::string OAuth::made(std::string_view what) {
  const auto number = std::to_string(next_++);
  return std::string(what) + "_" + number + "_" +
         sha1_hex(std::string(what) + number + std::to_string(settings_.seed)).substr(0, 24);
}

Reply OAuth::authorize(const Request& request) {
  const auto parameter = [&](std::string_view name) { return value_of(request.query, name); };
  const auto redirect = parameter("redirect_uri");
  if (parameter("client_id") != settings_.oauth_client_id)
    return refuse(Rule::o_authorize, {"unknown client_id"});
  if (!is_here(redirect)) return refuse(Rule::o_authorize, {"redirect_uri is not on this machine"});
  if (parameter("response_type") != "code") return refuse(Rule::o_authorize, {"response_type is not code"});
  if (!parameter("code_challenge").empty() && parameter("code_challenge_method") != "S256")
    return refuse(Rule::o_authorize, {"code_challenge_method is not S256"});
  auto to = redirect + (redirect.find('?') == std::string::npos ? "?" : "&");
  if (ways_.refuse == "access_denied") {
    to += "error=access_denied&error_description=Said+no.";
  } else {
    const auto code = made("code");
    codes_[code] = {redirect, parameter("code_challenge"), parameter("scope")};
    to += "code=" + code;
  }
  if (const auto state = parameter("state"); !state.empty()) to += "&state=" + url_encode(state);
  Reply out;
  out.status = 302;
  out.header("Location", to);
  return out;
}

bool OAuth::authentic(const Request& request, const Query& form) const {
  const auto basic = "Basic " + base64(url_encode(settings_.oauth_client_id) + ":" +
                                       url_encode(settings_.oauth_client_secret));
  if (!request.authorization.empty()) return request.authorization == basic;
  return value_of(form, "client_id") == settings_.oauth_client_id &&
         value_of(form, "client_secret") == settings_.oauth_client_secret;
}

Reply OAuth::token(const Request& request) {
  const auto form = read_form(request.body);
  if (!authentic(request, form)) return refuse(Rule::o_client);
  if (!ways_.refuse.empty()) return refuse(Rule::o_switched, {ways_.refuse});
  const auto type = value_of(form, "grant_type");
  if (type == "authorization_code") return exchange_code(form);
  if (type == "refresh_token") return exchange_refresh(form);
  return refuse(Rule::o_grant_type);
}

Reply OAuth::exchange_code(const Query& form) {
  const auto at = codes_.find(value_of(form, "code"));
  if (at == codes_.end()) return refuse(Rule::o_grant, {"The code is unknown or used."});
  const auto code = at->second;
  codes_.erase(at);
  if (value_of(form, "redirect_uri") != code.redirect_uri)
    return refuse(Rule::o_grant, {"The redirect_uri is another one."});
  if (!code.challenge.empty() && challenge_of(value_of(form, "code_verifier")) != code.challenge)
    return refuse(Rule::o_grant, {"The code_verifier does not fit."});
  const auto family = next_++;
  families_[family] = {code.scope, false};
  return issue(family, "token.issued", nullptr);
}

Reply OAuth::exchange_refresh(const Query& form) {
  const auto token = value_of(form, "refresh_token");
  if (token.empty()) return refuse(Rule::o_request, {"refresh_token is missing"});
  const auto at = refreshes_.find(token);
  if (at == refreshes_.end()) return refuse(Rule::o_grant, {"The refresh token is unknown."});
  auto& refresh = at->second;
  auto& family = families_[refresh.family];
  if (family.killed) return refuse(Rule::o_grant, {"The refresh token was revoked."});
  const auto now = steady_ms();
  const bool used = refresh.used_at >= 0;
  if (used && now - refresh.used_at > ways_.grace_s * 1000) {
    ++reused_;
    record("token.reused", refresh.family, 400);
    if (ways_.kill_on_reuse) {
      family.killed = true;
      ++killed_;
      record("token.family_killed", refresh.family, 400);
    }
    return refuse(Rule::o_grant, {"The refresh token was used before."});
  }
  if (!used && ways_.rotate) refresh.used_at = now;
  ++refreshed_;
  return issue(refresh.family, "token.refreshed", ways_.rotate ? nullptr : &token);
}

Reply OAuth::issue(std::int64_t family, std::string_view kind, const std::string* kept_refresh) {
  const auto access = made("access");
  const auto refresh = kept_refresh ? *kept_refresh : made("refresh");
  accesses_[access] = {family, steady_ms() + ways_.lives_s * 1000};
  if (!kept_refresh) refreshes_[refresh].family = family;
  json body = {{"access_token", access},
               {"token_type", "Bearer"},
               {"refresh_token", refresh},
               {"scope", families_[family].scope}};
  if (!ways_.expires_in.empty()) body["expires_in"] = json::parse(ways_.expires_in);
  if (ways_.huge) body["padding"] = std::string(1 << 20, 'x');
  Reply out;
  out.body = body.dump();
  out.header("Cache-Control", "no-store");
  record(kind, family, 200);
  return out;
}

void OAuth::record(std::string_view kind, std::int64_t family, int status) {
  Effect effect;
  effect.at_ms = wall_ms();
  effect.api = Api::oauth;
  effect.kind = kind;
  effect.method = "POST";
  effect.path = "/oauth/token";
  effect.id = std::to_string(family);
  effect.status = status;
  effects_.add(std::move(effect));
}

bool OAuth::accepts(std::string_view authorization) const {
  constexpr std::string_view kBearer = "Bearer ";
  if (!authorization.starts_with(kBearer)) return false;
  const auto at = accesses_.find(authorization.substr(kBearer.size()));
  if (at == accesses_.end() || steady_ms() >= at->second.until) return false;
  const auto family = families_.find(at->second.family);
  return family != families_.end() && !family->second.killed;
}

std::string OAuth::set(const json& wanted) {
  Ways ways = ways_;
  bool expire = false, revoke = false;
  for (const auto& [name, value] : wanted.items()) {
    const bool number = value.is_number() && value >= 0 && value <= 1e9;
    if (name == "expires_in" && !value.is_object() && !value.is_array())
      ways.expires_in = value.is_null() ? "" : value.dump();
    else if (name == "lives_s" && number)
      ways.lives_s = value;
    else if (name == "grace" && number)
      ways.grace_s = value;
    else if (name == "rotate" && value.is_boolean())
      ways.rotate = value;
    else if (name == "kill_on_reuse" && value.is_boolean())
      ways.kill_on_reuse = value;
    else if (name == "huge" && value.is_boolean())
      ways.huge = value;
    else if (name == "refuse" && (value.is_string() || value.is_null()))
      ways.refuse = value.is_null() ? "" : value.get<std::string>();
    else if (name == "expire" && value.is_boolean())
      expire = value;
    else if (name == "revoke" && value.is_boolean())
      revoke = value;
    else
      return "not understood: " + name;
  }
  ways_ = ways;
  if (expire)
    for (auto& [token, access] : accesses_) access.until = 0;
  if (revoke)
    for (auto& [number, family] : families_) family.killed = true;
  return "";
}

json OAuth::shown() const {
  return {{"expires_in", ways_.expires_in.empty() ? json() : json::parse(ways_.expires_in)},
          {"lives_s", ways_.lives_s},
          {"rotate", ways_.rotate},
          {"grace", ways_.grace_s},
          {"kill_on_reuse", ways_.kill_on_reuse},
          {"refuse", ways_.refuse.empty() ? json() : json(ways_.refuse)},
          {"huge", ways_.huge},
          {"refreshes", refreshed_},
          {"reuses", reused_},
          {"families_killed", killed_}};
}

}  // namespace sandbox
