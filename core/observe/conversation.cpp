#include "observe/conversation.hpp"

#include <algorithm>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace tenon::observe {
namespace {

bool contains_word(std::string_view name, std::initializer_list<std::string_view> words) {
  const std::string lower = to_lower(name);
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

std::string cut(std::string text) {
  if (text.size() <= Conversation::kBodyLimit) return text;
  const std::size_t left_out = text.size() - Conversation::kBodyLimit;
  text.resize(Conversation::kBodyLimit);
  // Never in the middle of a character.
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0U) == 0x80U) text.pop_back();
  if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0U) text.pop_back();
  return text + "… (" + std::to_string(left_out) + " more bytes)";
}

/// Bytes that are no text are told, not kept: the journal's columns and the console speak UTF-8.
std::string readable(std::string text) {
  if (is_utf8(text)) return text;
  return "(" + std::to_string(text.size()) + " bytes that are no UTF-8)";
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out += ',';
  append_json_string(out, name);
  out += ':';
  append_json_string(out, value);
}

void append_headers(std::string& out, std::string_view name, const HeaderList& headers) {
  if (headers.empty()) return;
  out += ',';
  append_json_string(out, name);
  out += ":{";
  bool first = true;
  for (const auto& [header, value] : headers) {
    if (!first) out += ',';
    first = false;
    append_json_string(out, header);
    out += ':';
    append_json_string(out, value);
  }
  out += '}';
}

}  // namespace

void Redactor::add(std::string_view secret) {
  constexpr std::size_t kShortest = 4;
  if (secret.size() < kShortest) return;
  for (std::string spelling : {std::string(secret), percent_encode(secret), to_base64(secret)}) {
    if (std::find(spellings_.begin(), spellings_.end(), spelling) == spellings_.end())
      spellings_.push_back(std::move(spelling));
  }
  std::sort(spellings_.begin(), spellings_.end(),
            [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string Redactor::text(std::string_view text) const {
  std::string out(text);
  for (const std::string& spelling : spellings_) {
    for (auto at = out.find(spelling); at != std::string::npos; at = out.find(spelling, at + kMark.size())) {
      out.replace(at, spelling.size(), kMark);
    }
  }
  return out;
}

bool Redactor::is_secret_header(std::string_view name) {
  if (equals_ignoring_case(name, "idempotency-key")) return false;
  return contains_word(
      name, {"authorization", "cookie", "token", "api-key", "apikey", "secret", "signature", "password"});
}

bool Redactor::is_secret_parameter(std::string_view name) {
  return contains_word(name, {"token", "key", "secret", "password", "signature"}) ||
         equals_ignoring_case(name, "code");
}

std::string Redactor::url(std::string_view url) const {
  std::string out;
  if (const auto scheme = url.find("://"); scheme != std::string_view::npos) {
    const auto authority = url.substr(scheme + 3, url.find_first_of("/?#", scheme + 3) - scheme - 3);
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
      out += std::string(url.substr(0, scheme + 3)) + std::string(kMark);
      url.remove_prefix(scheme + 3 + at);
    }
  }
  const auto query = url.find('?');
  out += url.substr(0, query);
  if (query == std::string_view::npos) return text(out);
  std::string_view rest = url.substr(query);
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&', 1), rest.size());
    const std::string_view pair = rest.substr(0, end);
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos && is_secret_parameter(pair.substr(1, equals - 1))) {
      out += std::string(pair.substr(0, equals + 1)) + std::string(kMark);
    } else {
      out += pair;
    }
    rest.remove_prefix(end);
  }
  return text(out);
}

void Conversation::add(Exchange exchange, const Redactor& redactor) {
  if (++count_ > kMostExchanges) return;
  exchange.url = redactor.url(exchange.url);
  for (HeaderList* headers : {&exchange.request_headers, &exchange.response_headers}) {
    for (auto& [name, value] : *headers) {
      value =
          Redactor::is_secret_header(name) ? std::string(Redactor::kMark) : readable(redactor.text(value));
    }
  }
  // Redacted before it is cut: a secret across the cut would leave its first half.
  exchange.request_body = cut(readable(redactor.text(exchange.request_body)));
  exchange.response_body = cut(readable(redactor.text(exchange.response_body)));
  exchange.error = readable(redactor.text(exchange.error));
  exchanges_.push_back(std::move(exchange));
}

std::string Conversation::to_json() const {
  std::string out = "[";
  for (const Exchange& exchange : exchanges_) {
    if (out.size() > 1) out += ',';
    out += "{\"method\":" + json_string(exchange.method);
    append_member(out, "url", exchange.url);
    append_headers(out, "request_headers", exchange.request_headers);
    append_member(out, "request_body", exchange.request_body);
    if (exchange.status != 0) out += ",\"status\":" + std::to_string(exchange.status);
    append_headers(out, "response_headers", exchange.response_headers);
    append_member(out, "response_body", exchange.response_body);
    append_member(out, "sent", exchange.sent);
    append_member(out, "error", exchange.error);
    out += ",\"elapsed_ms\":" + std::to_string(exchange.elapsed_ms) + "}";
  }
  if (count_ > kMostExchanges) {
    if (out.size() > 1) out += ',';
    out += "{\"left_out\":" + std::to_string(count_ - kMostExchanges) + "}";
  }
  return out + "]";
}

}  // namespace tenon::observe
