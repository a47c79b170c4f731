#include "auth/token_endpoint.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace tenon::auth {
namespace {

constexpr std::size_t kMostAnswer = 64 * 1024;
constexpr std::size_t kMostToken = 8000;  // it goes into a header, which the host limits to 8 KiB
constexpr std::int64_t kMostLifetimeS = 366LL * 24 * 3600;
constexpr std::int64_t kMostRetryAfterS = 3600;

using Kind = TokenAnswer::Kind;

runtime::HttpRequest request_of(const plugin::OAuth2& oauth2, std::string form) {
  runtime::HttpRequest out;
  out.method = "POST";
  out.url = oauth2.token_url;
  out.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
  const std::string id = percent_encode(oauth2.client_id);
  const std::string_view secret = oauth2.client_secret.reveal();
  if (secret.empty()) {
    form += "&client_id=" + id;
  } else if (oauth2.client_in_body) {
    form += "&client_id=" + id + "&client_secret=" + percent_encode(secret);
  } else {
    // Section 2.3.1: both are encoded before they are joined.
    out.headers.emplace_back("Authorization", "Basic " + to_base64(id + ":" + percent_encode(secret)));
  }
  out.body = std::move(form);
  out.timeout = std::chrono::seconds(30);
  out.response_body_limit = kMostAnswer;
  return out;
}

std::string_view text_of(Value root, std::string_view name) {
  const Value value = root.get(name);
  return value.is_string() ? value.as_string() : std::string_view();
}

/// Fit for a header (RFC 6750 section 2.1 allows less).
bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= kMostToken &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

/// Seconds as a number, or as text, as some write it.
std::optional<std::int64_t> lifetime_of(Value root) {
  const Value value = root.get("expires_in");
  double seconds = 0;
  if (value.is_number()) {
    seconds = value.as_double();
  } else if (value.is_string()) {
    const std::string text(value.as_string());
    char* end = nullptr;
    seconds = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0') return std::nullopt;
  }
  if (!std::isfinite(seconds) || seconds < 1) return std::nullopt;
  return static_cast<std::int64_t>(std::min(seconds, static_cast<double>(kMostLifetimeS))) * 1000;
}

std::optional<std::int64_t> retry_after(const runtime::HttpResponse& response) {
  const std::string* text = runtime::find_header(response.headers, "Retry-After");
  if (text == nullptr || text->empty() || text->find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  const std::int64_t seconds = text->size() > 6 ? kMostRetryAfterS : std::atoll(text->c_str());
  return std::min(seconds, kMostRetryAfterS) * 1000;
}

TokenAnswer made(Kind kind, std::string why) {
  TokenAnswer out;
  out.kind = kind;
  out.why = std::move(why);
  return out;
}

TokenAnswer transient(std::string why, bool lost) {
  TokenAnswer out = made(Kind::transient, "the token endpoint " + std::move(why));
  out.lost = lost;
  return out;
}

TokenAnswer issued(Value root) {
  const std::string_view access = text_of(root, "access_token");
  const std::string_view refresh = text_of(root, "refresh_token");
  if (!is_token(access)) return transient("answered without an access_token that can be sent", true);
  if (!refresh.empty() && !is_token(refresh))
    return transient("answered with a refresh_token that cannot be sent", true);
  const std::string type = to_lower(text_of(root, "token_type"));
  if (!type.empty() && type != "bearer") return transient("issued a token that is no bearer token", true);
  TokenAnswer out = made(Kind::issued, "");
  out.access = Secret(access);
  out.refresh = Secret(refresh);
  out.lifetime_ms = lifetime_of(root);
  out.scope = text_of(root, "scope");
  return out;
}

}  // namespace

runtime::HttpRequest refresh_request(const plugin::OAuth2& oauth2, const Secret& refresh_token) {
  return request_of(oauth2,
                    "grant_type=refresh_token&refresh_token=" + percent_encode(refresh_token.reveal()));
}

runtime::HttpRequest code_request(const plugin::OAuth2& oauth2, const Secret& code,
                                  const std::string& redirect_uri, const Secret& verifier) {
  return request_of(oauth2, "grant_type=authorization_code&code=" + percent_encode(code.reveal()) +
                                "&redirect_uri=" + percent_encode(redirect_uri) +
                                "&code_verifier=" + percent_encode(verifier.reveal()));
}

TokenAnswer read_token_answer(const runtime::HttpResult& result) {
  if (!result.response) {
    TokenAnswer out =
        transient("did not answer: " + result.error.text(), result.sent != runtime::RequestSent::no);
    out.unheard = true;
    return out;
  }
  const int status = result.response->status;
  const auto document = parse_json(result.response->body);
  const bool object = document && document->root.is_object();
  if (status / 100 == 2) {
    return object ? issued(document->root)
                  : transient("answered " + std::to_string(status) + " with no JSON object", true);
  }
  if (object && (status == 400 || status == 401 || status == 403)) {
    const std::string error(text_of(document->root, "error"));
    const std::string_view said = text_of(document->root, "error_description");
    // Section 5.2; what is not among its words says nothing for certain.
    if (error == "invalid_grant")
      return made(Kind::invalid_grant, said.empty() ? error : error + ": " + std::string(said));
    for (const std::string_view word : {"invalid_client", "unauthorized_client", "unsupported_grant_type",
                                        "invalid_scope", "invalid_request"}) {
      if (error == word) return made(Kind::refused, said.empty() ? error : error + ": " + std::string(said));
    }
  }
  // A refusal was not carried out; a failure may have been.
  TokenAnswer out = transient("answered " + std::to_string(status), status >= 500);
  out.retry_after_ms = retry_after(*result.response);
  return out;
}

}  // namespace tenon::auth
