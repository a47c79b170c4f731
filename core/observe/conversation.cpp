#include "observe/conversation.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"

namespace tenon::observe {
namespace {

/// The start of a body, redacted, with a mark if something is left out. Only what is kept is looked through.
std::string body_of(const std::string& body, const Redactor& redactor) {
  std::string text = redactor.text(body, Conversation::kBodyLimit + 1);
  if (text.size() <= Conversation::kBodyLimit) return text;
  text.resize(Conversation::kBodyLimit);
  // Never in the middle of a character.
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0U) == 0x80U) text.pop_back();
  if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0U) text.pop_back();
  return text + "… (the whole has " + std::to_string(body.size()) + " bytes)";
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
  // A name may come twice, a member of a JSON object may not.
  HeaderList joined;
  for (const auto& [header, value] : headers) {
    const auto same = [&wanted = header](const auto& other) {
      return equals_ignoring_case(other.first, wanted);
    };
    const auto known = std::find_if(joined.begin(), joined.end(), same);
    if (known == joined.end()) {
      joined.emplace_back(header, value);
    } else {
      known->second.append(", ").append(value);
    }
  }
  out += ',';
  append_json_string(out, name);
  out += ":{";
  for (std::size_t i = 0; i < joined.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, joined[i].first);
    out += ':';
    append_json_string(out, joined[i].second);
  }
  out += '}';
}

}  // namespace

void Conversation::add(Exchange exchange, const Redactor& redactor) {
  if (++count_ > kMostExchanges) return;
  exchange.url = redactor.url(exchange.url);
  for (HeaderList* headers : {&exchange.request_headers, &exchange.response_headers}) {
    for (auto& [name, value] : *headers) {
      value =
          Redactor::is_secret_header(name) ? std::string(Redactor::kMark) : readable(redactor.text(value));
    }
  }
  exchange.request_body = readable(body_of(exchange.request_body, redactor));
  exchange.response_body = readable(body_of(exchange.response_body, redactor));
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
